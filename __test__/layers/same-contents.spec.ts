// What was written reads the same from memory, from segments, from merged ones, and after opening
// again: compared with a model that knows nothing of layers.
import test from 'ava'
import { openStore } from '../../src/index.js'
import { temporaryFolder } from '../store/temporary-store.js'
import { untilQuiet } from './background.js'
import { OPTIONS, Workload } from './workload.js'

const ROUNDS = 6

for (const history of [undefined, { keepMs: 1 }, { keepMs: 3_600_000 }]) {
  const title = history === undefined ? 'no history' : `a history of ${history.keepMs} ms`
  test(`contents are the same after each flush, merge and opening, with ${title}`, async (t) => {
    t.timeout(120_000)
    const folder = temporaryFolder(t)
    const options = { ...OPTIONS, ...(history && { history }) }
    const work = new Workload(31)
    let store = await openStore(folder, options)
    for (let round = 0; round < ROUNDS; round++) {
      await work.round(store)
      t.deepEqual(await work.problems(store), [], `round ${round}, being flushed`)
      const { sequence } = await store.flush()
      t.is(sequence, store.stats().sequence)
      t.deepEqual(await work.problems(store), [], `round ${round}, flushed`)
      await untilQuiet(store)
      t.deepEqual(await work.problems(store), [], `round ${round}, merged`)
      t.is(store.stats().background.floorSequence, sequence)
      if (round % 2 === 1) {
        await store.close()
        store = await openStore(folder, options)
        t.deepEqual(await work.problems(store), [], `round ${round}, opened again`)
        t.is(store.stats().recovery.commits, 0, 'everything is in segments')
      }
    }
    const { background, memoryBytes, diskBytes } = store.stats()
    t.true(background.segments > 0 && background.segments <= 8)
    t.true(background.vectorFiles > 0)
    t.true((diskBytes.segments ?? 0) > 0)
    t.true((memoryBytes.mapped ?? 0) > 0)
    await store.close()
  })
}

test('memory holds no concept that was flushed, and the log shrinks', async (t) => {
  const store = await openStore(temporaryFolder(t), { ...OPTIONS, memoryThreshold: 1_000_000 })
  const work = new Workload(37)
  for (let round = 0; round < 4; round++) await work.round(store)
  const full = store.stats()
  await store.flush()
  await untilQuiet(store)
  const { memoryBytes, diskBytes, concepts } = store.stats()
  t.true(concepts > 5000)
  t.true(memoryBytes.records! + memoryBytes.vectors! + memoryBytes.tables! < 1 << 20)
  t.true(full.memoryBytes.records! > 1 << 20)
  t.true(diskBytes.log! <= full.diskBytes.log!)
  t.deepEqual(await work.problems(store), [])
  await store.close()
})
