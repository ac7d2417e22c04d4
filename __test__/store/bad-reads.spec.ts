// Every read call with what it must refuse: the code and the field.
import test from 'ava'
import type { ErrorCode, Reads } from '../../src/index.js'
import { refusal, temporaryStore } from './temporary-store.js'

const UNKNOWN_ID = 'f'.repeat(32)
const LONE = '\ud800'
const NO_OBJECTS = [null, 7, 'text', true, [], 5n, Symbol('s')]
const NO_IDS = [undefined, null, 7, '', 'x', {}, [], 'F'.repeat(32), `${'f'.repeat(31)}\u0130`]

type Call = (reads: Reads, value: never) => unknown
type Row = readonly [call: Call, field: string, values: readonly unknown[], code?: ErrorCode]

const option =
  (name: string, call: (reads: Reads, options: never) => unknown): Call =>
  (reads, value) =>
    call(reads, { [name]: value } as never)

const get: Call = (reads, options) => reads.get(UNKNOWN_ID, options)
const getByKey: Call = (reads, options) => reads.getByKey('k', options)
const neighbors: Call = (reads, options) => reads.neighbors(UNKNOWN_ID, options)
const list: Call = (reads, options) => reads.list(options)
const paths: Call = (reads, options) => reads.paths(UNKNOWN_ID, UNKNOWN_ID, options)
const search = (name: string): Call =>
  option(name, (reads, given: object) => reads.search({ vector: [1, 2, 3], ...given } as never))

const WHOLE = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, 5n]
const NAMESPACES = [7, null, '', '../x', LONE]

const ROWS: Row[] = [
  [(reads, id) => reads.get(id), 'id', NO_IDS],
  [(reads, id) => reads.has(id), 'id', NO_IDS],
  [(reads, id) => reads.neighbors(id), 'id', NO_IDS],
  [(reads, ids) => reads.getMany(ids), 'ids', [undefined, null, 7, 'x', {}]],
  [(reads, id) => reads.getMany([UNKNOWN_ID, id]), 'ids[1]', NO_IDS],
  [(reads, id) => reads.paths(id, UNKNOWN_ID), 'from', NO_IDS],
  [(reads, id) => reads.paths(UNKNOWN_ID, id), 'to', NO_IDS],
  [(reads, key) => reads.getByKey(key), 'key', [undefined, null, 7, '', LONE]],
  [(reads, key) => reads.getByKey(key), 'key', ['k'.repeat(513)], 'ERR_LIMIT'],
  ...[get, getByKey, neighbors, list, paths].map((call): Row => [call, 'options', NO_OBJECTS]),
  ...[get, getByKey, neighbors, list, paths].map((call): Row => [
    option('unknown', call as never),
    'unknown',
    [1],
  ]),
  ...[get, getByKey, list].map((call): Row => [
    option('namespace', call as never),
    'namespace',
    NAMESPACES,
  ]),
  [option('direction', neighbors as never), 'direction', ['up', 7, null]],
  [option('type', neighbors as never), 'type', ['x', 7, null, [], ['x'], [7]]],
  [option('label', neighbors as never), 'label', ['', 7, null, LONE]],
  [option('limit', neighbors as never), 'limit', WHOLE],
  [option('limit', list as never), 'limit', WHOLE],
  [option('limit', list as never), 'limit', [1001], 'ERR_LIMIT'],
  [option('cursor', list as never), 'cursor', [7, null, '', 'no cursor', LONE]],
  [option('order', list as never), 'order', ['best', 7, null]],
  [option('filter', list as never), 'filter', NO_OBJECTS],
  [option('filter', list as never), 'filter.a.$foo', [{ a: { $foo: 1 } }]],
  [option('hopsMax', paths as never), 'hopsMax', WHOLE],
  [option('hopsMax', paths as never), 'hopsMax', [21], 'ERR_LIMIT'],
  [option('pathsMax', paths as never), 'pathsMax', WHOLE],
  [option('pathsMax', paths as never), 'pathsMax', [101], 'ERR_LIMIT'],
  [option('types', paths as never), 'types', ['causal', [], ['x'], null]],
  [option('direction', paths as never), 'direction', ['in', 7, null]],
  [option('confidenceMin', paths as never), 'confidenceMin', [-1, 2, Number.NaN, '1', null]],
  [option('visitedMax', paths as never), 'visitedMax', WHOLE],
  [option('timeMsMax', paths as never), 'timeMsMax', WHOLE],
  [option('signal', paths as never), 'signal', [null, 7, {}]],
  [(reads, query) => reads.search(query), 'query', [undefined, ...NO_OBJECTS]],
  [
    (reads, query) => reads.search(query),
    'text',
    [{}, { k: 5 }, { text: 'x', weights: { text: 0 } }],
  ],
  [search('unknown'), 'unknown', [1]],
  [search('text'), 'text', ['', 7, null, LONE]],
  [search('vector'), 'vector', [null, 'x', [], {}, new Float64Array(3), [1, 2]]],
  [
    search('vector'),
    'vector[1]',
    [
      [1, Number.NaN, 3],
      [1, '2', 3],
      [1, 1e300, 3],
    ],
  ],
  [search('vector'), 'vector[2]', [Float32Array.of(1, 2, Number.POSITIVE_INFINITY)]],
  [search('vector'), 'vector', [new Float32Array(2049).fill(1)], 'ERR_LIMIT'],
  [search('k'), 'k', WHOLE],
  [search('k'), 'k', [1001], 'ERR_LIMIT'],
  [search('namespace'), 'namespace', NAMESPACES],
  [search('minScore'), 'minScore', [Number.NaN, '1', null]],
  [search('efSearch'), 'efSearch', WHOLE],
  [search('exact'), 'exact', [1, 'yes', null]],
  [search('consistency'), 'consistency', ['weak', null]],
  [search('explain'), 'explain', [1, null]],
  [search('include'), 'include', NO_OBJECTS],
  [search('include'), 'include.vector', [{ vector: 1 }]],
  [search('include'), 'text', [{ text: true }]],
  [search('filter'), 'filter', NO_OBJECTS],
  [search('filter'), 'filter.a', [{ a: /x/ }, { a: new Map() }, { a: 5n }]],
  [search('filter'), 'filter.a.$gt', [{ a: { $gt: null } }]],
  [search('filter'), 'filter.owner', [{ owner: undefined }]],
  [search('filter'), 'filter.a.b', [{ a: { b: Number.NaN } }, { a: { b: LONE } }]],
  [search('filter'), 'filter.$and', [{ $and: [] }, { $and: 7 }]],
  [search('filter'), 'filter.createdAt', [{ createdAt: 'yesterday' }]],
  [search('filter'), 'filter', [{ a: 'x'.repeat(70_000) }], 'ERR_LIMIT'],
  [search('expand'), 'expand', NO_OBJECTS],
  [search('expand'), 'expand.hops', [{}, { hops: 0 }, { hops: 1.5 }]],
  [search('expand'), 'expand.hops', [{ hops: 6 }], 'ERR_LIMIT'],
  [
    search('expand'),
    'expand.types',
    [
      { hops: 1, types: [] },
      { hops: 1, types: ['x'] },
    ],
  ],
  [search('expand'), 'expand.weight', [{ hops: 1, weight: Number.NaN }]],
  [search('weights'), 'weights', NO_OBJECTS],
  [search('weights'), 'weights', [{ vector: 0 }]],
  [search('weights'), 'weights.text', [{ text: -1 }, { text: '1' }]],
  [search('signal'), 'signal', [null, 7]],
]

