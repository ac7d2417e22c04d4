import { SutraError } from '../../errors.js'
import type { ErrorCode } from '../../errors.js'

/**
 * How long a full disk keeps the server unhealthy without a new refusal, ms. Not for ever: a
 * balancer that sends no writes to an unhealthy server would never find out that it is well.
 */
const DISK_FULL_MS = 10_000

/** Whether the store takes writes, learned from the writes themselves. */
export class WriteHealth {
  readonly #now: () => number
  #refusal: { code: ErrorCode; until: number } | undefined

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** A write went through. */
  accepted(): void {
    this.#refusal = undefined
  }

  /** A write failed. Only failures that will meet the next write as well count. */
  failed(error: unknown): void {
    // An embedder that fails says nothing about the store, and the next write may well succeed.
    if (!(error instanceof SutraError) || error.field === 'embedder') return
    // A failed sync is final until the store is opened again.
    if (error.code === 'ERR_IO' || error.code === 'ERR_CLOSED') {
      this.#refusal = { code: error.code, until: Infinity }
    } else if (error.code === 'ERR_DISK_FULL') {
      this.#refusal = { code: error.code, until: this.#now() + DISK_FULL_MS }
    }
  }

  /** Why writes are refused at present, or undefined if they are not. */
  refusal(): ErrorCode | undefined {
    return this.#refusal !== undefined && this.#now() < this.#refusal.until
      ? this.#refusal.code
      : undefined
  }
}
