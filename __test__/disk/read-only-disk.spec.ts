// A store on a disk that cannot be written: it is read, and nothing is made beside it.
import { existsSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openStore } from '../../src/index.js'
import { refusal } from '../store/temporary-store.js'
import { makeReadOnly, mountingProblem, mountTmpfs, unmount } from './mounts.js'

const DISK_MEGABYTES = 16

const problem = mountingProblem()
if (problem !== undefined) console.log(`skipped, tests of a read-only disk: ${problem}`)
const onDisk = problem === undefined ? test : test.skip

for (const hasLock of [true, false]) {
  onDisk(`a store on a read-only disk is read, ${hasLock ? 'with' : 'without'} LOCK`, async (t) => {
    const disk = mountTmpfs(DISK_MEGABYTES)
    t.teardown(() => {
      unmount(disk)
      rmdirSync(disk)
    })
    const folder = join(disk, 'store')
    const written = await openStore(folder, { vectorDimension: 3 })
    const { id } = await written.learn({ content: 'kept', vector: [1, 0, 0] })
    await written.close()
    const lock = join(folder, 'LOCK')
    if (!hasLock) rmSync(lock)
    makeReadOnly(disk)
    const store = await openStore(folder, { readOnly: true })
    t.is(store.get(id)?.content, 'kept')
    t.is((await store.search({ vector: [1, 0, 0] })).hits[0]?.id, id)
    t.is((await refusal(() => store.learn({ content: 'more' }))).code, 'ERR_INVALID')
    await store.close()
    t.is(existsSync(lock), hasLock)
    t.is((await refusal(() => openStore(folder))).code, 'ERR_IO')
  })
}
