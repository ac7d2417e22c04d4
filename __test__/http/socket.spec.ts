// The server on a real loopback socket: what inject cannot show.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SutraError } from '../../src/errors.js'
import { serve } from '../../src/server/index.js'
import type { HttpServer, ServeOptions } from '../../src/server/index.js'
import type { Store } from '../../src/types.js'
import { deferred } from './deferred.js'
import { fakeStore } from './fake-store.js'

async function start(
  t: ExecutionContext,
  calls: Partial<Store> = {},
  options: ServeOptions = {},
): Promise<HttpServer> {
  const server = await serve(fakeStore(calls), { port: 0, shutdownTimeoutMs: 500, ...options })
  t.teardown(() => server.close())
  return server
}

/** Sends bytes as they are and gives everything that comes back. */
async function exchange(server: HttpServer, bytes: string): Promise<string> {
  const socket = connect(server.port, server.host)
  socket.write(bytes)
  let answer = ''
  socket.on('data', (chunk) => (answer += String(chunk)))
  socket.on('error', () => undefined)
  await once(socket, 'close')
  return answer
}

const post = (server: HttpServer, path: string, body: string, headers = {}): Promise<Response> =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })

test('listens on loopback and answers there', async (t) => {
  const server = await start(t)
  t.regex(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  const response = await fetch(`${server.url}/health`)
  t.is(response.status, 200)
  t.is(((await response.json()) as { healthy: boolean }).healthy, true)
})

for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org', '']) {
  test(`refuses to listen on '${host}' unless told that it is insecure`, async (t) => {
    await t.throwsAsync(serve(fakeStore({}), { host, port: 0 }), {
      code: 'ERR_CONFIG',
      message: /--insecure/,
    })
  })
}

test('listens on all addresses when told that it is insecure', async (t) => {
  const server = await start(t, {}, { host: '0.0.0.0', insecure: true })
  const response = await fetch(`http://127.0.0.1:${server.port}/health`)
  t.is(response.status, 200)
})

test('a server takes the longest and the shortest time limit', async (t) => {
  for (const requestTimeoutMs of [100, 60_000, 3_600_000]) {
    const server = await start(t, {}, { requestTimeoutMs })
    t.true(server.port > 0)
  }
})

test('a port in use is one clear error', async (t) => {
  const server = await start(t)
  await t.throwsAsync(serve(fakeStore({}), { port: server.port }), {
    code: 'ERR_CONFIG',
    message: /another process listens there/,
  })
})

test('a declared body over the limit is refused before it is sent', async (t) => {
  const server = await start(t, {}, { bodyBytesMax: 1024 })
  const answer = await exchange(
    server,
    'POST /learn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      'content-length: 1025\r\n\r\n',
  )
  t.regex(answer, /^HTTP\/1\.1 413 /)
  t.regex(answer, /"error":"ERR_LIMIT"/)
  t.regex(answer, /"limit":1024/)
})

test('an undeclared body is cut off once the limit has been received', async (t) => {
  const server = await start(t, {}, { bodyBytesMax: 1024 })
  const chunk = `400\r\n${' '.repeat(1024)}\r\n`
  const answer = await exchange(
    server,
    'POST /learn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      `transfer-encoding: chunked\r\n\r\n${chunk.repeat(3)}`,
  )
  t.regex(answer, /^HTTP\/1\.1 413 /)
})

test('a body of exactly the limit is read', async (t) => {
  const server = await start(t, {}, { bodyBytesMax: 1024 })
  const body = JSON.stringify({ content: 'x'.repeat(1024 - '{"content":""}'.length) })
  t.is(body.length, 1024)
  t.is((await post(server, '/learn', body)).status, 200)
})

test('bytes that are not HTTP get a coded answer and the server lives', async (t) => {
  const server = await start(t)
  const answer = await exchange(server, '\u0000\u0000\u0001\u0002 not http\r\n\r\n')
  t.regex(answer, /^HTTP\/1\.1 400 /)
  t.regex(answer, /"error":"ERR_INVALID"/)
  t.is((await fetch(`${server.url}/health`)).status, 200)
})

