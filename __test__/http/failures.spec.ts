// What the server makes of a store that fails, waits or is busy.
import test from 'ava'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { ERRORS, SutraError } from '../../src/errors.js'
import type { ErrorCode } from '../../src/errors.js'
import { createHttpServer } from '../../src/server/index.js'
import { WriteHealth } from '../../src/server/http/write-health.js'
import type { HttpServerOptions } from '../../src/server/index.js'
import type { Store } from '../../src/types.js'
import { fakeStore } from './fake-store.js'

async function learn(
  calls: Partial<Store>,
  options: HttpServerOptions = {},
): Promise<{ status: number; body: Record<string, unknown>; retryAfter: unknown }> {
  const app = createHttpServer(fakeStore(calls), options)
  const response = await app.inject({ method: 'POST', url: '/learn', payload: { content: 'a' } })
  return {
    status: response.statusCode,
    body: response.json(),
    retryAfter: response.headers['retry-after'],
  }
}

for (const code of Object.keys(ERRORS) as ErrorCode[]) {
  test(`${code} of the store has its status and shape`, async (t) => {
    const error = new SutraError(code, 'why', { field: 'content', limit: 3, value: 'secret' })
    const { status, body } = await learn({ learn: () => Promise.reject(error) })
    t.is(status, ERRORS[code].status)
    t.deepEqual(body, {
      error: code,
      message: 'why',
      detail: 'why',
      field: 'content',
      limit: 3,
      retryable: ERRORS[code].retryable,
    })
  })
}

test('a busy store says when to come back', async (t) => {
  const { retryAfter } = await learn({
    learn: () => Promise.reject(new SutraError('ERR_BUSY', 'the queue is full')),
  })
  t.is(retryAfter, '1')
})

test('fields of the store are named as the body names them', async (t) => {
  const error = new SutraError('ERR_INVALID', 'validFrom must be before validTo', {
    field: 'validFrom',
  })
  const { body } = await learn({ learn: () => Promise.reject(error) })
  t.is(body['field'], 'valid_from')
  t.is(body['message'], 'valid_from must be before validTo')
})

test('a fault of ours is 500 without its details, which are in the log', async (t) => {
  const { logger, lines } = memoryLogger('info')
  const fault = (): never => {
    throw new TypeError('secret detail')
  }
  const { status, body } = await learn({ learn: fault }, { logger })
  t.is(status, 500)
  t.is(body['error'], 'ERR_INTERNAL')
  t.false(JSON.stringify(body).includes('secret'))
  t.true(lines().some((line) => line.includes('secret detail')))
})

test('no content is logged at info, neither of refusals nor of successes', async (t) => {
  const { logger, lines } = memoryLogger('info')
  const get = (id: string): never => {
    throw new SutraError('ERR_INVALID', `id ${id} is malformed`, { field: 'id', value: id })
  }
  const app = createHttpServer(fakeStore({ get }), { logger })
  const bodies: [string, object][] = [
    ['/learn', { content: 'secret' }],
    ['/learn', { content: 'secret', extra: 'secret' }],
    ['/learn', { secret: 'secret' }],
    ['/query', { concept_id: 'secret' }],
    ['/search', { query: 'secret' }],
    ['/flush', { a: 'secret' }],
  ]
  for (const [url, payload] of bodies) {
    await app.inject({ method: 'POST', url: `${url}?q=secret`, payload })
  }
  t.true(lines().length >= 4)
  t.deepEqual(
    lines().filter((line) => line.replace('"field":"secret"', '').includes('secret')),
    [],
  )
})

test('a request that takes too long answers ERR_TIMEOUT and aborts its work', async (t) => {
  let aborted = false
  const search: Store['search'] = (query) =>
    new Promise((_resolve, reject) => {
      query.signal?.addEventListener('abort', () => {
        aborted = true
        reject(new SutraError('ERR_ABORTED', 'aborted'))
      })
    })
  const app = createHttpServer(fakeStore({ search }), { requestTimeoutMs: 100 })
  const response = await app.inject({ method: 'POST', url: '/search', payload: { query: 'a' } })
  t.is(response.statusCode, 504)
  t.is(response.json().error, 'ERR_TIMEOUT')
  t.true(aborted)
})

for (const code of ['ERR_IO', 'ERR_CLOSED', 'ERR_DISK_FULL'] as const) {
  test(`/health is 503 once a write failed with ${code}, and reads go on`, async (t) => {
    let failing = true
    const write: Store['learn'] = async () => {
      if (failing) throw new SutraError(code, 'no')
      return { id: '0'.repeat(32), sequence: 1, created: true }
    }
    const app = createHttpServer(fakeStore({ learn: write }))
    const health = () => app.inject({ method: 'GET', url: '/health' })
    const post = () => app.inject({ method: 'POST', url: '/learn', payload: { content: 'a' } })
    t.is((await health()).statusCode, 200)
    await post()
    const sick = await health()
    t.is(sick.statusCode, 503)
    t.like(sick.json(), { healthy: false, status: 'unhealthy', reason: code })
    t.is((await app.inject({ method: 'GET', url: '/stats' })).statusCode, 200)
    failing = false
    await post()
    t.is((await health()).statusCode, 200)
  })
}

test('a refused request does not make the server unhealthy', async (t) => {
  const error = new SutraError('ERR_LIMIT', 'too long', { field: 'content', limit: 1 })
  const app = createHttpServer(fakeStore({ learn: () => Promise.reject(error) }))
  await app.inject({ method: 'POST', url: '/learn', payload: { content: 'a' } })
  t.is((await app.inject({ method: 'GET', url: '/health' })).statusCode, 200)
})

test('an embedder that failed does not make the server unhealthy', (t) => {
  const health = new WriteHealth()
  health.failed(new SutraError('ERR_IO', 'embedder e: no network', { field: 'embedder' }))
  t.is(health.refusal(), undefined)
})

test('a full disk is forgotten after a while, a failed sync never', (t) => {
  let now = 0
  const health = new WriteHealth(() => now)
  health.failed(new SutraError('ERR_DISK_FULL', 'full'))
  t.is(health.refusal(), 'ERR_DISK_FULL')
  now = 10_001
  t.is(health.refusal(), undefined)
  health.failed(new SutraError('ERR_IO', 'sync failed'))
  now = 1e12
  t.is(health.refusal(), 'ERR_IO')
})

function memoryLogger(level: string): { logger: pino.Logger; lines: () => string[] } {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  return { logger: pino({ level }, stream), lines: () => written }
}
