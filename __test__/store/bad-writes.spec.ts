// Every write call with what it must refuse: the code, the field, and nothing changed.
import test from 'ava'
import type { Store } from '../../src/index.js'
import { contentsOf, refusal, temporaryStore } from './temporary-store.js'

type Code = 'ERR_INVALID' | 'ERR_LIMIT' | 'ERR_NOT_FOUND'
/** What is passed, the field that the error names, and the code if it is not ERR_INVALID. */
type Case = readonly [input: unknown, field: string, code?: Code]

const UNKNOWN_ID = 'f'.repeat(32)
const LONE = '\ud800'
const deep: Record<string, unknown> = {}
let inner = deep
for (let depth = 0; depth < 70; depth++) inner = inner['a'] = {}
const circular: Record<string, unknown> = {}
circular['self'] = circular

/** Values that are no object with fields. */
const NO_OBJECTS = [undefined, null, 7, 'text', true, [], 5n, Symbol('s'), () => 1]

/** Refused in every concept and change, as fields of an otherwise good one. */
const CONCEPT_FIELDS: Case[] = [
  [{ content: '' }, 'content'],
  [{ content: 7 }, 'content'],
  [{ content: null }, 'content'],
  [{ content: ['a'] }, 'content'],
  [{ content: `a${LONE}` }, 'content'],
  [{ content: LONE.repeat(3) }, 'content'],
  [{ content: 'x'.repeat(1001) }, 'content', 'ERR_LIMIT'],
  [{ content: 'é'.repeat(501) }, 'content', 'ERR_LIMIT'],
  [{ vector: null }, 'vector'],
  [{ vector: 'x' }, 'vector'],
  [{ vector: {} }, 'vector'],
  [{ vector: [] }, 'vector'],
  [{ vector: new Float32Array(0) }, 'vector'],
  [{ vector: [1, 2] }, 'vector'],
  [{ vector: new Float32Array(4) }, 'vector'],
  [{ vector: new Float64Array(3) }, 'vector'],
  [{ vector: [1, Number.NaN, 2] }, 'vector[1]'],
  [{ vector: [1, 2, Number.POSITIVE_INFINITY] }, 'vector[2]'],
  [{ vector: [1, '2', 3] }, 'vector[1]'],
  [{ vector: [1, undefined, 3] }, 'vector[1]'],
  [{ vector: [1, 2, 1e300] }, 'vector'],
  [{ vector: Float32Array.of(1, Number.NaN, 2) }, 'vector'],
  [{ vector: Float32Array.of(1, Number.NEGATIVE_INFINITY, 2) }, 'vector'],
  [{ vector: [0, 0, 0] }, 'vector'],
  [{ vector: new Float32Array(17) }, 'vector', 'ERR_LIMIT'],
  [{ attributes: null }, 'attributes'],
  [{ attributes: [] }, 'attributes'],
  [{ attributes: 'x' }, 'attributes'],
  [{ attributes: new Map() }, 'attributes'],
  [{ attributes: { when: new Date() } }, 'attributes.when'],
  [{ attributes: { n: Number.NaN } }, 'attributes.n'],
  [{ attributes: { n: Number.POSITIVE_INFINITY } }, 'attributes.n'],
  [{ attributes: { big: 5n } }, 'attributes.big'],
  [{ attributes: { f: () => 1 } }, 'attributes.f'],
  [{ attributes: { s: Symbol('s') } }, 'attributes.s'],
  [{ attributes: { set: new Set() } }, 'attributes.set'],
  [{ attributes: { text: LONE } }, 'attributes.text'],
  [{ attributes: { [LONE]: 1 } }, 'attributes'],
  [{ attributes: { list: [1, undefined] } }, 'attributes.list[1]'],
  [{ attributes: { a: [{ b: Number.NaN }] } }, 'attributes.a[0].b'],
  [{ attributes: { text: 'x'.repeat(600) } }, 'attributes', 'ERR_LIMIT'],
  [{ attributes: { list: new Array(600).fill(1) } }, 'attributes', 'ERR_LIMIT'],
  [{ strength: -0.1 }, 'strength'],
  [{ strength: 1.1 }, 'strength'],
  [{ strength: Number.NaN }, 'strength'],
  [{ strength: '1' }, 'strength'],
  [{ strength: null }, 'strength'],
  [{ confidence: 2 }, 'confidence'],
  [{ confidence: Number.POSITIVE_INFINITY }, 'confidence'],
  [{ confidence: true }, 'confidence'],
  [{ validFrom: 5 }, 'validFrom'],
  [{ validFrom: new Date(Number.NaN) }, 'validFrom'],
  [{ validTo: '2020-01-01' }, 'validTo'],
  [{ validFrom: new Date(5), validTo: new Date(5) }, 'validTo'],
  [{ unknown: 1 }, 'unknown'],
]

