// A disk that has room for the log, but none for what a flush writes.
import { appendFileSync, rmSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openStore } from '../../src/index.js'
import { DIMENSION } from '../kill/operations.js'
import { refusal } from '../store/temporary-store.js'
import { Calls } from './calls.js'
import { mountingProblem, mountTmpfs, unmount } from './mounts.js'

const DISK_MEGABYTES = 24
const SEED = 23
const CALLS = 1000
const CONTENT_BYTES = 10_000
const FURTHER_CALLS = 64
/** What is left when the disk is filled: less than a segment takes. */
const LEFT_BYTES = 64 << 10

const problem = mountingProblem()
if (problem !== undefined) console.log(`skipped, tests of a flush on a full disk: ${problem}`)
const onDisk = problem === undefined ? test : test.skip

/** Takes all the room there is, also from those who take some at the same time. */
function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(LEFT_BYTES))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

onDisk('a flush on a full disk fails and says so, loses nothing, and works later', async (t) => {
  const disk = mountTmpfs(DISK_MEGABYTES)
  t.teardown(() => {
    unmount(disk)
    rmdirSync(disk)
  })
  const folder = join(disk, 'store')
  const calls = new Calls(SEED)
  const store = await openStore(folder, { vectorDimension: DIMENSION })
  await calls.make(store, CALLS)
  calls.takeRefusals()
  const filler = join(disk, 'filler')
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(bavail * bsize - LEFT_BYTES))

  const error = await refusal(() => store.flush())
  t.is(error.code, 'ERR_DISK_FULL')
  t.true(error.file?.startsWith(join(folder, 'shard')), error.message)
  const { background, writable } = store.stats()
  t.true(writable)
  t.true(background.flushFailures > 0)
  t.is(background.flushes, 0)
  t.is(background.floorSequence, 0)
  t.is(background.waiting, 1)
  t.is(typeof background.flushError, 'string')
  // The log has room still.
  await calls.make(store, FURTHER_CALLS)
  t.deepEqual(calls.takeRefusals(), [])
  t.deepEqual(await calls.problems(store), [])

  rmSync(filler)
  const { sequence } = await store.flush()
  const after = store.stats()
  t.is(sequence, after.sequence)
  t.is(after.background.floorSequence, sequence)
  t.is(after.background.flushError, undefined)
  t.is(after.background.waiting, 0)
  t.deepEqual(await calls.problems(store), [])
  await store.close()
  await using again = await openStore(folder)
  t.is(again.stats().recovery.orphans, 0)
  t.deepEqual(await calls.problems(again), [])
})

onDisk('a store whose flushes failed can be closed and opened on the full disk', async (t) => {
  const disk = mountTmpfs(DISK_MEGABYTES)
  t.teardown(() => {
    unmount(disk)
    rmdirSync(disk)
  })
  const folder = join(disk, 'store')
  const calls = new Calls(SEED + 1)
  const store = await openStore(folder, { vectorDimension: DIMENSION })
  await calls.make(store, CALLS)
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize))
  t.is((await refusal(() => store.flush())).code, 'ERR_DISK_FULL')
  await store.close()
  for (let round = 0; round < 3; round++) {
    await using again = await openStore(folder)
    t.deepEqual(await calls.problems(again), [])
  }
  rmSync(join(disk, 'filler'))
  await using mended = await openStore(folder)
  await mended.flush()
  t.deepEqual(await calls.problems(mended), [])
})

onDisk(
  'memory at its bound on a full disk answers ERR_BUSY, and writes go on with room',
  async (t) => {
    t.timeout(60_000)
    const disk = mountTmpfs(64)
    t.teardown(() => {
      unmount(disk)
      rmdirSync(disk)
    })
    const folder = join(disk, 'store')
    const options = { vectorDimension: 3, memoryBytesMax: 16 << 20, writeTimeoutMs: 300 }
    const store = await openStore(folder, options)
    const write = (batch: number) =>
      store.learnMany(
        Array.from({ length: 100 }, (_, at) => ({
          content: `${batch} ${at}`.padEnd(CONTENT_BYTES, 'x'),
        })),
      )
    // So much that the log has a long segment, and the next one beside it.
    let batch = 0
    while (batch < 12) await write(batch++)
    const filler = join(disk, 'filler')
    fill(filler)
    const error = await refusal(async () => {
      while (batch < 40) await write(batch++)
    })
    t.is(error.code, 'ERR_BUSY', error.message)
    t.true(error.retryable)
    const { concepts, background, memoryBytes } = store.stats()
    t.is(concepts, (batch - 1) * 100)
    t.is(typeof background.flushError, 'string')
    const { records = 0, tables = 0, vectors = 0 } = memoryBytes
    t.true(records + tables + vectors < 20 << 20)
    const wanted = (await store.list({ limit: 1000, order: 'id' })).items.map(({ id }) => id)

    rmSync(filler)
    await store.flush()
    t.is(store.stats().background.flushError, undefined)
    await write(batch)
    t.is(store.stats().concepts, concepts + 100)
    t.true(wanted.every((id) => store.get(id)?.content.length === CONTENT_BYTES))
    await store.close()
    await using again = await openStore(folder)
    t.is(again.stats().concepts, concepts + 100)
  },
)
