// Much more is written than may be in memory. In a file of its own: the process is measured.
import { readFileSync } from 'node:fs'
import test from 'ava'
import type { Store } from '../../src/index.js'
import { temporaryStore } from '../store/temporary-store.js'
import { collectGarbage } from './garbage.js'

const MIB = 1 << 20
const BOUND = 16 * MIB
const BYTES = 200 * MIB
const CONTENT_BYTES = 20_000
const BATCH = 50
const BATCHES = Math.ceil(BYTES / (BATCH * CONTENT_BYTES))
const EARLY = 50
/**
 * Writes that are begun below the bound end above it; and a part that goes from memory to files may
 * be counted as both while the figures are taken.
 */
const SLACK = 8 * MIB
/** The heap of V8 and the allocator keep some of what was in use, and more on a busy machine. */
const GROWTH_MAX = 32 * MIB

/** Bytes in memory that flushes can do something about. */
function memoryOf(store: Store): number {
  const { records = 0, tables = 0, vectors = 0, held = 0 } = store.stats().memoryBytes
  return records + tables + vectors + held
}

/** Memory of this process, without mapped files: those the system takes back when it needs room. */
function processBytes(): number {
  if (process.platform !== 'linux') return 0
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
}

/** The same with nothing in memory but what the store needs to be open. */
async function restingBytes(store: Store): Promise<number> {
  await store.flush()
  await collectGarbage()
  return processBytes()
}

test('writing much more than memoryBytesMax keeps to it, in the figures and in the process', async (t) => {
  t.timeout(180_000)
  const store = await temporaryStore(t, { memoryBytesMax: BOUND })
  let most = 0
  let early = 0
  for (let batch = 0; batch < BATCHES; batch++) {
    const concepts = Array.from({ length: BATCH }, (_, at) => ({
      content: `${batch} ${at} `.padEnd(CONTENT_BYTES, 'x'),
      vector: [batch, at, 1],
    }))
    await store.learnMany(concepts)
    most = Math.max(most, memoryOf(store))
    if (batch === EARLY) early = await restingBytes(store)
  }
  const growth = (await restingBytes(store)) - early
  t.log(
    `at most ${Math.round(most / MIB)} MiB, the process grew by ${Math.round(growth / MIB)} MiB`,
  )
  t.true(most < BOUND + SLACK, `${most} bytes`)
  t.true(growth < GROWTH_MAX, `${growth} bytes`)
  const { background, concepts } = store.stats()
  t.true(background.flushes > BYTES / BOUND)
  t.is(concepts, BATCHES * BATCH)
  const [newest] = (await store.list({ limit: 1 })).items
  t.is(newest?.content.length, CONTENT_BYTES)
})