const CONCEPTS: Case[] = [
  ...CONCEPT_FIELDS.map(([fields, ...rest]): Case => [
    { content: 'new', ...(fields as object) },
    ...rest,
  ]),
  [{}, 'content'],
  [{ vector: [1, 2, 3] }, 'content'],
  [{ content: 'c', id: '' }, 'id'],
  [{ content: 'c', id: 'xyz' }, 'id'],
  [{ content: 'c', id: UNKNOWN_ID.toUpperCase() }, 'id'],
  [{ content: 'c', id: 'g'.repeat(32) }, 'id'],
  [{ content: 'c', id: `${'f'.repeat(31)}\u0130` }, 'id'],
  [{ content: 'c', id: 7 }, 'id'],
  [{ content: 'c', id: null }, 'id'],
  [{ content: 'c', id: UNKNOWN_ID, key: 'k' }, 'key'],
  [{ content: 'c', key: '' }, 'key'],
  [{ content: 'c', key: 7 }, 'key'],
  [{ content: 'c', key: LONE }, 'key'],
  [{ content: 'c', key: 'k'.repeat(513) }, 'key', 'ERR_LIMIT'],
  [{ content: 'c', key: 'é'.repeat(257) }, 'key', 'ERR_LIMIT'],
  [{ content: 'c', namespace: '' }, 'namespace'],
  [{ content: 'c', namespace: 7 }, 'namespace'],
  [{ content: 'c', namespace: '../x' }, 'namespace'],
  [{ content: 'c', namespace: 'a b' }, 'namespace'],
  [{ content: 'c', namespace: 'n'.repeat(65) }, 'namespace', 'ERR_LIMIT'],
]

function associations(id: string, other: string): Case[] {
  const good = { source: id, target: other, type: 'causal' }
  const bad = (fields: object, field: string, code?: Code): Case =>
    code === undefined ? [{ ...good, ...fields }, field] : [{ ...good, ...fields }, field, code]
  return [
    [{}, 'source'],
    bad({ source: 'x' }, 'source'),
    bad({ source: 7 }, 'source'),
    bad({ target: undefined }, 'target'),
    bad({ target: null }, 'target'),
    bad({ source: UNKNOWN_ID }, 'source', 'ERR_NOT_FOUND'),
    bad({ target: UNKNOWN_ID }, 'target', 'ERR_NOT_FOUND'),
    bad({ type: 'friendly' }, 'type'),
    bad({ type: undefined }, 'type'),
    bad({ type: 1 }, 'type'),
    bad({ type: 'toString' }, 'type'),
    bad({ label: '' }, 'label'),
    bad({ label: 7 }, 'label'),
    bad({ label: LONE }, 'label'),
    bad({ label: 'l'.repeat(513) }, 'label', 'ERR_LIMIT'),
    bad({ confidence: 1.5 }, 'confidence'),
    bad({ confidence: 'high' }, 'confidence'),
    bad({ weight: Number.NaN }, 'weight'),
    bad({ weight: Number.POSITIVE_INFINITY }, 'weight'),
    bad({ weight: '2' }, 'weight'),
    bad({ attributes: { when: new Date() } }, 'attributes.when'),
    bad({ validTo: new Date(Number.NaN) }, 'validTo'),
    bad({ weigth: 1 }, 'weigth'),
  ]
}

