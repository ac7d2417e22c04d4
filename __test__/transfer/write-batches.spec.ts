// Batches on their way to the store: sizes, how many at once, failures.
import test from 'ava'
import { SutraError } from '../../src/errors.js'
import { WriteBatches, writeAround } from '../../src/transfer/write-batches.js'

const SIZES = { operationsMax: 3, bytesMax: 100, inFlightMax: 2 }

test('batches are full, in order, and not too many at once', async (t) => {
  const written: number[][] = []
  let underWay = 0
  let underWayMost = 0
  const batches = new WriteBatches<number>(async (items) => {
    underWay++
    underWayMost = Math.max(underWayMost, underWay)
    await new Promise((resolve) => setImmediate(resolve))
    written.push(items)
    underWay--
  }, SIZES)
  for (let item = 0; item < 11; item++) await batches.add(item, 1)
  await batches.drain()
  t.deepEqual(written, [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
    [9, 10],
  ])
  t.is(underWayMost, 2)
})

test('large operations make small batches', async (t) => {
  const written: number[][] = []
  const batches = new WriteBatches<number>(async (items) => void written.push(items), SIZES)
  for (const bytes of [60, 60, 200, 1, 1]) await batches.add(bytes, bytes)
  await batches.drain()
  t.deepEqual(written, [[60], [60], [200], [1, 1]])
})

test('after a failure nothing more is sent, and it is thrown', async (t) => {
  const written: number[][] = []
  const batches = new WriteBatches<number>(async (items) => {
    written.push(items)
    throw new Error('disk')
  }, SIZES)
  await t.throwsAsync(
    async () => {
      for (let item = 0; item < 100; item++) await batches.add(item, 1)
    },
    { message: 'disk' },
  )
  await t.throwsAsync(batches.drain(), { message: 'disk' })
  await batches.settle()
  t.true(written.length <= 2)
})

test('one bad operation does not keep the others out', async (t) => {
  const written: number[] = []
  const refused: number[] = []
  await writeAround(
    Array.from({ length: 100 }, (_, at) => at),
    async (items) => {
      if (items.some((item) => item % 33 === 7)) throw new SutraError('ERR_INVALID', 'bad')
      written.push(...items)
    },
    (item) => refused.push(item),
  )
  t.deepEqual(refused, [7, 40, 73])
  t.is(written.length, 97)
})

test('an error that no operation is to blame for is thrown', async (t) => {
  const write = async (): Promise<void> => {
    throw new SutraError('ERR_DISK_FULL', 'full')
  }
  const around = writeAround([1, 2], write, () => t.fail())
  await t.throwsAsync(around, { code: 'ERR_DISK_FULL' })
})
