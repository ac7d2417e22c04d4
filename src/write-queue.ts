// Collects the writes of one turn of the event loop and hands them to the engine in one call.
//
// Invariants: the bytes in `out` are whole frames [u32 token, u32 bytes, batch] whose tokens wait
// in `completions`. Frames reach the engine in the order of the calls; they are settled in any
// order, because what is refused is answered at once. What is in flight is bounded; over the bound,
// encoded writes wait here for at most the write timeout, then get ERR_BUSY.

import { SutraError } from './errors.js'
import type { Completions, Message, Period } from './completions.js'
import { MessagePackWriter } from './message-pack/writer.js'
import { exchange, type NativeStore } from './native.js'

const FRAME_HEADER_BYTES = 8

/**
 * A turn with more bytes than this is handed over in several calls, so that the engine works on the
 * first while the rest is encoded.
 */
const CHUNK_BYTES = 128 * 1024

/** Bound on what the engine holds and has not acknowledged. */
const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024
const IN_FLIGHT_OPERATIONS_MAX = 65_536

/** Bound on what waits, here because of the bound above or for the embedder. */
const WAITING_BYTES_MAX = 1024 * 1024 * 1024

/** A period and who waits for its end. */
interface FlushPeriod extends Period {
  readonly wake: (() => void)[]
}

/** Frames that wait for room. */
interface Chunk {
  readonly bytes: Buffer
  readonly operations: number
  readonly deadlineMs: number
}

/** How the acknowledgement of one kind of write becomes its result. */
export interface WriteKind {
  readonly decode: (message: Message) => unknown
  /** See {@link Completions}. */
  readonly group: string
}

let resolveLast: (value: unknown) => void
let rejectLast: (error: unknown) => void
/** One function for all promises: a closure for each would cost as much as the promise. */
const takeSettlers = (
  resolve: (value: unknown) => void,
  reject: (error: unknown) => void,
): void => {
  resolveLast = resolve
  rejectLast = reject
}

export class WriteQueue {
  readonly out = new MessagePackWriter(2 * CHUNK_BYTES)
  readonly #native: NativeStore
  readonly #completions: Completions
  readonly #writeTimeoutMs: number
  readonly #waitingBytesMax: number
  readonly #flush = (): void => this.flush()
  #frames = 0
  /** True while a caller encodes. That may run a getter of his, which must not touch `out`. */
  #isEncoding = false
  #isScheduled = false
  #inFlightOperations = 0
  #inFlightBytes = 0
  #waiting: Chunk[] = []
  #waitingBytes = 0
  /** Bytes that were cut out and not given back. */
  #cutBytes = 0
  #timer: NodeJS.Timeout | undefined
  /** Of now; the ones before it, oldest first, in `#ended`. */
  #period: FlushPeriod = { open: 0, wake: [] }
  #ended: FlushPeriod[] = []

  constructor(
    native: NativeStore,
    completions: Completions,
    writeTimeoutMs: number,
    waitingBytesMax = WAITING_BYTES_MAX,
  ) {
    this.#native = native
    this.#completions = completions
    this.#writeTimeoutMs = writeTimeoutMs
    this.#waitingBytesMax = waitingBytesMax
    completions.onSettled((operations, bytes) => this.#settled(operations, bytes))
  }

  /** Starts a frame: the caller encodes a batch into `out` and then calls commit or abandon. */
  begin(): number {
    if (this.#waitingBytes + this.#cutBytes > this.#waitingBytesMax) {
      throw busy('too many writes wait')
    }
    return this.#start()
  }

  #start(): number {
    if (this.#isEncoding) {
      throw new SutraError('ERR_INVALID', 'a getter of a value that is written must not write')
    }
    this.#isEncoding = true
    const start = this.out.at
    this.out.reserve(FRAME_HEADER_BYTES)
    this.out.at = start + FRAME_HEADER_BYTES
    return start
  }

  /** Takes back a frame whose encoding failed. */
  abandon(start: number): void {
    this.#isEncoding = false
    this.out.at = start
  }

  /**
   * Cuts the batch out of a frame that is not to be written yet. Until it is given to `commitBytes`
   * or `drop` it counts as a write that waits.
   */
  cut(start: number): Buffer {
    const bytes = Buffer.from(this.out.buffer.subarray(start + FRAME_HEADER_BYTES, this.out.at))
    this.#isEncoding = false
    this.out.at = start
    this.#cutBytes += bytes.length
    return bytes
  }

  /** A batch that was cut out will not be written. */
  drop(batch: Buffer): void {
    this.#cutBytes -= batch.length
  }

