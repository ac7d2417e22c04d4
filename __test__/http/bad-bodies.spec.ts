// What each route refuses: status, code and field, and that nothing reached the store.
import test from 'ava'
import { createHttpServer } from '../../src/server/index.js'
import { fakeStore } from './fake-store.js'

interface Refusal {
  body: unknown
  code?: string
  status?: number
  field: string
  limit?: number
}

const ID = '0123456789abcdef0123456789abcdef'

const NOT_OBJECTS: Refusal[] = [
  { body: null, field: 'body' },
  { body: [], field: 'body' },
  { body: 'text', field: 'body' },
  { body: 7, field: 'body' },
  { body: true, field: 'body' },
]

const LEARN: Refusal[] = [
  ...NOT_OBJECTS,
  { body: {}, field: 'content' },
  { body: { content: '' }, field: 'content' },
  { body: { content: 7 }, field: 'content' },
  { body: { content: null }, field: 'content' },
  { body: { content: ['a'] }, field: 'content' },
  { body: { content: 'a', concept_id: 7 }, field: 'concept_id' },
  { body: { content: 'a', key: 7 }, field: 'key' },
  { body: { content: 'a', namespace: {} }, field: 'namespace' },
  { body: { content: 'a', vector: 'x' }, field: 'vector' },
  { body: { content: 'a', vector: [1, '2'] }, field: 'vector.1' },
  { body: { content: 'a', vector: [null] }, field: 'vector.0' },
  { body: { content: 'a', attributes: [] }, field: 'attributes' },
  { body: { content: 'a', attributes: 'x' }, field: 'attributes' },
  { body: { content: 'a', attributes: null }, field: 'attributes' },
  { body: { content: 'a', strength: '1' }, field: 'strength' },
  { body: { content: 'a', strength: -0.1 }, field: 'strength' },
  { body: { content: 'a', strength: 1.1 }, field: 'strength', code: 'ERR_LIMIT', limit: 1 },
  { body: { content: 'a', confidence: true }, field: 'confidence' },
  { body: { content: 'a', confidence: 2 }, field: 'confidence', code: 'ERR_LIMIT', limit: 1 },
  { body: { content: 'a', valid_from: 5 }, field: 'valid_from' },
  { body: { content: 'a', valid_from: 'yesterday' }, field: 'valid_from' },
  { body: { content: 'a', valid_to: '2024-02-30T00:00:00Z' }, field: 'valid_to' },
  { body: { content: 'a', Content: 'b' }, field: 'Content' },
  { body: { content: 'a', id: ID }, field: 'id' },
  { body: { content: 'a', validFrom: '2024-01-01T00:00:00Z' }, field: 'validFrom' },
]

const QUERY: Refusal[] = [
  ...NOT_OBJECTS,
  { body: {}, field: 'concept_id' },
  { body: { concept_id: ID, key: 'a' }, field: 'concept_id' },
  { body: { concept_id: 7 }, field: 'concept_id' },
  { body: { concept_id: null }, field: 'concept_id' },
  { body: { key: 7 }, field: 'key' },
  { body: { concept_id: ID, namespace: 7 }, field: 'namespace' },
  { body: { concept_id: ID, extra: 7 }, field: 'extra' },
]

const SEARCH: Refusal[] = [
  ...NOT_OBJECTS,
  { body: {}, field: 'query' },
  { body: { query: '' }, field: 'query' },
  { body: { query: 7 }, field: 'query' },
  { body: { query: 'x'.repeat(65_537) }, field: 'query', code: 'ERR_LIMIT', limit: 65_536 },
  { body: { query: 'a', top_k: 0 }, field: 'top_k' },
  { body: { query: 'a', top_k: 1.5 }, field: 'top_k' },
  { body: { query: 'a', top_k: '5' }, field: 'top_k' },
  { body: { query: 'a', top_k: 101 }, field: 'top_k', code: 'ERR_LIMIT', limit: 100 },
  { body: { query: 'a', threshold: -1 }, field: 'threshold' },
  { body: { query: 'a', threshold: 1.01 }, field: 'threshold', code: 'ERR_LIMIT', limit: 1 },
  { body: { query: 'a', namespace: null }, field: 'namespace' },
  { body: { query: 'a', k: 5 }, field: 'k' },
]

const FLUSH: Refusal[] = [
  ...NOT_OBJECTS.filter(({ body }) => body !== null),
  { body: { force: true }, field: 'force' },
]

const TABLE = { '/learn': LEARN, '/query': QUERY, '/search': SEARCH, '/flush': FLUSH }

