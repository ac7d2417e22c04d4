// The queue of writes against an engine whose acknowledgements the test gives one by one.
import test from 'ava'
import { Completions } from '../../src/completions.js'
import { EmbedQueue } from '../../src/embed-queue.js'
import type { NativeStore } from '../../src/native.js'
import { WriteQueue } from '../../src/write-queue.js'
import { refusal } from './temporary-store.js'

const KIND = { decode: () => 'done', group: '' }
const FRAME_BYTES = 16

/** A queue, and what tells it that a write, by its place in the order of the calls, is durable. */
function queueOf(waitingBytesMax?: number) {
  const completions = new Completions()
  const tokens: number[] = []
  const native = {
    submit: (buffer: Buffer, bytes: number) => {
      for (let at = 0; at < bytes; at += 8 + buffer.readUInt32LE(at + 4)) {
        tokens.push(buffer.readUInt32LE(at))
      }
      return 0
    },
  } as unknown as NativeStore
  const queue = new WriteQueue(native, completions, 60_000, waitingBytesMax)
  const write = (bytes = 8): Promise<unknown> => queue.commitBytes(Buffer.alloc(bytes), KIND)
  const acknowledge = (...writes: number[]): void => {
    const message = new Uint32Array((writes.length * FRAME_BYTES) / 4)
    writes.forEach((at, index) => (message[index * 4] = tokens[at] ?? 0))
    completions.deliver(message.buffer)
  }
  return { queue, write, acknowledge }
}

/** Whether a promise is resolved once everything that waits for no event has run. */
async function isResolved(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const later = new Promise((resolve) => setImmediate(() => resolve(pending)))
  return (await Promise.race([promise, later])) !== pending
}

test('a flush waits for the writes before it, and for none that came after', async (t) => {
  const { queue, write, acknowledge } = queueOf()
  void write()
  void write()
  const first = queue.settled()
  void write()
  const second = queue.settled()
  const third = queue.settled()
  t.false(await isResolved(first))
  // What was refused is answered before what is being written: the order tells nothing.
  acknowledge(2)
  t.false(await isResolved(first))
  acknowledge(0)
  t.false(await isResolved(first))
  void write()
  acknowledge(1)
  t.true(await isResolved(first))
  t.true(await isResolved(second))
  t.true(await isResolved(third))
  const fourth = queue.settled()
  t.false(await isResolved(fourth))
  acknowledge(3)
  t.true(await isResolved(fourth))
  t.true(await isResolved(queue.settled()))
})

test('writes that wait for the embedder count as writes that wait', async (t) => {
  const { queue, acknowledge } = queueOf(1000)
  let answer = (_vectors: Float32Array[]): void => {}
  const embedder = {
    name: 'slow',
    dimension: 1,
    embed: () => new Promise<Float32Array[]>((resolve) => (answer = resolve)),
  }
  const embeds = new EmbedQueue(embedder, queue, 60_000)
  const add = (bytes: number): Promise<unknown> => {
    const start = queue.begin()
    queue.out.reserve(bytes)
    queue.out.at += bytes
    return embeds.add(queue.cut(start), [{ at: 0, text: 'text' }], KIND)
  }
  const written = [add(600), add(600)]
  const error = await refusal(() => add(1))
  t.is(error.code, 'ERR_BUSY')
  t.true(error.retryable)
  await new Promise(setImmediate)
  answer([Float32Array.of(1), Float32Array.of(1)])
  await new Promise(setImmediate)
  acknowledge(0, 1)
  t.deepEqual(await Promise.all(written), ['done', 'done'])
  // There is room again.
  void add(1)
  t.true(embeds.isBusy)
})