  /** Ends the frame and answers the promise of its result. */
  commit<T>(start: number, kind: WriteKind): Promise<T> {
    this.#isEncoding = false
    const promise = new Promise<unknown>(takeSettlers) as Promise<T>
    const bytes = this.out.at - start - FRAME_HEADER_BYTES
    const { decode, group } = kind
    const period = this.#period
    period.open++
    const waiting = { decode, resolve: resolveLast, reject: rejectLast, bytes, group, period }
    this.out.frameHeader(start, this.#completions.add(waiting), bytes)
    this.#frames++
    if (this.out.at >= CHUNK_BYTES) this.flush()
    else if (!this.#isScheduled) this.#schedule()
    return promise
  }

  /** Writes a batch that was cut out before. */
  commitBytes<T>(batch: Buffer, kind: WriteKind): Promise<T> {
    this.drop(batch)
    // It was admitted when it was begun.
    const start = this.#start()
    this.out.reserve(batch.length)
    this.out.at += batch.copy(this.out.buffer, this.out.at)
    return this.commit(start, kind)
  }

  #schedule(): void {
    this.#isScheduled = true
    queueMicrotask(this.#flush)
  }

  /** Hands over what was collected, or lets it wait for room. */
  flush(): void {
    if (this.#isEncoding) return
    this.#isScheduled = false
    const bytes = this.out.at
    if (bytes === 0) return
    const operations = this.#frames
    if (this.#waiting.length === 0 && this.#hasRoom(operations, bytes)) {
      this.#submit(this.out.buffer, bytes, operations)
    } else {
      const deadlineMs = performance.now() + this.#writeTimeoutMs
      const copy = Buffer.from(this.out.buffer.subarray(0, bytes))
      this.#waiting.push({ bytes: copy, operations, deadlineMs })
      this.#waitingBytes += bytes
      this.#watch()
    }
    this.out.at = 0
    this.#frames = 0
  }

  /** One frame alone always has room, however large it is. */
  #hasRoom(operations: number, bytes: number): boolean {
    if (this.#inFlightOperations === 0) return true
    return (
      this.#inFlightOperations + operations <= IN_FLIGHT_OPERATIONS_MAX &&
      this.#inFlightBytes + bytes <= IN_FLIGHT_BYTES_MAX
    )
  }

  #submit(buffer: Buffer, bytes: number, operations: number): void {
    this.#inFlightOperations += operations
    this.#inFlightBytes += bytes - operations * FRAME_HEADER_BYTES
    const answer = this.#native.submit(buffer, bytes)
    if (answer >= 0) return
    // Refused as a whole: nothing of it reached the engine.
    this.#inFlightOperations -= operations
    this.#inFlightBytes -= bytes - operations * FRAME_HEADER_BYTES
    this.#rejectFrames(buffer, bytes, exchange.error(0))
    this.#endPeriods()
  }

  #rejectFrames(buffer: Buffer, bytes: number, error: SutraError): void {
    for (let at = 0; at < bytes; at += FRAME_HEADER_BYTES + buffer.readUInt32LE(at + 4)) {
      this.#completions.reject(buffer.readUInt32LE(at), error)
    }
  }

  #settled(operations: number, bytes: number): void {
    this.#inFlightOperations -= operations
    this.#inFlightBytes -= bytes
    for (;;) {
      const chunk = this.#waiting[0]
      if (chunk === undefined || !this.#hasRoom(chunk.operations, chunk.bytes.length)) break
      this.#waiting.shift()
      this.#waitingBytes -= chunk.bytes.length
      this.#submit(chunk.bytes, chunk.bytes.length, chunk.operations)
    }
    if (this.#waiting.length === 0) this.#stopWatching()
    this.#endPeriods()
  }

  /** Sets the timer for the chunk that has waited longest. */
  #watch(): void {
    const oldest = this.#waiting[0]
    if (this.#timer !== undefined || oldest === undefined) return
    const delayMs = Math.max(1, oldest.deadlineMs - performance.now())
    this.#timer = setTimeout(() => this.#expire(), delayMs)
  }

  /** A timer left running would keep the process alive. */
  #stopWatching(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    for (;;) {
      const chunk = this.#waiting[0]
      if (chunk === undefined || chunk.deadlineMs > now) break
      this.#waiting.shift()
      this.#waitingBytes -= chunk.bytes.length
      const error = busy(`no room for the write within ${this.#writeTimeoutMs} ms`)
      this.#rejectFrames(chunk.bytes, chunk.bytes.length, error)
    }
    this.#watch()
    this.#endPeriods()
  }

  /** Resolves once every write committed so far is settled, however many come meanwhile. */
  settled(): Promise<void> {
    this.flush()
    return new Promise((resolve) => {
      this.#period.wake.push(resolve)
      this.#ended.push(this.#period)
      this.#period = { open: 0, wake: [] }
      this.#endPeriods()
    })
  }

  #endPeriods(): void {
    while (this.#ended[0]?.open === 0) {
      for (const wake of this.#ended.shift()?.wake ?? []) wake()
    }
  }
}

/** Too much to do: nothing of the write was done, it may be tried again. */
export function busy(message: string): SutraError {
  return new SutraError('ERR_BUSY', message)
}
