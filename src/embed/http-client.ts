// One POST of JSON to an embedding service, tried again where that may help: time limit, pause,
// size of the answer. What is secret, the API key and the values of headers, is taken out of every
// message before it leaves this file.

import { setTimeout as pause } from 'node:timers/promises'
import type { ResolvedHttpOptions } from './embedder-options.js'
import { abortedBy, EmbeddingFailure } from './embedding-failure.js'

/** The time a client lives in; tests have their own. */
export interface Timing {
  /** Milliseconds since 1970. */
  now(): number
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>
}

export const SYSTEM_TIMING: Timing = {
  now: () => Date.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }),
}

const PAUSE_MS_FIRST = 500
const PAUSE_MS_MAX = 10_000
/** A service that wants to be left alone for longer is told to the caller at once. */
const RETRY_AFTER_MS_MAX = 60_000
/** Room in an answer beside its vectors. */
const ANSWER_BYTES_BASE = 1_048_576
/** A number as text, as long as any encoder writes it. */
const ANSWER_BYTES_PER_NUMBER = 32
const REASON_BYTES_MAX = 4_096
const REASON_CHARS_MAX = 200
const SECRET_CHARS_MIN = 4
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 429])

export class HttpClient {
  readonly #url: URL
  readonly #options: ResolvedHttpOptions
  readonly #timing: Timing

  constructor(url: URL, options: ResolvedHttpOptions, timing: Timing) {
    this.#url = url
    this.#options = options
    this.#timing = timing
  }

  /**
   * The answer to a request for vectors of so many texts, as JSON gives it.
   *
   * @throws EmbeddingFailure, after the last try; ERR_ABORTED.
   */
  async post(request: unknown, texts: number, signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(request)
    const bytesMax = ANSWER_BYTES_BASE + texts * this.#options.dimension * ANSWER_BYTES_PER_NUMBER
    for (let tries = 1; ; tries++) {
      try {
        return await this.#try(body, bytesMax, signal)
      } catch (error) {
        if (signal.aborted) throw abortedBy(signal)
        const failure = this.#failureOf(error, tries)
        const backoffMs = Math.min(PAUSE_MS_FIRST * 2 ** (tries - 1), PAUSE_MS_MAX)
        const pauseMs = failure.retryAfterMs ?? backoffMs
        const isLast = tries > this.#options.retries || pauseMs > RETRY_AFTER_MS_MAX
        if (!failure.retryable || isLast) throw failure
        await this.#sleep(pauseMs, signal)
      }
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#timing.sleep(ms, signal)
    } catch (error) {
      throw signal.aborted ? abortedBy(signal) : error
    }
  }

  /** The limit is for the whole try: connecting, waiting and reading. */
  async #try(body: string, bytesMax: number, signal: AbortSignal): Promise<unknown> {
    const { timeoutMs } = this.#options
    const stop = new AbortController()
    const onAbort = (): void => stop.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const timer = setTimeout(() => {
      stop.abort(new EmbeddingFailure(`no answer within ${timeoutMs} ms`, { retryable: true }))
    }, timeoutMs)
    try {
      return await this.#exchange(body, bytesMax, stop.signal)
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #exchange(body: string, bytesMax: number, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        ...this.#options.headers,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body,
      signal,
      // A redirect would send texts and key to somebody who was not named.
      redirect: 'manual',
    })
    if (!response.ok) throw await this.#refusal(response)
    const bytes = await readUpTo(response, bytesMax)
    if (bytes.isCut) throw new EmbeddingFailure(`the answer has more than ${bytesMax} bytes`)
    try {
      return JSON.parse(bytes.text) as unknown
    } catch {
      // What the parser says quotes the answer, which may quote the request.
      throw new EmbeddingFailure('the answer is not JSON')
    }
  }

  async #refusal(response: Response): Promise<EmbeddingFailure> {
    const { status } = response
    const { text } = await readUpTo(response, REASON_BYTES_MAX)
    const reason = reasonIn(text)
    return new EmbeddingFailure(`HTTP ${status}${reason === '' ? '' : `: ${reason}`}`, {
      retryable: status >= 500 || RETRIED_STATUSES.has(status),
      retryAfterMs: retryAfterMs(response.headers.get('retry-after'), this.#timing.now()),
    })
  }

  /** What to tell the caller, with nothing secret in it. */
  #failureOf(error: unknown, tries: number): EmbeddingFailure {
    const times = tries === 1 ? '' : `, tried ${tries} times`
    // Query strings have keys in them with some services.
    const where = `POST ${this.#url.origin}${this.#url.pathname}${times}`
    if (error instanceof EmbeddingFailure) {
      const { retryable, retryAfterMs, message } = error
      return new EmbeddingFailure(`${where}: ${this.#shown(message)}`, { retryable, retryAfterMs })
    }
    // All that is left comes from fetch: no connection, or one that broke.
    const reason = `${where}: ${this.#shown(networkReason(error))}`
    return new EmbeddingFailure(reason, { retryable: true, cause: error })
  }

  #shown(text: string): string {
    let shown = text
    for (const secret of this.#options.secrets) {
      if (secret.length >= SECRET_CHARS_MIN) shown = shown.replaceAll(secret, '***')
    }
    return shown.replaceAll(/[\p{Cc}\s]+/gu, ' ')
  }
}

/** The body as text, or its beginning. */
async function readUpTo(
  response: Response,
  bytesMax: number,
): Promise<{ text: string; isCut: boolean }> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length
    // Leaving the loop closes the connection: nobody reads the rest.
    if (bytes > bytesMax) return { text: Buffer.concat(chunks).toString('utf8'), isCut: true }
    chunks.push(chunk as Uint8Array)
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isCut: false }
}

/** What a service says of its refusal: `{"error": {"message": ..}}`, `{"error": ..}`, or text. */
function reasonIn(text: string): string {
  let reason: unknown = text
  try {
    const answer = JSON.parse(text) as {
      error?: unknown
      detail?: unknown
      message?: unknown
    } | null
    const said = answer?.error ?? answer?.detail ?? answer?.message
    const inner = (said as { message?: unknown } | undefined)?.message
    reason = inner ?? said ?? text
  } catch {
    // It is text.
  }
  return (typeof reason === 'string' ? reason : text)
    .trim()
    .slice(0, REASON_CHARS_MAX)
    .toWellFormed()
}

/** Seconds, or a date. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  const until = Date.parse(header)
  return Number.isNaN(until) ? undefined : Math.max(0, until - now)
}

/** fetch says only "fetch failed"; the reason is behind it. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (!(cause instanceof Error)) return String(cause)
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return cause.message === '' ? code || cause.name : cause.message
}
