// A snapshot reads the same while its layers are written to segments, merged and deleted from.
import test from 'ava'
import { openStore, type Reads, type Snapshot } from '../../src/index.js'
import { temporaryFolder, temporaryStore } from '../store/temporary-store.js'
import { until, untilQuiet } from './background.js'
import { collectGarbage } from './garbage.js'
import { idOf, OPTIONS, Workload } from './workload.js'

/** What a view answers, of every kind of question. */
async function answersOf(reads: Reads, ids: string[], vector: Float32Array): Promise<unknown> {
  const { hits } = await reads.search({ vector, k: 30, include: { vector: true } })
  const [from = '', to = ''] = ids.filter((id) => reads.has(id))
  const paths = await reads.paths(from, to, { hopsMax: 4, pathsMax: 5 })
  const recent = await reads.list({ limit: 200 })
  return JSON.parse(
    JSON.stringify({
      concepts: ids.map((id) => reads.get(id) ?? 'absent'),
      edges: ids.map((id) => reads.neighbors(id, { direction: 'both' })),
      hits: hits.map(({ score, concept }) => [score, concept]),
      paths: paths.map(({ concepts, associations }) => [concepts, associations]),
      recent: [recent.items, recent.cursor],
    }),
  )
}

test('snapshots of many commits answer the same through flushes, merges and deletions', async (t) => {
  t.timeout(120_000)
  const store = await openStore(temporaryFolder(t), OPTIONS)
  const work = new Workload(73)
  const vector = work.vector()
  await work.round(store)
  const ids = Array.from({ length: 100 }, (_, at) => idOf(at * 15))
  const held: { snapshot: Snapshot; answers: unknown }[] = []
  for (let round = 0; round < 5; round++) {
    const snapshot = store.snapshot()
    held.push({ snapshot, answers: await answersOf(snapshot, ids, vector) })
    await work.round(store)
    if (round % 2 === 0) await store.flush()
    await collectGarbage()
    for (const { snapshot: old, answers } of held) {
      t.deepEqual(await answersOf(old, ids, vector), answers)
    }
  }
  t.true(
    ids.some((id) => !store.has(id)),
    'some of them were deleted',
  )
  await store.flush()
  await untilQuiet(store)
  t.true(store.stats().background.compactions > 0)
  await collectGarbage()
  for (const { snapshot, answers } of held) {
    t.deepEqual(await answersOf(snapshot, ids, vector), answers)
    snapshot[Symbol.dispose]()
  }
  await store.close()
})

test('files that only snapshots read are kept for them, and removed when they are given up', async (t) => {
  const store = await openStore(temporaryFolder(t), OPTIONS)
  const work = new Workload(79)
  const snapshots: Snapshot[] = []
  for (let round = 0; round < 6; round++) {
    await work.round(store)
    await store.flush()
    snapshots.push(store.snapshot())
  }
  await untilQuiet(store)
  const { background } = store.stats()
  t.true(background.compactions > 0)
  t.true(background.obsoleteFiles > 0)
  for (const snapshot of snapshots) snapshot[Symbol.dispose]()
  await store.learn({ content: 'so that there is something to flush' })
  await store.flush()
  await until('no obsolete files', () => store.stats().background.obsoleteFiles === 0)
  t.deepEqual(await work.problems(store).then((lines) => lines.length), 2)
  await store.close()
})

test('concepts and associations that were handed out stay as they are', async (t) => {
  const store = await temporaryStore(t, { memoryThreshold: 1000 })
  const { id } = await store.learn({ content: 'old', vector: [1, 0, 0], attributes: { a: [1] } })
  const { id: other } = await store.learn({ content: 'other', attributes: { b: 'é' } })
  await store.associate({ source: id, target: other, type: 'causal', attributes: { n: 1 } })
  const fromMemory = { concept: store.get(id)!, edge: store.neighbors(id)[0]! }
  await store.flush()
  const fromSegment = { concept: store.get(id)!, edge: store.neighbors(id)[0]! }
  const [hit] = (await store.search({ vector: [1, 0, 0], k: 1 })).hits
  const [listed] = (await store.list({ order: 'recent' })).items
  await store.update(id, { content: 'new', vector: [0, 1, 0], attributes: {} })
  await store.delete(other)
  for (let round = 0; round < 5; round++) {
    await store.learn({ content: `more ${round}` })
    await store.flush()
    await collectGarbage()
  }
  await untilQuiet(store)
  t.is(store.get(id)?.content, 'new')
  await store.close()
  await collectGarbage()
  for (const { concept, edge } of [fromMemory, fromSegment]) {
    t.is(concept.content, 'old')
    t.deepEqual(concept.vector, new Float32Array([1, 0, 0]))
    t.deepEqual(concept.attributes, { a: [1] })
    t.deepEqual(edge.attributes, { n: 1 })
    t.is(edge.target, other)
  }
  t.is(hit?.concept.content, 'old')
  t.deepEqual(listed?.attributes, { b: 'é' })
})
