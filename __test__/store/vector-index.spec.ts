// Search by graphs over vectors: near enough to comparing all of them, and never fewer hits.
import test from 'ava'
import { openStore, type Quantization, type Store } from '../../src/index.js'
import { refusal, temporaryFolder } from './temporary-store.js'

const DIMENSION = 24
const COUNT = 3000
const CLUSTERS = 30
const BATCH = 500

/** The same for the same number: near one of a few directions, as vectors of texts are. */
function vectorOf(number: number): Float32Array {
  const centre = noise((number % CLUSTERS) + 1)
  const own = noise(number + 1000)
  return Float32Array.from({ length: DIMENSION }, () => centre() + 0.4 * own())
}

function noise(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32 - 0.5
  }
}

async function fill(store: Store, first = 0): Promise<void> {
  for (let from = first; from < first + COUNT; from += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) => from + index)
    await store.learnMany(
      batch.map((number) => ({ key: `${number}`, content: `${number}`, vector: vectorOf(number) })),
    )
  }
  await store.flush()
}

/** What flush promises: what can be in graphs is in graphs. */
function isIndexed(store: Store): boolean {
  const { graphs, vectorsWithoutGraph, graphError } = store.stats().background
  return graphs > 0 && vectorsWithoutGraph < 2000 && graphError === undefined
}

/** The part of the ten nearest that a search finds which does not compare all vectors. */
async function recall(store: Store, efSearch?: number): Promise<number> {
  let found = 0
  for (let number = 0; number < 50; number++) {
    const vector = vectorOf(100_000 + 37 * number)
    const exact = await store.search({ vector, exact: true })
    const about = await store.search({ vector, ...(efSearch === undefined ? {} : { efSearch }) })
    const ids = new Set(about.hits.map(({ id }) => id))
    found += exact.hits.filter(({ id }) => ids.has(id)).length
  }
  return found / 500
}

for (const quantization of ['f32', 'f16', 'i8'] satisfies Quantization[]) {
  test(`the nearest are found by graphs of ${quantization}`, async (t) => {
    t.timeout(120_000)
    const options = { vectorDimension: DIMENSION, vectorIndex: { quantization } }
    await using store = await openStore(temporaryFolder(t), options)
    await fill(store)
    t.true(isIndexed(store))
    t.true((await recall(store)) >= 0.95)
    t.true((await recall(store, 500)) >= 0.99)
  })
}

test('every k gives as many hits as there are, before and after deletions', async (t) => {
  t.timeout(120_000)
  await using store = await openStore(temporaryFolder(t), { vectorDimension: DIMENSION })
  await fill(store)
  t.true(isIndexed(store))
  const count = async (k: number) => (await store.search({ vector: vectorOf(5), k })).hits.length
  for (const k of [1, 10, 999, 1000]) t.is(await count(k), k)
  using before = store.snapshot()
  const deleted = Array.from({ length: COUNT }, (_, number) => number).filter((n) => n % 10 !== 0)
  await Promise.all(
    deleted.map(async (number) => {
      const concept = store.getByKey(`${number}`)
      if (concept !== undefined) await store.delete(concept.id)
    }),
  )
  t.is(await count(1000), COUNT / 10)
  const hits = (await store.search({ vector: vectorOf(5), k: 50 })).hits
  t.true(hits.every(({ concept }) => Number(concept.content) % 10 === 0))
  t.is((await before.search({ vector: vectorOf(5), k: 1000 })).hits.length, 1000)
})

test('a graph is opened again and not made again', async (t) => {
  t.timeout(120_000)
  const folder = temporaryFolder(t)
  const first = await openStore(folder, { vectorDimension: DIMENSION })
  await fill(first)
  t.true(isIndexed(first))
  await first.close()
  await using store = await openStore(folder)
  await store.flush()
  t.true(isIndexed(store))
  const { graphsBuilt, graphsDropped } = store.stats().background
  t.is(graphsBuilt + graphsDropped, 0)
  t.true((await recall(store)) >= 0.95)
  t.true((await store.check()).sound)
})

test('what is wrong with efSearch and exact is said by name', async (t) => {
  await using store = await openStore(temporaryFolder(t), { vectorDimension: 2 })
  for (const efSearch of [0, 10_001, 1.5, '7', null]) {
    const error = await refusal(() => store.search({ vector: [1, 2], efSearch } as never))
    t.is(error.field, 'efSearch')
  }
  const error = await refusal(() => store.search({ vector: [1, 2], exact: 1 } as never))
  t.is(error.field, 'exact')
})