const ASYNC = [list, paths]

test('the store and a snapshot refuse bad reads', async (t) => {
  const store = await temporaryStore(t)
  await store.learn({ content: 'a', vector: [1, 2, 3] })
  for (const reads of [store, store.snapshot()]) {
    for (const [index, [call, field, values, code = 'ERR_INVALID']] of ROWS.entries()) {
      for (const value of values) {
        const error = await refusal(() => call(reads, value as never))
        const name = `row ${index}: ${error.message}`
        t.is(error.code, code, name)
        t.is(error.field, field, name)
      }
    }
  }
  t.is(store.stats().sequence, 1)
})

test('reads that give a promise reject, they do not throw', async (t) => {
  const store = await temporaryStore(t)
  for (const call of ASYNC) {
    const promise = call(store, 7 as never) as Promise<unknown>
    await t.throwsAsync(() => promise, { code: 'ERR_INVALID' })
  }
  const promise = store.search(7 as never)
  await t.throwsAsync(() => promise, { code: 'ERR_INVALID' })
})

test('what is not there is empty, not an error', async (t) => {
  const store = await temporaryStore(t)
  t.is(store.get(UNKNOWN_ID), undefined)
  t.is(store.getByKey('k'), undefined)
  t.deepEqual(store.neighbors(UNKNOWN_ID), [])
  t.deepEqual((await store.list()).items, [])
  t.deepEqual((await store.list({ namespace: 'none' })).items, [])
  t.deepEqual((await store.search({ vector: [1, 2, 3] })).hits, [])
  t.deepEqual((await store.search({ vector: [1, 2, 3], namespace: 'none' })).hits, [])
})

test('what later versions bring is refused by name', async (t) => {
  const store = await temporaryStore(t)
  const calls = {
    transaction: () => store.transaction(() => 1),
    backup: () => store.backup('file'),
  }
  for (const [field, call] of Object.entries(calls)) {
    const error = await refusal(call)
    t.is(error.code, 'ERR_INVALID')
    t.is(error.field, field)
    t.regex(error.message, /not available in this version/)
  }
})
