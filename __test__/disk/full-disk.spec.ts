// A disk that is full for real: what is refused, what goes on, and what works again without opening
// the store anew once there is room.
import { rmSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openStore, SutraError } from '../../src/index.js'
import { differences } from '../kill/checker.js'
import { readContents } from '../kill/contents.js'
import { DIMENSION } from '../kill/operations.js'
import { Calls } from './calls.js'
import { mountingProblem, mountTmpfs, unmount } from './mounts.js'

const DISK_MEGABYTES = 8
const FILLER_BYTES = 3 << 20
const SEED = 5
/** Refusals after which the disk counts as full for good: smaller calls may fit for a while. */
const REFUSALS = 200
const CALLS = 64
const CALLS_MAX = 100_000

const problem = mountingProblem()
if (problem !== undefined) console.log(`skipped, tests of a full disk: ${problem}`)
const onDisk = problem === undefined ? test.serial : test.serial.skip

/** A small disk, and a file on it that takes most of its room. */
function smallDisk(t: ExecutionContext): { folder: string; filler: string } {
  const disk = mountTmpfs(DISK_MEGABYTES)
  t.teardown(() => {
    unmount(disk)
    rmdirSync(disk)
  })
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(FILLER_BYTES))
  return { folder: join(disk, 'store'), filler }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

for (const durability of ['fsync', 'os'] as const) {
  onDisk(
    `a full disk refuses writes, reads go on, and room is used at once (${durability})`,
    async (t) => {
      t.timeout(120_000)
      const { folder, filler } = smallDisk(t)
      const calls = new Calls(SEED)
      const store = await openStore(folder, { vectorDimension: DIMENSION, durability })
      await calls.untilRefused(store, REFUSALS, CALLS_MAX)
      const refusals = calls.takeRefusals()
      t.deepEqual([...new Set(refusals.map(({ code }) => code))], ['ERR_DISK_FULL'])
      const [first] = refusals
      t.true(first?.retryable)
      t.true(first?.file?.startsWith(folder), first?.message)
      t.deepEqual(await calls.problems(store), [])
      t.true(store.reconcilerStats().running)
      t.is((await store.flush()).sequence, store.stats().sequence)

      rmSync(filler)
      await calls.make(store, CALLS)
      t.deepEqual(calls.takeRefusals(), [])
      t.deepEqual(await calls.problems(store), [])
      await store.close()
      await using again = await openStore(folder)
      t.is(again.stats().recovery.tornBytes, 0)
      t.deepEqual(await calls.problems(again), [])
    },
  )
}

onDisk(
  'a store on a disk without a byte of room opens, reads, and closes again and again',
  async (t) => {
    const { folder, filler } = smallDisk(t)
    const calls = new Calls(SEED)
    const store = await openStore(folder, { vectorDimension: DIMENSION })
    await calls.untilRefused(store, REFUSALS, CALLS_MAX)
    writeFileSync(`${filler}-rest`, Buffer.alloc(freeBytes(folder)))
    t.is(freeBytes(folder), 0)
    t.deepEqual(await calls.problems(store), [])
    const contents = await readContents(store)
    await store.close()
    for (let round = 0; round < 20; round++) {
      await using again = await openStore(folder)
      t.deepEqual(differences(contents, await readContents(again)), [])
    }
    rmSync(filler)
    rmSync(`${filler}-rest`)
    calls.takeRefusals()
    await using again = await openStore(folder)
    await calls.make(again, CALLS)
    t.deepEqual(calls.takeRefusals(), [])
    t.deepEqual(await calls.problems(again), [])
  },
)

onDisk(
  'a new store on a full disk is refused, and made in the same folder once there is room',
  async (t) => {
    const { folder, filler } = smallDisk(t)
    writeFileSync(`${filler}-rest`, Buffer.alloc(freeBytes(join(folder, '..'))))
    const error = await t.throwsAsync(openStore(folder), { instanceOf: SutraError })
    t.is(error?.code, 'ERR_DISK_FULL')
    rmSync(filler)
    await using store = await openStore(folder)
    t.is((await store.learn({ content: 'There is room now.' })).sequence, 1)
  },
)
