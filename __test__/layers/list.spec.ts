// Pages of a list fit together, however the layers change between them.
import test from 'ava'
import { openStore, type Concept, type Reads } from '../../src/index.js'
import { temporaryFolder } from '../store/temporary-store.js'
import { untilQuiet } from './background.js'
import { conceptsOf } from './expected.js'
import { OPTIONS, Workload } from './workload.js'

const ORDERS = ['recent', 'id'] as const
const LIMIT = 500

type Order = (typeof ORDERS)[number]

/** All concepts, page by page; `between` is called after each page but the last. */
async function pages(
  reads: Reads,
  order: Order,
  limit: number,
  between: () => Promise<unknown> = async () => undefined,
): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const page = await reads.list({ order, limit, ...(cursor !== undefined && { cursor }) })
    names.push(...page.items.map(nameOf))
    cursor = page.cursor
    if (cursor !== undefined) await between()
  } while (cursor !== undefined)
  return names
}

const nameOf = ({ id, sequence }: Pick<Concept, 'id' | 'sequence'>): string => `${sequence} ${id}`

function sequencesOf(names: string[]): number[] {
  return names.map((name) => Number(name.split(' ')[0]))
}

test('both orders give every concept once, over flushes, merges and opening again', async (t) => {
  t.timeout(120_000)
  const folder = temporaryFolder(t)
  const work = new Workload(61)
  let store = await openStore(folder, OPTIONS)
  for (let round = 0; round < 3; round++) await work.round(store)
  const wanted = conceptsOf(work.model).map(nameOf).toSorted()
  const recent = await pages(store, 'recent', LIMIT)
  t.deepEqual(recent.toSorted(), wanted)
  t.deepEqual(
    sequencesOf(recent),
    sequencesOf(recent).toSorted((a, b) => b - a),
  )
  const byId = await pages(store, 'id', LIMIT)
  const ids = byId.map((name) => name.split(' ')[1])
  t.deepEqual(ids, ids.toSorted())
  t.deepEqual(byId.toSorted(), wanted)
  const lists = { recent, id: byId }
  for (const order of ORDERS) {
    t.deepEqual(await pages(store, order, LIMIT, () => store.flush()), lists[order], 'flushed')
    await untilQuiet(store)
    t.deepEqual(await pages(store, order, 77), lists[order], 'merged')
  }
  // A cursor goes on where it was in another process as well.
  for (const order of ORDERS) {
    const first = await store.list({ order, limit: 10 })
    await store.close()
    store = await openStore(folder, OPTIONS)
    const rest = await store.list({ order, limit: 10, cursor: first.cursor! })
    t.deepEqual([...first.items, ...rest.items].map(nameOf), lists[order].slice(0, 20))
  }
  await store.close()
})

test('a list of a snapshot is that of its commit, whatever is written and flushed meanwhile', async (t) => {
  t.timeout(120_000)
  const store = await openStore(temporaryFolder(t), OPTIONS)
  const work = new Workload(67)
  await work.round(store)
  await store.flush()
  await work.round(store)
  for (const order of ORDERS) {
    using snapshot = store.snapshot()
    const before = await pages(snapshot, order, 1000)
    const meanwhile = async (): Promise<void> => {
      await work.round(store)
      await store.flush()
    }
    t.deepEqual(await pages(snapshot, order, 1000, meanwhile), before)
    t.notDeepEqual(await pages(store, order, 1000), before)
  }
  t.deepEqual(await work.problems(store), [])
  await store.close()
})

test('what is written between pages is in none that come later, and nothing is given twice', async (t) => {
  const store = await openStore(temporaryFolder(t), OPTIONS)
  const work = new Workload(71)
  await work.round(store)
  const before = conceptsOf(work.model).map(nameOf)
  const listed = await pages(store, 'recent', 300, async () => {
    await store.learnMany(Array.from({ length: 5 }, () => ({ content: `new ${Math.random()}` })))
    await store.flush()
  })
  t.deepEqual(listed.toSorted(), before.toSorted())
  await store.close()
})
