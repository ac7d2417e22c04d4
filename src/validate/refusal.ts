// How a bad argument is answered: always a SutraError that names the field.

import { SutraError } from '../errors.js'

const SHOWN_CHARS_MAX = 60
const NAME_CHARS_MAX = 80

/** A value of the wrong type, form or range. */
export function invalid(field: string, expected: string, value?: unknown): SutraError {
  const got = value === undefined ? '' : `, got ${show(value)}`
  return new SutraError('ERR_INVALID', `${field}: ${expected}${got}`, {
    field,
    value: isPrimitive(value) ? value : undefined,
  })
}

/** A value over a limit; `value` and `limit` count the same thing. */
export function overLimit(field: string, value: number, limit: number): SutraError {
  const message = `${field}: ${value} is over the limit of ${limit}`
  return new SutraError('ERR_LIMIT', message, { field, value, limit })
}

/** A part of the API that this version does not have. */
export function notAvailable(field: string): SutraError {
  const message = `${field}: is not available in this version`
  return new SutraError('ERR_INVALID', message, { field })
}

/** What a store, a snapshot or a reader answers once it is closed. */
export function closed(what: string): SutraError {
  return new SutraError('ERR_CLOSED', `the ${what} is closed`)
}

/** The same refusal with its field inside of `item`, where it was of `whole`; others unchanged. */
export function inside(item: string, whole: string, error: unknown): unknown {
  if (!(error instanceof SutraError) || error.field === undefined) return error
  const field = error.field === whole ? item : `${item}.${error.field}`
  const message = `${field}${error.message.slice(error.field.length)}`
  return new SutraError(error.code, message, {
    field,
    value: error.value,
    limit: error.limit,
    cause: error.cause,
  })
}

/** A value as it may stand in a message: short, and never by calling the caller's code. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > SHOWN_CHARS_MAX
        ? `${JSON.stringify(value.slice(0, SHOWN_CHARS_MAX))}…`
        : JSON.stringify(value)
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'bigint':
      return 'a BigInt'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return `a ${typeof value}`
  }
}

/** A name that the caller made up, as it may stand in a message. */
export function shortName(name: string): string {
  if (name.length <= NAME_CHARS_MAX) return name
  // The cut may go through a character.
  return `${name.slice(0, NAME_CHARS_MAX).toWellFormed()}…`
}

function isPrimitive(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= SHOWN_CHARS_MAX
  return typeof value === 'number' || typeof value === 'boolean'
}
