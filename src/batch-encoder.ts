// Encodes write calls as batches (crates/format/src/batch.rs has the layout). Checking and encoding
// is one walk: whoever calls takes back what was written when it throws.

import { deriveId } from './derived-id.js'
import { invalid, overLimit } from './validate/refusal.js'
import {
  badId,
  checkDimension,
  checkFinite,
  checkFraction,
  checkName,
  checkNamespace,
  checkObject,
  checkText,
  NAME_BYTES_MAX,
  readTime,
  readType,
} from './validate/fields.js'
import { writeAttributes } from './message-pack/attributes.js'
import type { MessagePackWriter } from './message-pack/writer.js'
import type { ResolvedLimits } from './options.js'
import type { ConceptId } from './types.js'
import type { VectorWatch } from './vectors-under-way.js'

const LEARN = 1
const UPDATE = 2
const DELETE = 3
const ASSOCIATE = 4
const DISSOCIATE = 5

const CONCEPT_FIELDS: ReadonlySet<string> = new Set([
  'content',
  'id',
  'key',
  'namespace',
  'vector',
  'attributes',
  'strength',
  'confidence',
  'validFrom',
  'validTo',
])
const CHANGE_FIELDS: ReadonlySet<string> = new Set(
  [...CONCEPT_FIELDS].filter((name) => !['id', 'key', 'namespace'].includes(name)),
)
const KEY_FIELDS: ReadonlySet<string> = new Set(['source', 'target', 'type', 'label'])
const ASSOCIATION_FIELDS: ReadonlySet<string> = new Set([
  ...KEY_FIELDS,
  'confidence',
  'weight',
  'attributes',
  'validFrom',
  'validTo',
])

/** A vector that the embedder still has to give: where it goes, and the text it is of. */
export interface VectorGap {
  readonly at: number
  readonly text: string
}

/** What encoding needs to know of the store. */
export interface EncodeRules {
  readonly limits: ResolvedLimits
  /** Dimension of the embedder; 0 without one. */
  readonly embedderDimension: number
  /** What has to know of vectors; undefined without an embedder. */
  readonly watch: VectorWatch | undefined
}

/** Writes one operation; throws for bad arguments. */
export type EncodeOperation = (
  out: MessagePackWriter,
  rules: EncodeRules,
  first: unknown,
  second?: unknown,
) => VectorGap | undefined

/** Writes one learn operation. Answers the gap if its vector has to be embedded. */
export function encodeLearn(
  out: MessagePackWriter,
  rules: EncodeRules,
  input: unknown,
): VectorGap | undefined {
  checkObject('concept', input, CONCEPT_FIELDS)
  const { id, key, namespace, content } = input
  out.arrayHeader(11)
  out.byte(LEARN)
  if (id === undefined) out.nil()
  else if (key !== undefined) throw invalid('key', 'give an id or a key, not both')
  else writeId(out, 'id', id)
  writeOptionalName(out, 'key', key)
  if (namespace === undefined) {
    out.nil()
  } else {
    checkNamespace('namespace', namespace)
    out.str(namespace)
  }
  const text = writeContent(out, content, rules.limits.contentBytesMax)
  const named = rules.watch && ((id ?? nameId(key, text, namespace)) as ConceptId)
  const gap = writeVector(out, input.vector, text, rules, named)
  writeOptionalAttributes(out, input.attributes, rules.limits)
  writeOptionalFraction(out, 'strength', input.strength)
  writeOptionalFraction(out, 'confidence', input.confidence)
  writeValidity(out, input.validFrom, input.validTo)
  return gap
}

/** Writes one update operation. Answers the gap if its vector has to be embedded. */
export function encodeUpdate(
  out: MessagePackWriter,
  rules: EncodeRules,
  id: unknown,
  change: unknown,
): VectorGap | undefined {
  checkObject('change', change, CHANGE_FIELDS)
  out.arrayHeader(9)
  out.byte(UPDATE)
  writeId(out, 'id', id)
  let text: string | undefined
  if (change.content === undefined) out.nil()
  else text = writeContent(out, change.content, rules.limits.contentBytesMax)
  const gap = writeVector(out, change.vector, text, rules, id as ConceptId)
  writeOptionalAttributes(out, change.attributes, rules.limits)
  writeOptionalFraction(out, 'strength', change.strength)
  writeOptionalFraction(out, 'confidence', change.confidence)
  writeValidity(out, change.validFrom, change.validTo)
  return gap
}

/** Writes one delete operation. */
export function encodeDelete(out: MessagePackWriter, _rules: EncodeRules, id: unknown): undefined {
  out.arrayHeader(2)
  out.byte(DELETE)
  writeId(out, 'id', id)
}

