// The rules of single values, shared by reads and writes. The engine checks all of them again; here
// they are checked at once, so that the caller's own stack is in the error.

import type { AssociationType, ConceptId } from '../types.js'
import { invalid, overLimit, shortName, show } from './refusal.js'

/** UTF-8 bytes of a namespace's name, of a key and of a label. */
export const NAMESPACE_BYTES_MAX = 64
export const NAME_BYTES_MAX = 512

const ID = /^[0-9a-f]{32}$/
const NAMESPACE = /^[A-Za-z0-9_][A-Za-z0-9._:-]*$/

/** Numbers of the association classes; they are part of the format. */
export const TYPE_NUMBERS: Readonly<Record<AssociationType, number>> = {
  semantic: 0,
  causal: 1,
  temporal: 2,
  hierarchical: 3,
  compositional: 4,
}

/** The association classes by number. */
export const TYPE_NAMES = Object.keys(TYPE_NUMBERS) as AssociationType[]

export function badId(field: string, value: unknown): Error {
  return invalid(field, 'an id is 32 lower-case hexadecimal characters', value ?? null)
}

export function checkId(field: string, value: unknown): asserts value is ConceptId {
  if (typeof value !== 'string' || !ID.test(value)) throw badId(field, value)
}

/** Text that is not empty and has no lone surrogates; its length is for the caller to check. */
export function checkText(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw invalid(field, 'expected a string', value ?? null)
  if (value.length === 0) throw invalid(field, 'must not be empty')
  if (!value.isWellFormed()) throw invalid(field, 'has a lone surrogate, which is no character')
}

/** A key or a label. */
export function checkName(field: string, value: unknown): asserts value is string {
  checkText(field, value)
  if (value.length * 3 <= NAME_BYTES_MAX) return
  const bytes = Buffer.byteLength(value, 'utf8')
  if (bytes > NAME_BYTES_MAX) throw overLimit(field, bytes, NAME_BYTES_MAX)
}

export function checkNamespace(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw invalid(field, 'expected a string', value ?? null)
  if (value.length > NAMESPACE_BYTES_MAX) throw overLimit(field, value.length, NAMESPACE_BYTES_MAX)
  if (NAMESPACE.test(value)) return
  const rule = 'a namespace is letters, digits and . _ : - and starts with a letter, a digit or _'
  throw invalid(field, rule, value)
}

export function checkFraction(field: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return
  throw invalid(field, 'expected a number from 0 to 1', value ?? null)
}

export function checkFinite(field: string, value: unknown): asserts value is number {
  if (typeof value === 'number' && Number.isFinite(value)) return
  throw invalid(field, 'expected a finite number', value ?? null)
}

/** A whole number from `min` to `max`. Over a limit that can be configured, it is ERR_LIMIT. */
export function checkInteger(
  field: string,
  value: unknown,
  min: number,
  max: number,
  isLimit = false,
): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min) {
    throw invalid(field, `expected a whole number from ${min} to ${max}`, value ?? null)
  }
  if (value <= max) return
  if (isLimit) throw overLimit(field, value, max)
  throw invalid(field, `expected a whole number from ${min} to ${max}`, value)
}

export function checkBoolean(field: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalid(field, 'expected true or false', value ?? null)
}

/** Milliseconds of a valid date. */
export function readTime(field: string, value: unknown): number {
  const time = value instanceof Date ? value.getTime() : Number.NaN
  if (Number.isNaN(time)) throw invalid(field, 'expected a valid Date', value ?? null)
  return time
}

/** One of a closed set of words. */
export function checkChoice<T extends string>(
  field: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.includes(value as T)) return
  const list = choices.map((choice) => `'${choice}'`).join(', ')
  throw invalid(field, `expected one of ${list}`, value ?? null)
}

/** Number of an association class. */
export function readType(field: string, value: unknown): number {
  checkChoice(field, value, TYPE_NAMES)
  return TYPE_NUMBERS[value]
}

export function checkSignal(field: string, value: unknown): asserts value is AbortSignal {
  if (value instanceof AbortSignal) return
  throw invalid(field, 'expected an AbortSignal', value ?? null)
}

/** As {@link checkFields}, for a value whose type is not known yet. */
export function checkObject(
  what: string,
  value: unknown,
  names: ReadonlySet<string>,
): asserts value is Record<string, unknown> {
  checkFields(what, value, names)
}

/** Refuses what is no object, and every property that is not among `names`. */
export function checkFields(what: string, value: unknown, names: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(what, 'expected an object', value ?? null)
  }
  for (const name in value) {
    if (!names.has(name)) throw invalid(shortName(name), `unknown field of ${what}`)
  }
}

/** A vector as f32 values: finite and not too long. The namespace decides how long it has to be. */
export function readVector(field: string, value: unknown, dimensionMax: number): Float32Array {
  if (!(value instanceof Float32Array) && !Array.isArray(value)) {
    throw invalid(field, 'expected a Float32Array or an array of numbers', value ?? null)
  }
  checkDimension(field, value.length, dimensionMax)
  const vector = value instanceof Float32Array ? value : new Float32Array(value.length)
  for (let index = 0; index < value.length; index++) {
    const element: unknown = value[index]
    if (typeof element === 'number' && Number.isFinite(Math.fround(element))) {
      if (vector !== value) vector[index] = element
      continue
    }
    throw invalid(`${field}[${index}]`, `every number must be finite, got ${show(element)}`)
  }
  return vector
}

export function checkDimension(field: string, dimension: number, dimensionMax: number): void {
  if (dimension === 0) throw invalid(field, 'must not be empty')
  if (dimension > dimensionMax) throw overLimit(field, dimension, dimensionMax)
}
