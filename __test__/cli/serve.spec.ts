// `sutra serve` as a process: what it prints, and how it stops under load.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/index.js'
import { folder, start, sutra } from './sutra.js'
import type { Running } from './sutra.js'

interface Server extends Running {
  readonly url: string
  readonly data: string
}

async function serve(t: ExecutionContext, args: string[] = [], env = {}): Promise<Server> {
  const cwd = folder(t)
  const running = start(['serve', '--port', '0', '--json', ...args], { cwd, env })
  t.teardown(() => running.child.kill('SIGKILL'))
  const [, url = ''] = await running.seen(/"url":"(http:[^"]+)"/)
  return { ...running, url, data: join(cwd, 'data') }
}

async function learn(url: string, content: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/learn`, {
      method: 'POST',
      body: JSON.stringify({ content }),
      headers: { 'content-type': 'application/json' },
    })
    const body = (await response.json()) as { concept_id?: string }
    return response.status === 200 ? body.concept_id : undefined
  } catch {
    return undefined
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} under load loses nothing that was acknowledged and ends with 0`, async (t) => {
    const server = await serve(t)
    const acknowledged = new Map<string, string>()
    const stopped = new AbortController()
    const writers = Array.from({ length: 32 }, async (_, writer) => {
      for (let at = 0; !stopped.signal.aborted; at++) {
        const content = `writer ${writer} number ${at}`
        const id = await learn(server.url, content)
        if (id === undefined) return
        acknowledged.set(id, content)
      }
    })
    while (acknowledged.size < 300) await new Promise((resolve) => setTimeout(resolve, 10))
    server.child.kill(signal)
    const { code, stderr } = await server.outcome
    stopped.abort()
    await Promise.all(writers)
    t.is(code, 0, stderr)
    const store = await openStore(server.data)
    t.teardown(() => store.close())
    for (const [id, content] of acknowledged) t.is(store.get(id)?.content, content)
    t.true(acknowledged.size >= 300)
  })
}

test('a second signal ends the process at once', async (t) => {
  const server = await serve(t, ['--shutdown-timeout-ms', '600000'])
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  socket.write(
    'POST /learn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      'content-length: 100\r\n\r\n{',
  )
  await once(socket, 'connect')
  await fetch(`${server.url}/health`)
  server.child.kill('SIGTERM')
  await server.seen(/"msg":"stopping"/)
  await sleep(600)
  server.child.kill('SIGTERM')
  t.is((await server.outcome).code, 143)
})

test('a signal that comes twice at once, by the group and by a parent, is one', async (t) => {
  const server = await serve(t)
  server.child.kill('SIGINT')
  server.child.kill('SIGINT')
  t.is((await server.outcome).code, 0)
})

test('what standard output and the log say', async (t) => {
  const env = { STORAGE_NODE_ID: 'node-7', EVENT_STORAGE: 'events:50052', LOG_LEVEL: 'debug' }
  const server = await serve(t, [], env)
  await learn(server.url, 'secret')
  server.child.kill('SIGTERM')
  const { code, stdout, stderr } = await server.outcome
  t.is(code, 0)
  t.like(JSON.parse(stdout), { url: server.url, data: './data', concepts: 0 })
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  t.true(lines.every(({ node }) => node === 'node-7'))
  t.true(lines.some(({ setting, origin }) => setting === 'eventStorage' && origin !== undefined))
  t.deepEqual(
    lines
      .map(({ msg }) => msg)
      .filter((msg) => ['listening', 'stopping', 'stopped'].includes(String(msg))),
    ['listening', 'stopping', 'stopped'],
  )
  t.false(stderr.includes('secret'))
})

test('a host that others can reach is refused, a port in use too', async (t) => {
  const cwd = folder(t)
  const open = await sutra(['serve', '--host', '0.0.0.0', '--port', '0'], { cwd })
  t.is(open.code, 2)
  t.regex(open.stderr, /^sutra: ERR_CONFIG: [^\n]*--insecure\n$/)
  const server = await serve(t)
  const { port } = new URL(server.url)
  const second = await sutra(['serve', '--port', port], { cwd })
  t.is(second.code, 2)
  t.regex(second.stderr, /^sutra: ERR_CONFIG: [^\n]*another process listens there/)
})

test('a page that resolves its own name to loopback is refused', async (t) => {
  const server = await serve(t, ['--allow-host', 'memory.example,other.example'])
  const { port, hostname } = new URL(server.url)
  const get = async (host: string): Promise<string> => {
    const socket = connect(Number(port), hostname)
    socket.end(`GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    return answer.split('\r\n', 1)[0] ?? ''
  }
  t.regex(await get('evil.example'), / 403 /)
  t.regex(await get('other.example:8000'), / 200 /)
  t.regex(await get(`localhost:${port}`), / 200 /)
  server.child.kill('SIGTERM')
  t.is((await server.outcome).code, 0)
})
