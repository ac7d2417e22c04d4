// What an embedder that fails answers: always ERR_IO with the cause, so that nobody takes it for a
// fault of the text.

import { SutraError } from '../errors.js'

/** Why a try failed; the cause of the ERR_IO that the caller gets. */
export class EmbeddingFailure extends Error {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** How long the service asks to be left alone, ms. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    details: { retryable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.retryable = details.retryable === true
    this.retryAfterMs = details.retryAfterMs
  }
}

Object.defineProperty(EmbeddingFailure.prototype, 'name', { value: 'EmbeddingFailure' })

/** The ERR_IO of an embedder that failed. */
export function embedderError(name: string, cause: unknown): SutraError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SutraError('ERR_IO', `embedder ${name}: ${reason}`, { field: 'embedder', cause })
}

/** The caller's signal ended the call. */
export function abortedBy(signal: AbortSignal): SutraError {
  return new SutraError('ERR_ABORTED', 'embedding was aborted', { cause: signal.reason })
}

/** Vectors of another dimension: the embedder was made for another model. */
export function otherDimension(name: string, expected: number, got: number): SutraError {
  const message =
    `dimension: embedder ${name} was made for vectors of ${expected} numbers and got ${got}; ` +
    'give the dimension of the model, and open a store that has it'
  return new SutraError('ERR_CONFIG', message, { field: 'dimension', value: got, limit: expected })
}
