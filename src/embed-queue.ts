// Writes that come without a vector: encoded with a gap, embedded together once per turn of the
// event loop, then handed to the write queue. When the embedder fails, or takes longer than a write
// may wait, nothing of them is stored. What waits here counts as waiting in the write queue.

import type { VectorGap } from './batch-encoder.js'
import { embedderError } from './embed/embedding-failure.js'
import { type ErrorCode, SutraError } from './errors.js'
import type { Embedder } from './types.js'
import { busy, type WriteKind, type WriteQueue } from './write-queue.js'

const PROVIDER_CODES: readonly ErrorCode[] = ['ERR_IO', 'ERR_CONFIG']

interface GappedBatch {
  readonly batch: Buffer
  /** Gaps with offsets into the batch. */
  readonly gaps: readonly VectorGap[]
  readonly kind: WriteKind
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

export class EmbedQueue {
  readonly #embedder: Embedder
  readonly #writes: WriteQueue
  readonly #writeTimeoutMs: number
  #batches: GappedBatch[] = []
  #running = 0
  /** Settles when the batches of the turn before were handed on. */
  #last: Promise<void> = Promise.resolve()

  constructor(embedder: Embedder, writes: WriteQueue, writeTimeoutMs: number) {
    this.#embedder = embedder
    this.#writes = writes
    this.#writeTimeoutMs = writeTimeoutMs
  }

  /** Whether writes wait here. Later ones, also without gaps, must then queue up behind them. */
  get isBusy(): boolean {
    return this.#batches.length > 0 || this.#running > 0
  }

  /** Answers the promise of the write's result. The batch was cut out of the write queue. */
  add<T>(batch: Buffer, gaps: readonly VectorGap[], kind: WriteKind): Promise<T> {
    if (this.#batches.length === 0) queueMicrotask(() => this.#flush())
    return new Promise<T>((resolve, reject) => {
      this.#batches.push({
        batch,
        gaps,
        kind,
        resolve: resolve as (result: unknown) => void,
        reject,
      })
    })
  }

  /** Runs `work` when all writes before it are settled. Writes after it wait until it has ended. */
  alone(work: () => Promise<void>): Promise<void> {
    this.#flush()
    this.#running++
    const turn = this.#last
      .then(() => this.#writes.settled())
      .then(work)
      .finally(() => this.#running--)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Resolves once every batch added so far was embedded and handed on, or refused. */
  handedOn(): Promise<void> {
    this.#flush()
    return this.#last
  }

  #flush(): void {
    const batches = this.#batches
    if (batches.length === 0) return
    this.#batches = []
    this.#running++
    this.#last = this.#embed(batches, this.#last).finally(() => this.#running--)
  }

  /** Turns are embedded at the same time, and handed on in their order. */
  async #embed(batches: readonly GappedBatch[], before: Promise<void>): Promise<void> {
    const texts = batches.flatMap(({ gaps }) => gaps.map(({ text }) => text))
    let vectors: Float32Array[] = []
    let failure: { error: unknown } | undefined
    try {
      if (texts.length > 0) vectors = await this.#vectors(texts)
    } catch (error) {
      failure = { error }
    }
    await before
    let next = 0
    for (const { batch, gaps, kind, resolve, reject } of batches) {
      if (failure !== undefined && gaps.length > 0) {
        this.#writes.drop(batch)
        reject(failure.error)
        continue
      }
      for (const { at } of gaps) {
        const vector = vectors[next++]
        if (vector === undefined) continue
        batch.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at)
      }
      try {
        this.#writes.commitBytes(batch, kind).then(resolve, reject)
      } catch (error) {
        reject(error)
      }
    }
  }

  /** An answer after the time limit is not waited for: it would hold up every later write. */
  async #vectors(texts: string[]): Promise<Float32Array[]> {
    const limit = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `no vector from the embedder within ${this.#writeTimeoutMs} ms`
        reject(busy(message))
        limit.abort()
      }, this.#writeTimeoutMs)
    })
    try {
      return await Promise.race([embedTexts(this.#embedder, texts, limit.signal), expired])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Vectors of the texts, checked: one for each, of the embedder's dimension. */
export async function embedTexts(
  embedder: Embedder,
  texts: string[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  let vectors: unknown
  try {
    vectors = await embedder.embed(texts, signal === undefined ? {} : { signal })
  } catch (cause) {
    if (signal?.aborted) throw new SutraError('ERR_ABORTED', 'aborted by the caller', { cause })
    // Our own providers say what failed, and of which option it is the fault.
    if (cause instanceof SutraError && PROVIDER_CODES.includes(cause.code)) throw cause
    throw embedderError(embedder.name, cause)
  }
  if (!Array.isArray(vectors) || vectors.length !== texts.length) {
    const got = Array.isArray(vectors) ? `${vectors.length} vectors` : 'no array'
    throw badAnswer(embedder, `${texts.length} vectors expected, got ${got}`)
  }
  for (const vector of vectors as unknown[]) {
    if (vector instanceof Float32Array && vector.length === embedder.dimension) continue
    const got = vector instanceof Float32Array ? `${vector.length} numbers` : 'something else'
    throw badAnswer(embedder, `a Float32Array of ${embedder.dimension} expected, got ${got}`)
  }
  return vectors as Float32Array[]
}

function badAnswer(embedder: Embedder, problem: string): SutraError {
  const message = `embedder ${embedder.name}: ${problem}`
  return new SutraError('ERR_INVALID', message, { field: 'embedder' })
}
