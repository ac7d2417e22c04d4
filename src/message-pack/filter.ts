// A filter: written as the engine reads it, which knows what its operators mean. A Date becomes its
// ISO text, as attributes have dates; what is no JSON value otherwise is refused with its path.

import { invalid, overLimit, shortName } from '../validate/refusal.js'
import { MessagePackWriter } from './writer.js'

const DEPTH_MAX = 32
const BYTES_MAX = 64 * 1024

/** One filter at a time is written here, then copied. */
const out = new MessagePackWriter(4096)

/** The bytes of a filter. Throws ERR_INVALID or ERR_LIMIT. */
export function encodeFilter(filter: unknown): Buffer {
  if (!isObject(filter)) throw invalid('filter', 'expected an object of conditions', filter ?? null)
  out.at = 0
  writeObject(filter, 'filter', 1)
  return Buffer.from(out.buffer.subarray(0, out.at))
}

function writeObject(object: Record<string, unknown>, path: string, depth: number): void {
  checkDepth(depth)
  const keys = Object.keys(object)
  out.mapHeader(keys.length)
  for (const key of keys) {
    if (!key.isWellFormed()) throw invalid(path, 'a name has a lone surrogate')
    out.str(key)
    writeValue(object[key], `${path}.${shortName(key)}`, depth)
  }
}

function writeValue(value: unknown, path: string, depth: number): void {
  if (out.at > BYTES_MAX) throw overLimit('filter', out.at, BYTES_MAX)
  if (typeof value === 'string') writeText(value, path)
  else if (typeof value === 'number') writeNumber(value, path)
  else if (typeof value === 'boolean') out.boolean(value)
  else if (value === null) out.nil()
  else if (value instanceof Date) writeDate(value, path)
  else if (Array.isArray(value)) writeArray(value, path, depth + 1)
  else if (isObject(value)) writeObject(value, path, depth + 1)
  // A condition whose value is missing by mistake must not let everything through.
  else throw invalid(path, 'expected a JSON value or a Date', value ?? null)
}

function writeArray(values: readonly unknown[], path: string, depth: number): void {
  checkDepth(depth)
  out.arrayHeader(values.length)
  for (let index = 0; index < values.length; index++) {
    writeValue(values[index], `${path}[${index}]`, depth)
  }
}

function writeText(text: string, path: string): void {
  if (!text.isWellFormed()) throw invalid(path, 'has a lone surrogate, which is no character')
  if (text.length > BYTES_MAX) throw overLimit('filter', text.length, BYTES_MAX)
  out.str(text)
}

function writeNumber(value: number, path: string): void {
  if (!Number.isFinite(value)) throw invalid(path, 'a number must be finite', value)
  out.number(value)
}

function writeDate(date: Date, path: string): void {
  if (Number.isNaN(date.getTime())) throw invalid(path, 'no valid date')
  out.str(date.toISOString())
}

/** This also ends the walk over a value that holds itself. */
function checkDepth(depth: number): void {
  if (depth > DEPTH_MAX) throw overLimit('filter', depth, DEPTH_MAX)
}

/** Objects of classes are refused: a RegExp, a Map or a Set would lose what it means. */
function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Another realm's Object.prototype is told by having no prototype of its own.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