const LIMITS = {
  contentBytesMax: 1000,
  vectorDimensionMax: 16,
  attributesBytesMax: 500,
  batchOperationsMax: 4,
  frameBytesMax: 4000,
}

async function prepared(t: import('ava').ExecutionContext): Promise<[Store, string, string]> {
  const store = await temporaryStore(t, { limits: LIMITS })
  const { id } = await store.learn({ content: 'a', vector: [1, 0, 0], attributes: { x: 1 } })
  const { id: other } = await store.learn({ content: 'b' })
  await store.associate({ source: id, target: other, type: 'causal' })
  return [store, id, other]
}

async function refused(
  t: import('ava').ExecutionContext,
  name: string,
  call: () => Promise<unknown>,
  field: string,
  code: Code = 'ERR_INVALID',
): Promise<void> {
  let promise: Promise<unknown> | undefined
  t.notThrows(() => (promise = call()), `${name} rejects, it does not throw`)
  const error = await refusal(() => promise)
  t.is(error.code, code, `${name}: ${error.message}`)
  t.is(error.field, field, `${name}: ${error.message}`)
  t.true(error.message.startsWith(field), `${name}: ${error.message}`)
  if (code === 'ERR_LIMIT') t.true((error.value as number) > (error.limit ?? Infinity), name)
}

test('learn and learnMany refuse bad concepts', async (t) => {
  const [store] = await prepared(t)
  const before = await contentsOf(store)
  for (const [index, [input, field, code]] of CONCEPTS.entries()) {
    const concept = input as never
    await refused(t, `learn ${index}`, () => store.learn(concept), field, code)
    const many = [{ content: 'good' }, concept]
    const inMany = `concepts[1].${field}`
    await refused(t, `learnMany ${index}`, () => store.learnMany(many), inMany, code)
    await refused(
      t,
      `learnMany of one ${index}`,
      () => store.learnMany([concept]),
      `concepts[0].${field}`,
      code,
    )
  }
  for (const value of NO_OBJECTS) {
    await refused(t, String(value), () => store.learn(value as never), 'concept')
    await refused(t, String(value), () => store.learnMany([value as never]), 'concepts[0]')
    if (!Array.isArray(value)) {
      await refused(t, String(value), () => store.learnMany(value as never), 'concepts')
    }
  }
  const five = new Array(5).fill({ content: 'c' })
  await refused(t, 'five', () => store.learnMany(five), 'concepts', 'ERR_LIMIT')
  const large = new Array(4).fill({ content: 'x'.repeat(1000) })
  await refused(t, 'large', () => store.learnMany(large), 'batch', 'ERR_LIMIT')
  for (const attributes of [deep, circular]) {
    const error = await refusal(() => store.learn({ content: 'c', attributes }))
    t.is(error.code, 'ERR_INVALID')
    t.regex(error.field ?? '', /^attributes\./)
  }
  t.deepEqual(await contentsOf(store), before)
})

test('update refuses bad changes', async (t) => {
  const [store, id] = await prepared(t)
  const before = await contentsOf(store)
  for (const [index, [change, field, code]] of CONCEPT_FIELDS.entries()) {
    await refused(t, `update ${index}`, () => store.update(id, change as never), field, code)
  }
  for (const name of ['id', 'key', 'namespace']) {
    await refused(t, name, () => store.update(id, { [name]: 'x' } as never), name)
  }
  for (const value of NO_OBJECTS) {
    await refused(t, String(value), () => store.update(id, value as never), 'change')
  }
  await refused(t, 'unknown', () => store.update(UNKNOWN_ID, {}), 'id', 'ERR_NOT_FOUND')
  await refused(t, 'malformed', () => store.update('x', { content: 'c' }), 'id')
  await refused(t, 'no id', () => store.update(undefined as never, { content: 'c' }), 'id')
  t.deepEqual(await contentsOf(store), before)
})

