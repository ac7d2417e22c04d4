// Concepts and associations that are in segments are changed as those in memory are.
import test from 'ava'
import { openStore, type Store } from '../../src/index.js'
import { refusal, temporaryFolder, temporaryStore } from '../store/temporary-store.js'

const VALID_FROM = new Date(Date.UTC(2020, 0, 1))

/** Two concepts and two associations between them, in segments. */
async function flushed(store: Store): Promise<{ a: string; b: string }> {
  const [{ id: a } = { id: '' }, { id: b } = { id: '' }] = await store.learnMany([
    { key: 'a', content: 'one', vector: [1, 2, 3], attributes: { n: 1 }, strength: 0.5 },
    { key: 'b', content: 'two', vector: [3, 2, 1], validFrom: VALID_FROM, namespace: 'default' },
  ])
  await store.associateMany([
    { source: a, target: b, type: 'causal', label: 'l', weight: 3, attributes: { e: 1 } },
    { source: b, target: a, type: 'semantic', confidence: 0.25 },
  ])
  await store.flush()
  return { a, b }
}

test('an update of a flushed concept keeps the fields it leaves out, and the associations', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3 })
  const { a, b } = await flushed(store)
  const created = store.get(a)?.createdAt
  const changes = [
    { confidence: 0.75 },
    { attributes: { n: 2 } },
    { vector: [0, 0, 1] },
    { content: 'new' },
  ]
  for (const change of changes) {
    await store.update(a, change)
    await store.flush()
  }
  const check = (reads: Store): void => {
    const concept = reads.get(a)!
    t.is(concept.content, 'new')
    t.is(concept.key, 'a')
    t.is(concept.strength, 0.5)
    t.is(concept.confidence, 0.75)
    t.deepEqual(concept.attributes, { n: 2 })
    t.deepEqual(concept.vector, new Float32Array([0, 0, 1]))
    t.deepEqual(concept.createdAt, created)
    t.deepEqual(reads.get(b)?.validFrom, VALID_FROM)
    t.is(reads.neighbors(a, { direction: 'both' }).length, 2)
  }
  check(store)
  await store.close()
  await using again = await openStore(folder)
  check(again)
})

test('a second association of the same name updates the flushed one', async (t) => {
  const store = await temporaryStore(t)
  const { a, b } = await flushed(store)
  const again = { source: a, target: b, type: 'causal', label: 'l' } as const
  t.false((await store.associate({ ...again, confidence: 0.5 })).created)
  await store.flush()
  const [edge, ...others] = store.neighbors(a, { direction: 'out' })
  t.is(others.length, 0)
  t.like(edge, { weight: 3, confidence: 0.5, attributes: { e: 1 } })
  t.is(store.stats().edges, 2)
  t.true((await store.dissociate(again)).deleted)
  t.false((await store.dissociate(again)).deleted)
  await store.flush()
  t.deepEqual(store.neighbors(a, { direction: 'out' }), [])
  t.true((await store.associate(again)).created)
  t.like(store.neighbors(b, { direction: 'in' })[0], { weight: 1, confidence: 1 })
})

test('a deleted concept takes its flushed associations along, and can be learned again', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3 })
  const { a, b } = await flushed(store)
  t.true((await store.delete(a)).deleted)
  const check = async (reads: Store): Promise<void> => {
    t.is(reads.get(a), undefined)
    t.is(reads.getByKey('a'), undefined)
    t.deepEqual(reads.neighbors(b, { direction: 'both' }), [])
    t.deepEqual(reads.neighbors(a), [])
    const { hits } = await reads.search({ vector: [1, 2, 3] })
    t.deepEqual(
      hits.map(({ id }) => id),
      [b],
    )
    t.like(reads.stats(), { concepts: 1, edges: 0, vectors: 1 })
    t.is((await reads.list()).items.length, 1)
    t.is((await refusal(() => reads.update(a, { strength: 1 }))).code, 'ERR_NOT_FOUND')
    const edge = { source: b, target: a, type: 'causal' } as const
    t.is((await refusal(() => reads.associate(edge))).code, 'ERR_NOT_FOUND')
  }
  await check(store)
  await store.flush()
  await check(store)
  t.false((await store.delete(a)).deleted)
  await store.close()
  await using again = await openStore(folder)
  await check(again)
  const learned = await again.learn({ key: 'a', content: 'anew' })
  t.like(learned, { id: a, created: true })
  await again.flush()
  const concept = again.get(a)!
  t.is(concept.content, 'anew')
  t.is(concept.vector, undefined)
  t.deepEqual(concept.attributes, {})
  t.is(concept.strength, 1)
  t.deepEqual(again.neighbors(a, { direction: 'both' }), [])
})
