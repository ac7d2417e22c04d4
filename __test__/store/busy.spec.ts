// More writes than may wait: some are refused, none is dropped.
import test from 'ava'
import { SutraError } from '../../src/index.js'
import { temporaryStore } from './temporary-store.js'

const WRITES = 20_000

/** Starts all writes at once; gives the contents that were acknowledged and the refusals. */
async function flood(
  t: Parameters<typeof temporaryStore>[0],
  options: Parameters<typeof temporaryStore>[1],
): Promise<{
  stored: number
  acknowledged: string[]
  busy: string[]
  has: (c: string) => boolean
}> {
  const store = await temporaryStore(t, options)
  const acknowledged: string[] = []
  const busy: string[] = []
  const write = async (key: string): Promise<void> => {
    try {
      await store.learn({ key, content: key })
      acknowledged.push(key)
    } catch (error) {
      t.true(error instanceof SutraError && error.code === 'ERR_BUSY' && error.retryable)
      busy.push(key)
    }
  }
  await Promise.all(Array.from({ length: WRITES }, (_, at) => write(`write ${at}`)))
  const has = (key: string): boolean => store.getByKey(key) !== undefined
  return { stored: store.stats().concepts, acknowledged, busy, has }
}

test('writes over the bound on what may wait get ERR_BUSY and leave nothing, the others are there', async (t) => {
  const capacity = { reconciler: { queueCapacity: 1000 } }
  const { stored, acknowledged, busy, has } = await flood(t, capacity)
  t.true(busy.length > 0 && acknowledged.length > 0)
  t.is(busy.length + acknowledged.length, WRITES)
  t.is(stored, acknowledged.length)
  t.true(acknowledged.every(has))
  t.false(busy.some(has))
})

test('a write that waited for longer than writeTimeoutMs gets ERR_BUSY and leaves nothing', async (t) => {
  const { stored, acknowledged, busy, has } = await flood(t, { writeTimeoutMs: 1 })
  t.true(busy.length > 0)
  t.is(busy.length + acknowledged.length, WRITES)
  t.is(stored, acknowledged.length)
  t.false(busy.some(has))
})