for (const [url, refusals] of Object.entries(TABLE)) {
  for (const [at, refusal] of refusals.entries()) {
    const shown = (JSON.stringify(refusal.body) ?? '').slice(0, 60)
    test(`${url} refuses ${at}: ${shown}`, async (t) => {
      const touched = (): never => t.fail('the store was called') as never
      const app = createHttpServer(
        fakeStore({
          learn: touched,
          get: touched,
          getByKey: touched,
          search: touched,
          flush: touched,
        }),
      )
      const payload = JSON.stringify(refusal.body)
      const headers = { 'content-type': 'application/json' }
      const response = await app.inject({ method: 'POST', url, payload, headers })
      const code = refusal.code ?? 'ERR_INVALID'
      const body = response.json()
      t.is(response.statusCode, code === 'ERR_LIMIT' ? 413 : 400, response.body)
      t.is(body.error, code)
      t.is(body.field, refusal.field)
      t.is(body.limit, refusal.limit)
      t.is(body.detail, body.message)
      t.true(body.message.length > 0)
    })
  }
}

interface RawRefusal {
  title: string
  payload: string | Buffer
  headers?: Record<string, string>
  status: number
  field: string
}

const RAW: RawRefusal[] = [
  { title: 'no body', payload: '', status: 400, field: 'body' },
  { title: 'half an object', payload: '{"content":', status: 400, field: 'body' },
  { title: 'two documents', payload: '{"content":"a"}{}', status: 400, field: 'body' },
  { title: 'not JSON', payload: 'content=a', status: 400, field: 'body' },
  { title: 'NaN', payload: '{"content":"a","strength":NaN}', status: 400, field: 'body' },
  {
    title: 'an infinite number',
    payload: '{"content":"a","vector":[1e999]}',
    status: 400,
    field: 'vector.0',
  },
  {
    title: '__proto__',
    payload: '{"content":"a","attributes":{"__proto__":{}}}',
    status: 400,
    field: 'body',
  },
  {
    title: 'bytes that are not UTF-8',
    payload: Buffer.from('{"content":"\xff"}', 'latin1'),
    status: 400,
    field: 'body',
  },
  {
    title: 'a form',
    payload: 'content=a',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    field: 'content-type',
  },
  {
    title: 'plain text',
    payload: '{"content":"a"}',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    field: 'content-type',
  },
  {
    title: 'a compressed body',
    payload: '{"content":"a"}',
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    field: 'content-encoding',
  },
  {
    title: 'another host name',
    payload: '{"content":"a"}',
    headers: { host: 'evil.example' },
    status: 403,
    field: 'host',
  },
]

for (const { title, payload, headers, status, field } of RAW) {
  test(`/learn refuses ${title}`, async (t) => {
    const learn = (): never => t.fail('the store was called') as never
    const app = createHttpServer(fakeStore({ learn }), { hostsAllowed: ['memory.example'] })
    const response = await app.inject({
      method: 'POST',
      url: '/learn',
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    })
    t.is(response.statusCode, status, response.body)
    t.is(response.json().field, field)
  })
}

test('names given and names of this machine are accepted as host', async (t) => {
  const app = createHttpServer(fakeStore({}), { hostsAllowed: ['memory.example'] })
  for (const host of [
    'memory.example',
    'Memory.Example:80',
    'localhost:1',
    '127.0.0.1',
    '[::1]:8',
  ]) {
    const response = await app.inject({ method: 'GET', url: '/health', headers: { host } })
    t.is(response.statusCode, 200, host)
  }
})

test('an unknown route is 404, a known one with another method 405', async (t) => {
  const app = createHttpServer(fakeStore({}))
  const unknown = await app.inject({ method: 'GET', url: '/none?secret=1' })
  t.is(unknown.statusCode, 404)
  t.is(unknown.json().error, 'ERR_NOT_FOUND')
  t.false(unknown.body.includes('secret'))
  for (const [method, url, allow] of [
    ['GET', '/learn', 'POST'],
    ['DELETE', '/query', 'POST'],
    ['POST', '/stats', 'GET, HEAD'],
    ['OPTIONS', '/flush', 'POST'],
    ['HEAD', '/search', 'POST'],
  ] as const) {
    const response = await app.inject({ method, url })
    t.is(response.statusCode, 405, `${method} ${url}`)
    t.is(response.headers.allow, allow)
  }
  const head = await app.inject({ method: 'HEAD', url: '/health' })
  t.is(head.statusCode, 200)
})

test('a malformed address is refused in the same shape', async (t) => {
  const app = createHttpServer(fakeStore({}))
  const response = await app.inject({ method: 'GET', url: '/%zz' })
  t.is(response.statusCode, 400)
  t.is(response.json().error, 'ERR_INVALID')
})
