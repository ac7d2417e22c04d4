// Reading the store as it was, by sequence and by time.
import test from 'ava'
import { openStore, type Reads, type Sequence, type Store } from '../../src/index.js'
import { refusal, temporaryFolder, temporaryStore } from '../store/temporary-store.js'
import { until, untilQuiet } from './background.js'

const OPTIONS = { vectorDimension: 3, history: { keepMs: 3_600_000 } }
const KEYS = ['one', 'two', 'three']

interface Past {
  readonly sequence: Sequence
  readonly time: Date
  readonly answers: unknown
}

/** Answers to every kind of question, comparable and without the store. */
async function answersOf(reads: Reads): Promise<unknown> {
  const concepts = KEYS.map((key) => reads.getByKey(key))
  const [a, b] = concepts
  const { hits } = await reads.search({ vector: [1, 0, 0], k: 10, include: { vector: true } })
  const paths = a && b ? await reads.paths(a.id, b.id, { hopsMax: 3 }) : []
  const answers = {
    concepts,
    edges: concepts.map((at) => at && reads.neighbors(at.id, { direction: 'both' })),
    hits: hits.map(({ score, concept }) => [score, concept]),
    paths: paths.map((path) => [path.concepts, path.associations]),
    recent: (await reads.list()).items,
    byId: (await reads.list({ order: 'id' })).items,
  }
  return JSON.parse(JSON.stringify(answers))
}

/** Waits for a time that no commit so far has. */
async function nextMillisecond(): Promise<Date> {
  const began = Date.now()
  await until('another millisecond', () => Date.now() > began)
  return new Date(began)
}

/** A little history, one commit after the other. */
async function live(store: Store, after: () => Promise<unknown>): Promise<Past[]> {
  const learn = (key: string, vector: number[]) =>
    store.learn({ key, content: key, vector, attributes: { key } })
  const id = (key: string): string => store.getByKey(key)?.id ?? ''
  const edge = () => ({ source: id('one'), target: id('two'), type: 'causal' }) as const
  const steps: (() => Promise<unknown>)[] = [
    () => learn('one', [1, 0, 0]),
    () => learn('two', [0, 1, 0]),
    () => store.associate({ ...edge(), confidence: 0.5, attributes: { e: 1 } }),
    () => store.update(id('one'), { content: 'changed', vector: [0, 0, 1] }),
    () => store.associate({ ...edge(), confidence: 0.9 }),
    () => store.update(id('one'), { strength: 0.1 }),
    () => store.delete(id('two')),
    () => learn('three', [1, 1, 1]),
    () => learn('two', [1, 1, 0]),
    () => store.associate(edge()),
    () => store.dissociate(edge()),
  ]
  const past: Past[] = []
  for (const step of steps) {
    await step()
    const time = await nextMillisecond()
    past.push({ sequence: store.stats().sequence, time, answers: await answersOf(store) })
    await after()
  }
  return past
}

const PLACES = [
  'memory',
  'the log of an earlier process',
  'one segment',
  'many segments',
  'merged segments',
  'segments of an earlier process',
] as const

for (const place of PLACES) {
  test(`every commit can be read by sequence and by time, from ${place}`, async (t) => {
    const folder = temporaryFolder(t)
    let store = await openStore(folder, OPTIONS)
    const isFlushed = /segment/.test(place)
    const isSplit = /segments/.test(place)
    const past = await live(store, async () => isSplit && store.flush())
    if (isFlushed) await store.flush()
    if (place === 'merged segments') await untilQuiet(store)
    if (/earlier process/.test(place)) {
      await store.close()
      store = await openStore(folder, OPTIONS)
    }
    t.is(store.stats().background.floorSequence, isFlushed ? past.length : 0)
    for (const [step, { sequence, time, answers }] of past.entries()) {
      t.is(sequence, step + 1)
      for (const moment of [sequence, time]) {
        using then = store.at(moment)
        t.is(then.sequence, sequence)
        t.deepEqual(await answersOf(then), answers, `${place}, commit ${sequence}`)
      }
    }
    using beginning = store.at(0)
    t.deepEqual((await beginning.list()).items, [])
    await store.close()
  })
}

test('moments outside of the history are not found', async (t) => {
  const store = await openStore(temporaryFolder(t), OPTIONS)
  const before = await nextMillisecond()
  await live(store, async () => undefined)
  const { sequence } = store.stats()
  for (const moment of [sequence + 1, Number.MAX_SAFE_INTEGER, before, new Date(0)]) {
    const error = await refusal(() => store.at(moment))
    t.is(error.code, 'ERR_NOT_FOUND', error.message)
    t.is(error.field, 'moment')
  }
  // A time to come is after the newest commit, as long as there is none after that.
  using later = store.at(new Date(Date.now() + 60_000))
  t.is(later.sequence, sequence)
  await store.close()
})

test('without history only what needs no old versions can be read', async (t) => {
  const store = await temporaryStore(t)
  const past = await live(store, async () => store.flush())
  const { sequence } = store.stats()
  using now = store.at(sequence)
  t.deepEqual(await answersOf(now), past.at(-1)?.answers)
  for (const moment of [0, 1, sequence - 1, sequence + 1, past[0]!.time]) {
    t.is((await refusal(() => store.at(moment))).code, 'ERR_NOT_FOUND', String(moment))
  }
})

test('versions older than keepMs are given up', async (t) => {
  const store = await temporaryStore(t, { history: { keepMs: 1 } })
  const past = await live(store, async () => store.flush())
  await nextMillisecond()
  await store.learn({ content: 'last' })
  await store.flush()
  await untilQuiet(store)
  t.is((await refusal(() => store.at(past[0]!.sequence))).code, 'ERR_NOT_FOUND')
  t.is((await refusal(() => store.at(past[0]!.time))).code, 'ERR_NOT_FOUND')
  using now = store.at(store.stats().sequence)
  t.deepEqual(await answersOf(now), await answersOf(store))
})

test('a history that is switched on later begins there', async (t) => {
  const folder = temporaryFolder(t)
  const without = await openStore(folder, { vectorDimension: 3 })
  const past = await live(without, async () => without.flush())
  await without.close()
  await using store = await openStore(folder, OPTIONS)
  const { sequence } = store.stats()
  const { id } = await store.learn({ content: 'first' })
  await store.update(id, { content: 'second' })
  await store.flush()
  await untilQuiet(store)
  t.is((await refusal(() => store.at(sequence - 1))).code, 'ERR_NOT_FOUND')
  using then = store.at(sequence)
  t.deepEqual(await answersOf(then), past.at(-1)?.answers)
  using later = store.at(sequence + 1)
  t.is(later.get(id)?.content, 'first')
})

test('a moment that is none is refused', async (t) => {
  const store = await temporaryStore(t)
  const wrong = [-1, 1.5, Number.NaN, Infinity, 2 ** 53, '1', null, undefined, {}, 5n, true]
  for (const moment of [...wrong, new Date(Number.NaN), new Date(-1)]) {
    const error = await refusal(() => store.at(moment as never))
    t.is(error.code, 'ERR_INVALID', String(moment))
    t.is(error.field, 'moment')
  }
  await store.close()
  t.is((await refusal(() => store.at(0))).code, 'ERR_CLOSED')
})