test('delete refuses what is no id', async (t) => {
  const [store] = await prepared(t)
  const before = await contentsOf(store)
  for (const value of [...NO_OBJECTS, '', 'x', 'F'.repeat(32)]) {
    await refused(t, String(value), () => store.delete(value as never), 'id')
  }
  t.false((await store.delete(UNKNOWN_ID)).deleted)
  t.deepEqual(await contentsOf(store), before)
})

test('associate, associateMany and dissociate refuse bad associations', async (t) => {
  const [store, id, other] = await prepared(t)
  const before = await contentsOf(store)
  for (const [index, [input, field, code]] of associations(id, other).entries()) {
    const bad = input as never
    await refused(t, `associate ${index}`, () => store.associate(bad), field, code)
    const many = [{ source: id, target: id, type: 'semantic' } as const, bad]
    const inMany = `associations[1].${field}`
    await refused(t, `associateMany ${index}`, () => store.associateMany(many), inMany, code)
  }
  for (const value of NO_OBJECTS) {
    await refused(t, String(value), () => store.associate(value as never), 'association')
    await refused(t, String(value), () => store.dissociate(value as never), 'association')
  }
  const key = { source: id, target: other, type: 'causal' } as const
  await refused(t, 'source', () => store.dissociate({ ...key, source: 'x' }), 'source')
  await refused(t, 'type', () => store.dissociate({ ...key, type: 'x' as never }), 'type')
  await refused(t, 'label', () => store.dissociate({ ...key, label: '' }), 'label')
  await refused(t, 'more', () => store.dissociate({ ...key, weight: 1 } as never), 'weight')
  t.false((await store.dissociate({ ...key, label: 'none' })).deleted)
  t.false((await store.dissociate({ ...key, source: UNKNOWN_ID })).deleted)
  t.deepEqual(await contentsOf(store), before)
})

test('a bad operation among good ones of one turn spoils only itself', async (t) => {
  const store = await temporaryStore(t)
  const settled = await Promise.allSettled([
    store.learn({ content: 'one' }),
    store.learn({ content: '' }),
    store.learn({ content: 'two', vector: [Number.NaN, 1, 2] }),
    store.learn({ content: 'three', vector: Float32Array.of(Number.NaN, 1, 2) }),
    store.learn({ content: 'four' }),
  ])
  t.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'],
  )
  t.is(store.stats().concepts, 2)
})

test('an empty batch is done at once', async (t) => {
  const store = await temporaryStore(t)
  t.deepEqual(await store.learnMany([]), [])
  t.deepEqual(await store.associateMany([]), [])
  t.is(store.stats().sequence, 0)
})

test('a getter that throws is told to the caller, and the next write is whole', async (t) => {
  const store = await temporaryStore(t)
  const concept = {
    content: 'c',
    get attributes(): never {
      throw new RangeError('mine')
    },
  }
  await t.throwsAsync(() => store.learn(concept), { instanceOf: RangeError })
  await store.learn({ content: 'd' })
  t.is(store.stats().concepts, 1)
})

test('a getter that writes is refused, and what it is part of is written', async (t) => {
  const store = await temporaryStore(t)
  let inner: Promise<unknown> | undefined
  let flushed: Promise<unknown> | undefined
  const concept = {
    get content(): string {
      inner = store.learn({ content: 'inner' })
      flushed = store.flush()
      return 'outer'
    },
  }
  const outer = store.learn(concept)
  t.is((await refusal(() => inner)).code, 'ERR_INVALID')
  const { id } = await outer
  await flushed
  t.is(store.get(id)?.content, 'outer')
  t.is(store.stats().concepts, 1)
})
