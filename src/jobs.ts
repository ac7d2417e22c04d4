// Work of the engine off the JavaScript thread: arguments go through the exchange, the answer comes
// as a message, an AbortSignal becomes a cancellation.

import type { Completions, Message } from './completions.js'
import { SutraError } from './errors.js'
import { MessagePackWriter } from './message-pack/writer.js'
import { exchange, type NativeStore, STALE } from './native.js'

/** Arguments are written here, then copied; nothing in between can run other code. */
const args = new MessagePackWriter()

/** Something that takes jobs: a store or a reader of it. */
export interface JobTarget {
  job(kind: number, token: number, argumentBytes: number): number
}

export interface Job<T> {
  readonly kind: number
  readonly write?: (out: MessagePackWriter) => void
  /** Must not call the addon. */
  readonly decode: (message: Message) => T
  readonly signal?: AbortSignal | undefined
}

export class Jobs {
  readonly #native: NativeStore
  readonly #completions: Completions

  constructor(native: NativeStore, completions: Completions) {
    this.#native = native
    this.#completions = completions
  }

  /** Starts the job and answers the promise of its result. */
  run<T>(target: JobTarget, job: Job<T>): Promise<T> {
    return this.start(target, job) ?? Promise.reject(new SutraError('ERR_CLOSED', 'stale'))
  }

  /** As {@link run}; undefined if the target is a reader that is not the newest any more. */
  start<T>(target: JobTarget, job: Job<T>): Promise<T> | undefined {
    const { signal } = job
    if (signal?.aborted) return Promise.reject(aborted(signal))
    let isStale = false
    const promise = new Promise<T>((resolve, reject) => {
      let token = -1
      const cancel = (): void => void this.#native.cancel(token)
      const settled = (): void => signal && forget(signal, cancel)
      token = this.#completions.add({
        decode: job.decode,
        // An answer that was on its way when the caller gave up comes too late.
        resolve: (result) => {
          settled()
          if (signal?.aborted) reject(aborted(signal))
          else resolve(result as T)
        },
        reject: (error) => (settled(), reject(isAbort(error) ? aborted(signal) : error)),
        bytes: 0,
        period: undefined,
        group: '',
      })
      const answer = target.job(job.kind, token, writeArguments(job))
      isStale = answer === STALE
      if (isStale) this.#completions.forget(token)
      else if (answer < 0) this.#completions.reject(token, exchange.error(0))
      else if (signal !== undefined) listen(signal, cancel)
    })
    return isStale ? undefined : promise
  }
}

/** One listener for each signal, however many jobs it may end: Node warns of more than ten. */
const cancels = new WeakMap<AbortSignal, Set<() => void>>()

function listen(signal: AbortSignal, cancel: () => void): void {
  const listening = cancels.get(signal)
  if (listening !== undefined) {
    listening.add(cancel)
    return
  }
  const added = new Set([cancel])
  cancels.set(signal, added)
  signal.addEventListener('abort', () => added.forEach((each) => each()), { once: true })
}

function forget(signal: AbortSignal, cancel: () => void): void {
  cancels.get(signal)?.delete(cancel)
}

function writeArguments(job: Job<unknown>): number {
  args.at = 0
  job.write?.(args)
  exchange.ensure(args.at)
  return args.buffer.copy(exchange.buffer, 0, 0, args.at)
}

function isAbort(error: unknown): boolean {
  return error instanceof SutraError && error.code === 'ERR_ABORTED'
}

/** What an aborted call answers; the signal's reason is the cause. */
export function aborted(signal: AbortSignal | undefined): SutraError {
  const cause: unknown = signal?.reason
  return new SutraError('ERR_ABORTED', 'aborted by the caller', { cause })
}
