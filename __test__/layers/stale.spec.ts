// The layers may change in the middle of a function that reads and never waits: the store then goes
// over to the new ones, for every kind of read.
import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import type { Store } from '../../src/index.js'
import { temporaryStore } from '../store/temporary-store.js'

const LOOKS_MAX = 5_000_000

/** Flushes, and comes back without having let anybody else run since the layers changed. */
async function flushUnseen(store: Store): Promise<void> {
  const before = store.stats().background.flushes
  void store.flush()
  // The work has to be handed over first.
  await turn()
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (store.stats().background.flushes > before) return
  }
  throw new Error('the flush did not end')
}

const VECTOR = [1, 2, 3]

/** What each kind of read says of two concepts. */
const READS: Record<string, (store: Store, a: string, b: string) => unknown> = {
  get: (store, a) => store.get(a)?.content,
  getByKey: (store) => store.getByKey('a')?.content,
  getMany: (store, a, b) => store.getMany([a, b]).map((concept) => concept?.content),
  has: (store, a) => store.has(a),
  neighbors: (store, a) => store.neighbors(a).map(({ target }) => target),
  list: async (store) => (await store.list({ order: 'id' })).items.length,
  search: async (store) => (await store.search({ vector: VECTOR, k: 1 })).hits[0]?.id,
  paths: async (store, a, b) => (await store.paths(a, b)).map(({ concepts }) => concepts),
}

for (const [kind, read] of Object.entries(READS)) {
  test(`${kind} goes over to new layers`, async (t) => {
    const store = await temporaryStore(t)
    const { id: a } = await store.learn({ key: 'a', content: 'one', vector: VECTOR })
    const { id: b } = await store.learn({ content: 'two' })
    await store.associate({ source: a, target: b, type: 'causal' })
    const wanted = await read(store, a, b)
    for (let round = 0; round < 3; round++) {
      await store.update(b, { strength: round / 10 })
      await flushUnseen(store)
      t.deepEqual(await read(store, a, b), wanted)
    }
  })
}

test('a snapshot and what was handed out stay with the old layers', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'one', vector: VECTOR })
  using snapshot = store.snapshot()
  const concept = store.get(id)
  await store.update(id, { content: 'two' })
  await flushUnseen(store)
  t.is(store.get(id)?.content, 'two')
  t.is(snapshot.get(id)?.content, 'one')
  t.is(concept?.content, 'one')
})
