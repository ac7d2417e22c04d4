// The shapes of the production checklist, on a real store.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { FastifyInstance } from 'fastify'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashedLexicalEmbedder } from '../../src/embed/index.js'
import { openStore } from '../../src/index.js'
import { createHttpServer } from '../../src/server/index.js'
import { ROUTES } from '../../src/server/http/route-list.js'
import type { Store } from '../../src/types.js'
import { VERSION } from '../../src/version.js'

type Body = Record<string, unknown>

async function open(t: ExecutionContext): Promise<{ app: FastifyInstance; store: Store }> {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-http-'))
  const embedder = hashedLexicalEmbedder({ dimension: 256 })
  const store = await openStore(folder, { embedder })
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { app: createHttpServer(store, { embedder }), store }
}

async function call(
  app: FastifyInstance,
  method: 'GET' | 'POST',
  url: string,
  payload?: object,
): Promise<{ status: number; body: Body }> {
  const response = await app.inject(
    payload === undefined ? { method, url } : { method, url, payload },
  )
  return { status: response.statusCode, body: response.json() }
}

test('every file in routes/ is in the list of routes', (t) => {
  const files = readdirSync('src/server/http/routes').map((name) => `/${name.replace('.ts', '')}`)
  t.deepEqual(ROUTES.map(({ path }) => path).toSorted(), files.toSorted())
})

test('learn takes content alone and answers both vocabularies', async (t) => {
  const { app, store } = await open(t)
  const first = await call(app, 'POST', '/learn', { content: 'Aspirin inhibits COX-1' })
  t.is(first.status, 200)
  const id = first.body['concept_id'] as string
  t.regex(id, /^[0-9a-f]{32}$/)
  t.true(Number.isSafeInteger(first.body['sequence']) && (first.body['sequence'] as number) > 0)
  t.deepEqual(first.body, {
    sequence: first.body['sequence'],
    concept_id: id,
    message: 'concept learned',
    concepts_created: 1,
    associations_created: 0,
    created: true,
  })
  t.is(store.get(id)?.vector?.length, 256)
  const again = await call(app, 'POST', '/learn', { content: 'Aspirin inhibits COX-1' })
  t.like(again.body, { concept_id: id, concepts_created: 0, created: false })
  t.true((again.body['sequence'] as number) > (first.body['sequence'] as number))
})

test('learn stores every field it takes, and query gives it back', async (t) => {
  const { app } = await open(t)
  const input = {
    content: 'Ibuprofen',
    key: 'drug:ibuprofen',
    namespace: 'drugs',
    vector: Array.from({ length: 256 }, (_, at) => at / 256),
    attributes: { domain: 'medical', year: 1961, tags: ['nsaid'], nested: { a: null } },
    strength: 0.5,
    confidence: 0.25,
    valid_from: '2024-01-01T00:00:00Z',
    valid_to: '2025-01-01T02:00:00+02:00',
  }
  const learned = await call(app, 'POST', '/learn', input)
  t.is(learned.status, 200, JSON.stringify(learned.body))
  const byKey = await call(app, 'POST', '/query', { key: input.key, namespace: 'drugs' })
  t.like(byKey.body, {
    found: true,
    concept_id: learned.body['concept_id'],
    content: 'Ibuprofen',
    key: input.key,
    namespace: 'drugs',
    attributes: input.attributes,
    strength: 0.5,
    confidence: 0.25,
    valid_from: '2024-01-01T00:00:00.000Z',
    valid_to: '2025-01-01T00:00:00.000Z',
    sequence: learned.body['sequence'],
  })
  const byId = await call(app, 'POST', '/query', { concept_id: learned.body['concept_id'] })
  t.deepEqual(byId.body, byKey.body)
})

