// What was acknowledged is seen by every read that follows, and what is not yet acknowledged is
// seen whole or not at all.
import test from 'ava'
import type { ConceptId } from '../../src/index.js'
import { temporaryStore } from './temporary-store.js'

const WRITERS = 32
const ROUNDS = 20

/** Vectors of which no two point the same way. */
function vectorOf(writer: number, round: number): number[] {
  return [1, writer / WRITERS, round / ROUNDS]
}

test('every kind of read sees a write once it is acknowledged, with many in flight', async (t) => {
  const store = await temporaryStore(t, { metric: 'l2' })
  const hub = (await store.learn({ content: 'hub' })).id
  const write = async (writer: number): Promise<void> => {
    const id: ConceptId = writer.toString(16).padStart(32, '0')
    for (let round = 0; round < ROUNDS; round++) {
      const content = `writer ${writer}, round ${round}`
      const vector = vectorOf(writer, round)
      const { sequence } = await store.learn({ id, content, vector })
      t.is(store.get(id)?.content, content)
      t.is(store.getMany([id])[0]?.sequence, sequence)
      t.true(store.has(id))
      const snapshot = store.snapshot()
      t.true(snapshot.sequence >= sequence)
      t.is(snapshot.get(id)?.content, content)
      const { hits, sequence: searched } = await store.search({ vector, k: 1 })
      t.true(searched >= sequence)
      t.is(hits[0]?.id, id)
      await store.associate({ source: hub, target: id, type: 'causal', weight: round })
      t.is(store.neighbors(id, { direction: 'in' })[0]?.weight, round)
      t.is(store.neighbors(hub).find(({ target }) => target === id)?.weight, round)
      t.is((await store.paths(hub, id))[0]?.associations[0]?.weight, round)
      await store.dissociate({ source: hub, target: id, type: 'causal' })
      t.deepEqual(store.neighbors(id, { direction: 'in' }), [])
    }
    await store.delete(id)
    t.is(store.get(id), undefined)
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
  t.is(store.stats().concepts, 1)
  t.is(store.stats().edges, 0)
})

test('a batch becomes visible at one instant', async (t) => {
  const store = await temporaryStore(t)
  const names = Array.from({ length: 100 }, (_, at) => `member ${at}`)
  const over = new AbortController()
  let looks = 0
  const watch = async (): Promise<void> => {
    for (; !over.signal.aborted; looks++) {
      using view = store.snapshot()
      const seen = new Set(names.map((key) => view.getByKey(key)?.content))
      t.is(seen.size, 1, [...seen].join())
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const isWatched = (): boolean => looks >= 20
  const watching = watch()
  // Several rounds may go by in one turn of the event loop.
  for (let round = 0; round < 50 || !isWatched(); round++) {
    await store.learnMany(names.map((key) => ({ key, content: `round ${round}` })))
  }
  over.abort()
  await watching
})

// By itself: it leaves the others no time.
test.serial('getMany reads one commit, however many ids it is asked for', async (t) => {
  const store = await temporaryStore(t, { durability: 'none' })
  const { id } = await store.learn({ content: 'version 0' })
  const ids = Array.from({ length: 20_000 }, () => id)
  for (let round = 0; round < 10; round++) {
    const writes = Array.from({ length: 1000 }, (_, version) =>
      store.learn({ id, content: `version ${version} of round ${round}` }),
    )
    // The writes of one turn are handed over at its end; the reads come while they are committed.
    await new Promise((resolve) => setImmediate(resolve))
    const sequences = new Set(store.getMany(ids).map((concept) => concept?.sequence))
    t.is(sequences.size, 1, [...sequences].join())
    await Promise.all(writes)
  }
})