/** Writes one associate operation. */
export function encodeAssociate(
  out: MessagePackWriter,
  rules: EncodeRules,
  input: unknown,
): undefined {
  checkObject('association', input, ASSOCIATION_FIELDS)
  out.arrayHeader(10)
  out.byte(ASSOCIATE)
  writeAssociationKey(out, input)
  writeOptionalFraction(out, 'confidence', input.confidence)
  if (input.weight === undefined) {
    out.nil()
  } else {
    checkFinite('weight', input.weight)
    out.float(input.weight)
  }
  writeOptionalAttributes(out, input.attributes, rules.limits)
  writeValidity(out, input.validFrom, input.validTo)
}

/** Writes one dissociate operation. */
export function encodeDissociate(
  out: MessagePackWriter,
  _rules: EncodeRules,
  input: unknown,
): undefined {
  checkObject('association', input, KEY_FIELDS)
  out.arrayHeader(5)
  out.byte(DISSOCIATE)
  writeAssociationKey(out, input)
}

function writeAssociationKey(out: MessagePackWriter, input: Record<string, unknown>): void {
  writeId(out, 'source', input.source)
  writeId(out, 'target', input.target)
  out.byte(readType('type', input.type))
  writeOptionalName(out, 'label', input.label)
}

function writeId(out: MessagePackWriter, field: string, id: unknown): void {
  if (typeof id !== 'string' || !out.id(id)) throw badId(field, id)
}

/** The id that the engine derives. */
function nameId(key: unknown, content: string, namespace: string | undefined): ConceptId {
  return key === undefined
    ? deriveId('content', content, namespace)
    : deriveId('key', key, namespace)
}

function writeOptionalName(out: MessagePackWriter, field: string, name: unknown): void {
  if (name === undefined) return out.nil()
  checkName(field, name)
  const bytes = out.str(name)
  if (bytes > NAME_BYTES_MAX) throw overLimit(field, bytes, NAME_BYTES_MAX)
}

function writeContent(out: MessagePackWriter, content: unknown, bytesMax: number): string {
  checkText('content', content)
  if (content.length > bytesMax) throw overLimit('content', content.length, bytesMax)
  const bytes = out.str(content)
  if (bytes > bytesMax) throw overLimit('content', bytes, bytesMax)
  return content
}

function writeVector(
  out: MessagePackWriter,
  vector: unknown,
  text: string | undefined,
  rules: EncodeRules,
  id: ConceptId | undefined,
): VectorGap | undefined {
  const dimensionMax = rules.limits.vectorDimensionMax
  const { watch } = rules
  if (vector === undefined) {
    if (text === undefined || rules.embedderDimension === 0) return void out.nil()
    if (id !== undefined && watch?.leaves(id, text)) return void out.nil()
    if (id !== undefined) watch?.gives(id)
    out.binHeader(4 * rules.embedderDimension)
    const gap = { at: out.at, text }
    out.at += 4 * rules.embedderDimension
    return gap
  }
  if (id !== undefined) watch?.gives(id)
  if (vector instanceof Float32Array) {
    checkDimension('vector', vector.length, dimensionMax)
    // That its numbers are finite is checked by the engine, which does it with SIMD.
    out.vector(vector)
    return undefined
  }
  if (!Array.isArray(vector)) {
    throw invalid('vector', 'expected a Float32Array or an array of numbers', vector)
  }
  checkDimension('vector', vector.length, dimensionMax)
  out.binHeader(4 * vector.length)
  for (let index = 0; index < vector.length; index++) {
    const element: unknown = vector[index]
    if (typeof element !== 'number' || !Number.isFinite(element)) {
      throw invalid(`vector[${index}]`, 'every number must be finite', element ?? null)
    }
    out.vectorElement(element)
  }
  return undefined
}

function writeOptionalAttributes(
  out: MessagePackWriter,
  attributes: unknown,
  limits: ResolvedLimits,
): void {
  if (attributes === undefined) out.nil()
  else writeAttributes(out, attributes, limits.attributesBytesMax)
}

function writeOptionalFraction(out: MessagePackWriter, field: string, value: unknown): void {
  if (value === undefined) return out.nil()
  checkFraction(field, value)
  out.float(value)
}

function writeValidity(out: MessagePackWriter, from: unknown, to: unknown): void {
  const fromMs = writeOptionalTime(out, 'validFrom', from)
  const toMs = writeOptionalTime(out, 'validTo', to)
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) {
    throw invalid('validTo', 'must be after validFrom')
  }
}

function writeOptionalTime(
  out: MessagePackWriter,
  field: string,
  date: unknown,
): number | undefined {
  if (date === undefined) {
    out.nil()
    return undefined
  }
  const time = readTime(field, date)
  out.integer(time)
  return time
}
