// What held at a moment: validity includes its start, excludes its end, and may be open.
import test from 'ava'
import type { Reads } from '../../src/index.js'
import { refusal, temporaryStore } from './temporary-store.js'

const day = (number: number): Date => new Date(Date.UTC(2020, 0, number))

async function employment(t: Parameters<typeof temporaryStore>[0]) {
  const store = await temporaryStore(t)
  const keys = ['ada', 'acme', 'city']
  const learned = await store.learnMany(keys.map((key) => ({ key, content: key })))
  const [ada = '', acme = '', city = ''] = learned.map(({ id }) => id)
  const type = 'semantic'
  await store.associateMany([
    { source: ada, target: acme, type, label: 'é', validFrom: day(10), validTo: day(20) },
    { source: ada, target: acme, type, label: 'founded', confidence: 0.5, validTo: day(5) },
    { source: acme, target: city, type, label: 'in', validFrom: day(3) },
    { source: ada, target: city, type, label: 'born in', confidence: 0.1 },
  ])
  return { store, ada, acme, city }
}

test('neighbors and paths at a moment know only what held', async (t) => {
  const { store, ada, acme, city } = await employment(t)
  const labels = (reads: Reads, id: string, validAt?: Date): string[] =>
    reads
      .neighbors(id, { direction: 'both', ...(validAt && { validAt }) })
      .map(({ label }) => label ?? '')
      .sort()
  const ways = async (reads: Reads, validAt?: Date): Promise<number[]> => {
    const found = await reads.paths(ada, city, validAt && { validAt })
    return found.map(({ concepts }) => concepts.length)
  }
  const before = store.snapshot()
  for (const reads of [store, before]) {
    t.deepEqual(labels(reads, acme), ['founded', 'in', 'é'])
    t.deepEqual(await ways(reads), [3, 2])
    t.deepEqual(labels(reads, acme, day(1)), ['founded'])
    t.deepEqual(await ways(reads, day(1)), [2])
    t.deepEqual(labels(reads, acme, day(4)), ['founded', 'in'])
    t.deepEqual(await ways(reads, day(4)), [3, 2])
    // The end is excluded, the start is included.
    t.deepEqual(labels(reads, acme, day(5)), ['in'])
    t.deepEqual(labels(reads, acme, new Date(day(10).getTime() - 1)), ['in'])
    t.deepEqual(labels(reads, acme, day(10)), ['in', 'é'])
    t.deepEqual(labels(reads, acme, new Date(day(20).getTime() - 1)), ['in', 'é'])
    t.deepEqual(labels(reads, acme, day(20)), ['in'])
    t.deepEqual(await ways(reads, day(20)), [2])
    t.deepEqual(labels(reads, ada, new Date(-8.64e15)), ['born in', 'founded'])
    t.deepEqual(labels(reads, ada, new Date(8.64e15)), ['born in'])
  }
})

test('validAt goes together with label, type, side and limit', async (t) => {
  const { store, ada, acme } = await employment(t)
  const validAt = day(12)
  const found = (options: object): (string | undefined)[] =>
    store.neighbors(ada, { validAt, ...options }).map(({ label }) => label)
  t.deepEqual(found({ label: 'é' }), ['é'])
  t.deepEqual(found({ label: 'founded' }), [])
  t.deepEqual(found({ type: 'causal' }), [])
  t.deepEqual(found({ direction: 'in' }), [])
  // What does not hold does not count.
  t.deepEqual(found({ limit: 2 }), ['é', 'born in'])
  t.is(store.neighbors(acme, { validAt, direction: 'in' }).length, 1)
})

test('an answer that does not fit the exchange at first is about the same moment', async (t) => {
  const { store, ada } = await employment(t)
  const others = Array.from({ length: 12_000 }, (_, at) => ({ key: `k${at}`, content: `k${at}` }))
  for (let from = 0; from < others.length; from += 1_000) {
    const learned = await store.learnMany(others.slice(from, from + 1_000))
    await store.associateMany(
      learned.map(({ id: target }, at) => ({
        source: ada,
        target,
        type: 'causal',
        label: 'many',
        validTo: day(at % 2 === 0 ? 1 : 3),
      })),
    )
  }
  t.is(store.neighbors(ada, { validAt: day(2), label: 'many' }).length, 6_000)
  t.is(store.neighbors(ada, { label: 'many' }).length, 12_000)
})

test('a validAt that is no valid Date is refused by name', async (t) => {
  const { store, ada, city } = await employment(t)
  for (const validAt of [new Date(Number.NaN), 7, '2020-01-01', null, {}]) {
    const options = { validAt } as never
    for (const call of [
      () => store.neighbors(ada, options),
      () => store.paths(ada, city, options),
    ]) {
      const error = await refusal(call)
      t.is(error.code, 'ERR_INVALID')
      t.is(error.field, 'validAt')
    }
  }
})
