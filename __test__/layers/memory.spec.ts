// What is in files by now is let go of, unless somebody refers to it.
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import type { Store } from '../../src/index.js'
import { temporaryStore } from '../store/temporary-store.js'
import { until } from './background.js'
import { collectGarbage } from './garbage.js'

const CONTENT_BYTES = 20_000
const BATCH = 50

/** Bytes in memory that flushes can do something about. */
function memoryOf(store: Store): number {
  const { records = 0, tables = 0, vectors = 0, held = 0 } = store.stats().memoryBytes
  return records + tables + vectors + held
}

async function writeBatch(store: Store, from: number): Promise<void> {
  const concepts = Array.from({ length: BATCH }, (_, at) => ({
    content: `${from + at} `.padEnd(CONTENT_BYTES, 'x'),
    vector: [from + at, 1, 2],
  }))
  await store.learnMany(concepts)
}

test('what was flushed is let go of at once when nothing was read of it', async (t) => {
  const store = await temporaryStore(t)
  await writeBatch(store, 0)
  const before = memoryOf(store)
  await store.flush()
  await until('nothing held', () => store.stats().memoryBytes.held === 0)
  t.true(memoryOf(store) < before / 2)
})

test('what was read is let go of when nobody refers to it any more', async (t) => {
  const store = await temporaryStore(t)
  await writeBatch(store, 0)
  let kept = (await store.list({ limit: 10 })).items
  await store.flush()
  await delay(100)
  t.true((store.stats().memoryBytes.held ?? 0) > BATCH * CONTENT_BYTES)
  t.is(kept[0]?.content.length, CONTENT_BYTES)
  kept = []
  await collectGarbage()
  await until('nothing held', () => store.stats().memoryBytes.held === 0)
  t.is(kept.length, 0)
})

test('what snapshots hold does not keep writers from writing', async (t) => {
  const store = await temporaryStore(t, { memoryBytesMax: 16 << 20, writeTimeoutMs: 5_000 })
  const snapshots = []
  for (let batch = 0; batch < 40; batch++) {
    await writeBatch(store, batch * BATCH)
    snapshots.push(store.snapshot())
  }
  t.true((store.stats().memoryBytes.held ?? 0) > 16 << 20)
  for (const [batch, snapshot] of snapshots.entries()) {
    const { items } = await snapshot.list({ limit: 1 })
    t.is(items[0]?.vector?.[0], batch * BATCH + BATCH - 1)
    snapshot[Symbol.dispose]()
  }
  t.is(store.stats().concepts, 40 * BATCH)
})
