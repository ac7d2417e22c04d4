// The texts of one call in batches, and at most so many batches under way over all calls of one
// embedder: a service answers best what it can take, and a burst of calls must not become a burst
// of connections.

import { setMaxListeners } from 'node:events'
import { abortedBy } from './embedding-failure.js'

/** Long texts make smaller batches, so that neither a request nor its answer gets out of hand. */
const BATCH_CHARS_MAX = 1_000_000

/** Gives the vectors of one batch, in order. */
export type EmbedBatch = (texts: string[], signal: AbortSignal) => Promise<Float32Array[]>

export class TextBatches {
  readonly #textsMax: number
  readonly #concurrency: number
  readonly #embedBatch: EmbedBatch
  #running = 0
  readonly #waiting = new Set<() => void>()

  constructor(
    options: { readonly batchTextsMax: number; readonly concurrency: number },
    embedBatch: EmbedBatch,
  ) {
    this.#textsMax = options.batchTextsMax
    this.#concurrency = options.concurrency
    this.#embedBatch = embedBatch
  }

  /** Vectors of all texts, in order. The first batch that fails ends the others. */
  async embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    if (signal?.aborted) throw abortedBy(signal)
    const stop = new AbortController()
    // Every batch under way listens; Node would take more than ten for a leak.
    setMaxListeners(0, stop.signal)
    const onAbort = (): void => stop.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const found = new Array<Float32Array>(texts.length)
    const batches = this.#cut(texts)
    const failures: unknown[] = []
    const work = async (): Promise<void> => {
      for (const { from, to } of batches) {
        if (stop.signal.aborted) return
        try {
          const vectors = await this.#inTurn(texts.slice(from, to), stop.signal)
          for (const [at, vector] of vectors.entries()) found[from + at] = vector
        } catch (error) {
          failures.push(error)
          stop.abort(error)
        }
      }
    }
    try {
      await Promise.all(Array.from({ length: this.#concurrency }, work))
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    if (signal?.aborted) throw abortedBy(signal)
    if (failures.length > 0) throw failures[0]
    return found
  }

  /** Ranges of texts. All workers of a call take from one iterator. */
  *#cut(texts: readonly string[]): Generator<{ from: number; to: number }> {
    let from = 0
    let chars = 0
    for (const [at, text] of texts.entries()) {
      const isFull = at - from === this.#textsMax || chars + text.length > BATCH_CHARS_MAX
      if (isFull && at > from) {
        yield { from, to: at }
        from = at
        chars = 0
      }
      chars += text.length
    }
    if (texts.length > from) yield { from, to: texts.length }
  }

  async #inTurn(texts: string[], signal: AbortSignal): Promise<Float32Array[]> {
    if (this.#running >= this.#concurrency) await this.#turn(signal)
    else this.#running++
    try {
      return await this.#embedBatch(texts, signal)
    } finally {
      // Its turn goes to the one that waits longest.
      const [next] = this.#waiting
      if (next === undefined) this.#running--
      else next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(next)
        reject(abortedBy(signal))
      }
      const next = (): void => {
        this.#waiting.delete(next)
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      this.#waiting.add(next)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
