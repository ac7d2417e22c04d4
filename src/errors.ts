// Every error a caller sees: one class, one table. docs/errors.md has an entry per code.

/** What a code means for the caller: HTTP status, worth a retry, and what to do. */
export interface ErrorRow {
  readonly status: number
  readonly retryable: boolean
  readonly advice: string
}

/** All error codes. */
export const ERRORS = {
  ERR_CONFIG: { status: 500, retryable: false, advice: 'Correct the option named.' },
  ERR_INVALID: { status: 400, retryable: false, advice: 'Correct the field named.' },
  ERR_LIMIT: { status: 413, retryable: false, advice: 'Send less, or raise the limit at open.' },
  ERR_NOT_FOUND: { status: 404, retryable: false, advice: 'Treat it as absent.' },
  ERR_CONFLICT: { status: 409, retryable: true, advice: 'Read again, then retry.' },
  ERR_BUSY: { status: 429, retryable: true, advice: 'Wait, then retry.' },
  ERR_LOCKED: { status: 503, retryable: true, advice: 'Close the store in the other process.' },
  ERR_TIMEOUT: { status: 504, retryable: true, advice: 'Retry, or allow more time.' },
  ERR_ABORTED: { status: 499, retryable: false, advice: 'Nothing: the caller aborted it.' },
  ERR_CLOSED: { status: 503, retryable: false, advice: 'Open the store again.' },
  ERR_CORRUPT: { status: 500, retryable: false, advice: 'Stop; check the disk, restore a backup.' },
  ERR_IO: { status: 500, retryable: false, advice: 'Look at the disk, open the store again.' },
  ERR_DISK_FULL: { status: 507, retryable: true, advice: 'Make room on the disk, then retry.' },
  ERR_UNAUTHENTICATED: { status: 401, retryable: false, advice: 'Send valid credentials.' },
  ERR_FORBIDDEN: { status: 403, retryable: false, advice: 'Use a role that may do this.' },
} as const satisfies Record<string, ErrorRow>

/** One of the codes in {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** What an error carries beside its code and message. */
export interface ErrorDetails {
  field?: string | undefined
  value?: unknown
  limit?: number | undefined
  file?: string | undefined
  offset?: number | undefined
  cause?: unknown
}

/** The same symbol in both builds of the package. */
const BRAND = Symbol.for('sutra-storage.SutraError')

/** The only error class of this package. `code` tells the kind; other fields where they apply. */
export class SutraError extends Error {
  readonly code: ErrorCode
  declare readonly field?: string
  declare readonly value?: unknown
  declare readonly limit?: number
  declare readonly file?: string
  declare readonly offset?: number

  constructor(code: ErrorCode, message: string, details?: ErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    if (details === undefined) return
    for (const name of ['field', 'value', 'limit', 'file', 'offset'] as const) {
      if (details[name] === undefined) continue
      Object.defineProperty(this, name, { value: details[name], enumerable: true })
    }
  }

  /** Told by the symbol, not by class: ES modules and CommonJS build have one class each. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SutraError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && BRAND in value
  }

  /** True if the same call may succeed later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }

  /** What the caller can do, in one sentence. */
  get advice(): string {
    return ERRORS[this.code].advice
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return ERRORS[this.code].status
  }
}

Object.defineProperty(SutraError.prototype, 'name', { value: 'SutraError' })
Object.defineProperty(SutraError.prototype, BRAND, { value: true })

/** True if the text is one of our codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text)
}