test('query of what is not there is found: false, of a malformed id 400', async (t) => {
  const { app } = await open(t)
  const absent = await call(app, 'POST', '/query', { concept_id: '0'.repeat(32) })
  t.is(absent.status, 200)
  t.deepEqual(absent.body, { found: false, concept_id: '0'.repeat(32) })
  t.like((await call(app, 'POST', '/query', { key: 'none' })).body, { found: false, key: 'none' })
  for (const id of ['', '0', 'x'.repeat(32), '0'.repeat(31), '0'.repeat(33), 'é'.repeat(32)]) {
    const malformed = await call(app, 'POST', '/query', { concept_id: id })
    t.is(malformed.status, 400, id)
    t.like(malformed.body, { error: 'ERR_INVALID', field: 'concept_id' })
  }
})

test('search ranks, honours top_k and threshold', async (t) => {
  const { app } = await open(t)
  const contents = ['aspirin relieves pain', 'pain is a signal', 'the moon is far', 'rivers flow']
  for (const content of contents) await call(app, 'POST', '/learn', { content })
  const found = await call(app, 'POST', '/search', { query: 'aspirin pain', top_k: 2 })
  t.is(found.status, 200, JSON.stringify(found.body))
  const results = found.body['results'] as Body[]
  t.is(found.body['query'], 'aspirin pain')
  t.is(found.body['total_found'], 2)
  const fields = ['concept_id', 'content', 'similarity', 'score', 'strength']
  t.deepEqual(Object.keys(results[0] ?? {}), fields)
  t.is(results[0]?.['content'], 'aspirin relieves pain')
  t.true((results[0]?.['similarity'] as number) > (results[1]?.['similarity'] as number))
  const least = results[0]?.['similarity'] as number
  const cut = await call(app, 'POST', '/search', { query: 'aspirin pain', threshold: least - 1e-6 })
  t.is(cut.body['total_found'], 1)
  const all = await call(app, 'POST', '/search', { query: 'aspirin pain' })
  t.is(all.body['total_found'], 4)
  const filter = { createdAt: { $lt: '2000-01-01' } }
  const filtered = await call(app, 'POST', '/search', { query: 'pain', filter })
  t.is(filtered.body['total_found'], 0)
  const unknown = await call(app, 'POST', '/search', { query: 'x', filter: { a: { $has: 1 } } })
  t.is(unknown.status, 400)
  const none = await call(app, 'POST', '/search', { query: 'x', namespace: 'empty' })
  t.deepEqual(none.body['results'], [])
})

test('values only the engine can judge are refused in the words of the body', async (t) => {
  const { app, store } = await open(t)
  const refusals: [object, string, string][] = [
    [{ content: 'a', vector: [1, 2] }, 'ERR_INVALID', 'vector'],
    [{ content: 'a', vector: Array.from({ length: 256 }, () => 0) }, 'ERR_INVALID', 'vector'],
    [{ content: 'a', vector: Array.from({ length: 3000 }, () => 1) }, 'ERR_LIMIT', 'vector'],
    [{ content: 'a', concept_id: 'x' }, 'ERR_INVALID', 'concept_id'],
    [{ content: 'a', key: '' }, 'ERR_INVALID', 'key'],
    [{ content: 'a', key: 'x'.repeat(513) }, 'ERR_LIMIT', 'key'],
    [{ content: 'a', concept_id: '0'.repeat(32), key: 'x' }, 'ERR_INVALID', 'key'],
    [{ content: 'a', namespace: '../x' }, 'ERR_INVALID', 'namespace'],
    [{ content: 'lone \ud800 half' }, 'ERR_INVALID', 'content'],
    [{ content: 'x'.repeat(10 * 1024 * 1024 + 1) }, 'ERR_LIMIT', 'content'],
    [{ content: 'a', attributes: { x: 'y'.repeat(70_000) } }, 'ERR_LIMIT', 'attributes'],
  ]
  for (const [payload, code, field] of refusals) {
    const { status, body } = await call(app, 'POST', '/learn', payload)
    const shown = JSON.stringify(payload).slice(0, 80)
    t.is(body['error'], code, shown)
    t.is(body['field'], field, shown)
    t.is(status, code === 'ERR_LIMIT' ? 413 : 400, shown)
    t.false(JSON.stringify(body).includes('yyyy'))
  }
  t.is(store.stats().concepts, 0)
})

