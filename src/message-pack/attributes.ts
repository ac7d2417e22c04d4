// Attributes: checked and written in one walk. Only JSON values pass; a value that JSON would drop
// or change (a Date, NaN, undefined in an array) is refused with its path.

import { invalid, overLimit, shortName } from '../validate/refusal.js'
import type { MessagePackWriter } from './writer.js'

/** How deep attributes may be nested; this also ends the walk over a value that holds itself. */
const DEPTH_MAX = 64

interface Walk {
  readonly out: MessagePackWriter
  readonly start: number
  readonly bytesMax: number
}

/** Writes the map and answers its bytes. */
export function writeAttributes(out: MessagePackWriter, value: unknown, bytesMax: number): void {
  if (!isPlainObject(value)) {
    throw invalid('attributes', 'expected an object of JSON values', value ?? null)
  }
  const walk = { out, start: out.at, bytesMax }
  writeMap(walk, value, 'attributes', 1)
  checkBytes(walk)
}

function writeMap(walk: Walk, map: Record<string, unknown>, path: string, depth: number): void {
  checkDepth(path, depth)
  const keys = Object.keys(map)
  let pairs = keys.length
  // A value that is undefined is no property in JSON, so it is not counted.
  for (const key of keys) if (map[key] === undefined) pairs--
  walk.out.mapHeader(pairs)
  for (const key of keys) {
    const value = map[key]
    if (value === undefined) continue
    if (!key.isWellFormed()) throw invalid(path, 'a name has a lone surrogate')
    walk.out.str(key)
    // The path is only built where it may be needed: below an object, or for a refusal.
    if (!writeScalar(walk, value)) writeNested(walk, value, `${path}.${shortName(key)}`, depth)
  }
}

function writeArray(walk: Walk, values: unknown[], path: string, depth: number): void {
  checkDepth(path, depth)
  walk.out.arrayHeader(values.length)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (!writeScalar(walk, value)) writeNested(walk, value, `${path}[${index}]`, depth)
  }
}

/** False for what is no valid scalar: it is nested, or refused there. */
function writeScalar(walk: Walk, value: unknown): boolean {
  const { out } = walk
  if (typeof value === 'string') {
    if (!value.isWellFormed()) return false
    if (value.length > walk.bytesMax) throw overLimit('attributes', value.length, walk.bytesMax)
    out.str(value)
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) return false
    out.number(value)
  } else if (typeof value === 'boolean') {
    out.boolean(value)
  } else if (value === null) {
    out.nil()
  } else {
    return false
  }
  if (out.at - walk.start > walk.bytesMax) checkBytes(walk)
  return true
}

function writeNested(walk: Walk, value: unknown, path: string, depth: number): void {
  if (Array.isArray(value)) return writeArray(walk, value, path, depth + 1)
  if (isPlainObject(value)) return writeMap(walk, value, path, depth + 1)
  if (typeof value === 'string') throw invalid(path, 'has a lone surrogate, which is no character')
  if (typeof value === 'number') throw invalid(path, 'a number must be finite', value)
  if (value === undefined) throw invalid(path, 'undefined is no JSON value')
  throw invalid(path, 'only JSON values can be stored', value)
}

function checkDepth(path: string, depth: number): void {
  if (depth > DEPTH_MAX) throw invalid(path, `nested deeper than ${DEPTH_MAX}`)
}

function checkBytes(walk: Walk): void {
  const bytes = walk.out.at - walk.start
  if (bytes > walk.bytesMax) throw overLimit('attributes', bytes, walk.bytesMax)
}

/** Objects of classes are refused: what makes them more than their properties would be lost. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Another realm's Object.prototype is told by having no prototype of its own.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