test('headers that are too large are refused', async (t) => {
  const server = await start(t)
  const answer = await exchange(
    server,
    `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
  )
  t.regex(answer, /^HTTP\/1\.1 431 /)
})

test('a body that never arrives is given up after the time limit', async (t) => {
  const server = await start(t, {}, { requestTimeoutMs: 200 })
  const before = performance.now()
  const answer = await exchange(
    server,
    'POST /learn HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      'content-length: 100\r\nconnection: close\r\n\r\n{',
  )
  t.regex(answer, /^HTTP\/1\.1 408 /)
  t.regex(answer, /"error":"ERR_TIMEOUT"/)
  t.true(performance.now() - before < 20_000)
})

test('work is aborted when its client goes away', async (t) => {
  const aborted = deferred()
  const begun = deferred()
  const search: Store['search'] = async (query) => {
    // The body has long been read by then; the signal must be about the connection.
    await sleep(50)
    t.false(query.signal?.aborted)
    return new Promise((_resolve, reject) => {
      query.signal?.addEventListener('abort', () => {
        aborted.resolve()
        reject(new SutraError('ERR_ABORTED', 'aborted'))
      })
      begun.resolve()
    })
  }
  const server = await start(t, { search })
  const call = request(`${server.url}/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  call.on('error', () => undefined)
  call.end('{"query":"a"}')
  await begun.promise
  call.destroy()
  await aborted.promise
  t.pass()
})

test('an answer that takes too long is ERR_TIMEOUT', async (t) => {
  const search = (): Promise<never> => new Promise(() => undefined)
  const server = await start(t, { search }, { requestTimeoutMs: 3000 })
  const response = await post(server, '/search', '{"query":"a"}')
  t.is(response.status, 504)
  t.like(await response.json(), { error: 'ERR_TIMEOUT', limit: 3000 })
})

test('ten thousand learns at once are all acknowledged', async (t) => {
  let written = 0
  const learn: Store['learn'] = async () => {
    written += 1
    return { id: '0'.repeat(32), sequence: written, created: true }
  }
  const server = await start(t, { learn })
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  t.teardown(() => agent.destroy())
  const one = (at: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(`${server.url}/learn`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json' },
      })
      call.on('error', reject)
      call.on('response', (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
      })
      call.end(JSON.stringify({ content: `concept ${at}` }))
    })
  const statuses = await Promise.all(Array.from({ length: 10_000 }, (_, at) => one(at)))
  t.true(statuses.every((status) => status === 200))
  t.is(written, 10_000)
})

test('closing answers what has begun, refuses what comes, and closes the store last', async (t) => {
  const order: string[] = []
  const held = deferred()
  const begun = deferred()
  const learn: Store['learn'] = async () => {
    begun.resolve()
    await held.promise
    order.push('learned')
    return { id: '0'.repeat(32), sequence: 1, created: true }
  }
  const close: Store['close'] = async () => {
    order.push('store closed')
  }
  const server = await start(t, { learn, close }, { shutdownTimeoutMs: 10_000 })
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const answer = post(server, '/learn', '{"content":"a"}')
  await begun.promise
  const closed = server.close()
  t.is(server.close(), closed)
  await sleep(50)
  await t.throwsAsync(fetch(`${server.url}/health`))
  held.resolve()
  const response = await answer
  t.is(response.status, 200)
  await closed
  t.deepEqual(order, ['learned', 'store closed'])
})

test('closing cuts off what takes longer than its time', async (t) => {
  const begun = deferred()
  const learn = (): Promise<never> => {
    begun.resolve()
    return new Promise(() => undefined)
  }
  const server = await start(t, { learn }, { shutdownTimeoutMs: 100 })
  const answer = t.throwsAsync(post(server, '/learn', '{"content":"a"}'))
  await begun.promise
  await server.close()
  await answer
})

test('an idle connection that is kept alive does not hold up closing', async (t) => {
  const server = await start(t, {}, { shutdownTimeoutMs: 60_000 })
  const socket = connect(server.port, server.host)
  t.teardown(() => socket.destroy())
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await once(socket, 'data')
  const before = performance.now()
  await server.close()
  t.true(performance.now() - before < 5_000)
})