test('flush takes no body, an empty one and an empty object', async (t) => {
  const { app } = await open(t)
  await call(app, 'POST', '/learn', { content: 'a' })
  for (const request of [
    {},
    { payload: '', headers: { 'content-type': 'application/json' } },
    { payload: {} },
  ]) {
    const response = await app.inject({ method: 'POST', url: '/flush', ...request })
    t.is(response.statusCode, 200, response.body)
    t.like(response.json(), { flushed: true, sequence: 1 })
  }
})

test('stats has the names of the checklist and of the earlier API', async (t) => {
  const { app, store } = await open(t)
  const { id: source } = await store.learn({ content: 'a' })
  const { id: target } = await store.learn({ content: 'b' })
  await store.associate({ source, target, type: 'causal' })
  const { status, body } = await call(app, 'GET', '/stats')
  t.is(status, 200)
  t.like(body, {
    concepts: 2,
    edges: 1,
    vectors: 2,
    total_concepts: 2,
    total_associations: 1,
    total_embeddings: 2,
    embedding_dimension: 256,
    shards: 1,
    durability: 'fsync',
  })
  t.regex(body['embedding_provider'] as string, /^hashed-lexical/)
  for (const name of [
    'written',
    'pending',
    'reconciliations',
    'uptime_seconds',
    'memory_usage_mb',
  ]) {
    t.is(typeof body[name], 'number', name)
  }
  t.true((body['memory_usage_mb'] as number) > 1)
})

test('stats say what was written to segment files, and that nothing failed', async (t) => {
  const { app } = await open(t)
  await call(app, 'POST', '/learn', { content: 'a' })
  await call(app, 'POST', '/flush')
  const { body } = await call(app, 'GET', '/stats')
  t.like(body['background'], {
    segments: 1,
    vector_files: 1,
    floor_sequence: 1,
    waiting: 0,
    flushes: 1,
    flush_failures: 0,
    flush_error: null,
    compactions: 0,
    compaction_error: null,
  })
  t.true((body['disk_bytes'] as Record<string, number>)['segments']! > 0)
})

test('transaction-stats, reconciler-stats and health have their fields', async (t) => {
  const { app } = await open(t)
  await call(app, 'POST', '/learn', { content: 'a' })
  const transactions = (await call(app, 'GET', '/transaction-stats')).body
  for (const name of [
    'active_count',
    'preparing',
    'prepared',
    'committed',
    'aborted',
    'timed_out',
  ]) {
    t.is(typeof transactions[name], 'number', name)
  }
  const reconciler = (await call(app, 'GET', '/reconciler-stats')).body
  for (const name of [
    'reconciliations',
    'entries_processed',
    'disk_flushes',
    'queue_depth',
    'queue_capacity',
    'queue_utilization',
    'current_interval_ms',
    'processing_rate_per_sec',
    'estimated_lag_ms',
    'predicted_queue_depth',
    'health_score',
  ]) {
    t.is(typeof reconciler[name], 'number', name)
  }
  t.is(typeof reconciler['running'], 'boolean')
  t.is(typeof reconciler['recommendation'], 'string')
  const utilization = reconciler['queue_utilization'] as number
  t.true(utilization >= 0 && utilization <= 1)
  const health = await call(app, 'GET', '/health')
  t.is(health.status, 200)
  t.like(health.body, { healthy: true, status: 'healthy', version: VERSION, concepts_loaded: 1 })
  t.is(typeof health.body['uptime_seconds'], 'number')
})

test('a store that was closed is 503 everywhere', async (t) => {
  const { app, store } = await open(t)
  await store.close()
  for (const [method, url, payload] of [
    ['POST', '/learn', { content: 'a' }],
    ['POST', '/query', { key: 'a' }],
    ['POST', '/search', { query: 'a' }],
    ['POST', '/flush', {}],
    ['GET', '/stats', undefined],
    ['GET', '/health', undefined],
  ] as const) {
    const { status, body } = await call(app, method, url, payload)
    t.is(status, 503, url)
    t.is(body['error'] ?? body['reason'], 'ERR_CLOSED', url)
  }
})
