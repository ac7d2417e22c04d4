// One line of JSONL and what it means: a concept or an association. docs/import-export.md is the
// description for users.

import { SutraError } from '../errors.js'
import type {
  Association,
  AssociationInput,
  AssociationType,
  Attributes,
  Concept,
  ConceptInput,
} from '../types.js'
import { shortName } from '../validate/refusal.js'

/** An end of an association: a key, an id, or a word that may be either. */
export type EndReference = { key: string } | { id: string } | { keyOrId: string }

/** An association whose ends are not looked up yet. */
export interface AssociationRecord {
  source: EndReference
  target: EndReference
  /** Of the keys; that of the import if left out. */
  namespace: string | undefined
  fields: Omit<AssociationInput, 'source' | 'target'>
}

/** What a line says. */
export type ImportRecord =
  | { kind: 'concept'; concept: ConceptInput }
  | { kind: 'association'; association: AssociationRecord }

type Fields = Record<string, unknown>

const CONCEPT_FIELDS = new Set(
  `kind id key namespace content vector vectorBase64 attributes strength confidence validFrom
   validTo`.split(/\s+/),
)
const ASSOCIATION_FIELDS = new Set(
  `kind source target sourceId targetId namespace type label confidence weight attributes
   validFrom validTo`.split(/\s+/),
)
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const F32_BYTES = 4

/**
 * Reads one line. Types and names of fields are checked here, values (ranges, lengths) by the
 * engine. null counts as left out.
 *
 * @throws ERR_INVALID with the field.
 */
export function parseRecord(text: string): ImportRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(undefined, `not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(undefined, 'not a JSON object')
  }
  const fields = withoutNull(value)
  if (fields.kind === 'concept') return { kind: 'concept', concept: conceptOf(fields) }
  if (fields.kind === 'association') {
    return { kind: 'association', association: associationOf(fields) }
  }
  throw invalid('kind', "kind must be 'concept' or 'association'")
}

function conceptOf(fields: Fields): ConceptInput {
  onlyKnown(fields, CONCEPT_FIELDS)
  const content = stringField(fields, 'content')
  if (content === undefined) throw invalid('content', 'content is missing')
  const id = stringField(fields, 'id')
  const key = stringField(fields, 'key')
  const namespace = stringField(fields, 'namespace')
  const vector = vectorOf(fields)
  const strength = numberField(fields, 'strength')
  return {
    content,
    ...(id !== undefined && { id }),
    ...(key !== undefined && { key }),
    ...(namespace !== undefined && { namespace }),
    ...(vector !== undefined && { vector }),
    ...(strength !== undefined && { strength }),
    ...sharedFields(fields),
  }
}

function associationOf(fields: Fields): AssociationRecord {
  onlyKnown(fields, ASSOCIATION_FIELDS)
  const type = stringField(fields, 'type')
  if (type === undefined) throw invalid('type', 'type is missing')
  const label = stringField(fields, 'label')
  const weight = numberField(fields, 'weight')
  return {
    source: endOf(fields, 'source'),
    target: endOf(fields, 'target'),
    namespace: stringField(fields, 'namespace'),
    fields: {
      // Which types there are is the engine's to say.
      type: type as AssociationType,
      ...(label !== undefined && { label }),
      ...(weight !== undefined && { weight }),
      ...sharedFields(fields),
    },
  }
}

function endOf(fields: Fields, name: 'source' | 'target'): EndReference {
  const keyOrId = stringField(fields, name)
  const id = stringField(fields, `${name}Id`)
  if (keyOrId !== undefined && id !== undefined) {
    throw invalid(`${name}Id`, `give ${name} or ${name}Id, not both`)
  }
  if (id !== undefined) return { id }
  if (keyOrId !== undefined) return { keyOrId }
  throw invalid(name, `${name} is missing`)
}

function sharedFields(
  fields: Fields,
): Pick<ConceptInput, 'confidence' | 'attributes' | 'validFrom' | 'validTo'> {
  const confidence = numberField(fields, 'confidence')
  const attributes = attributesField(fields)
  const validFrom = dateField(fields, 'validFrom')
  const validTo = dateField(fields, 'validTo')
  return {
    ...(confidence !== undefined && { confidence }),
    ...(attributes !== undefined && { attributes }),
    ...(validFrom !== undefined && { validFrom }),
    ...(validTo !== undefined && { validTo }),
  }
}

function vectorOf(fields: Fields): Float32Array | undefined {
  const { vector } = fields
  const encoded = stringField(fields, 'vectorBase64')
  if (vector !== undefined && encoded !== undefined) {
    throw invalid('vectorBase64', 'give vector or vectorBase64, not both')
  }
  if (encoded !== undefined) return vectorFromBase64(encoded)
  if (vector === undefined) return undefined
  if (!Array.isArray(vector) || !vector.every((one) => typeof one === 'number')) {
    throw invalid('vector', 'vector must be an array of numbers')
  }
  return Float32Array.from(vector)
}

function vectorFromBase64(text: string): Float32Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) {
    throw invalid('vectorBase64', 'vectorBase64 is not base64')
  }
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % F32_BYTES !== 0) {
    throw invalid('vectorBase64', `vectorBase64 has ${bytes.length} bytes, not a multiple of 4`)
  }
  // Copied, because a view would need an offset that is a multiple of 4.
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** The bytes as they are in memory: every platform this package is built for is little-endian. */
function vectorToBase64({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** The line of a concept, without a newline. Importing it gives the same concept. */
export function conceptLine(concept: Concept, options: { vector: boolean }): string {
  const { id, key, namespace, content, attributes, strength, confidence } = concept
  const vector = options.vector ? concept.vector : undefined
  return JSON.stringify({
    kind: 'concept',
    // The id of a concept with a key follows from the key.
    ...(key === undefined ? { id } : { key }),
    ...(namespace !== 'default' && { namespace }),
    content,
    ...(vector !== undefined && { vectorBase64: vectorToBase64(vector) }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(strength !== 1 && { strength }),
    ...(confidence !== 1 && { confidence }),
    ...validity(concept),
  })
}

/** The line of an association, without a newline. */
export function associationLine(association: Association): string {
  const { source, target, type, label, confidence, weight, attributes } = association
  return JSON.stringify({
    kind: 'association',
    sourceId: source,
    targetId: target,
    type,
    ...(label !== undefined && { label }),
    ...(confidence !== 1 && { confidence }),
    ...(weight !== 1 && { weight }),
    ...(attributes !== undefined && Object.keys(attributes).length > 0 && { attributes }),
    ...validity(association),
  })
}

function validity({ validFrom, validTo }: { validFrom?: Date; validTo?: Date }) {
  return {
    ...(validFrom !== undefined && { validFrom: validFrom.toISOString() }),
    ...(validTo !== undefined && { validTo: validTo.toISOString() }),
  }
}

/** The same object: it was parsed for this line and belongs to nobody else. */
function withoutNull(value: object): Fields {
  const fields = value as Fields
  for (const name of Object.keys(fields)) if (fields[name] === null) delete fields[name]
  return fields
}

/** A misspelt field would be lost silently, so it is refused. */
function onlyKnown(fields: Fields, known: ReadonlySet<string>): void {
  for (const name of Object.keys(fields)) {
    if (known.has(name)) continue
    const shown = shortName(name)
    throw invalid(shown, `unknown field ${JSON.stringify(shown)}`)
  }
}

function stringField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalid(name, `${name} must be a string`)
}

function numberField(fields: Fields, name: string): number | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === 'number') return value
  throw invalid(name, `${name} must be a number`)
}

function attributesField({ attributes }: Fields): Attributes | undefined {
  if (attributes === undefined) return undefined
  if (typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes)) {
    return attributes as Attributes
  }
  throw invalid('attributes', 'attributes must be an object')
}

/** An ISO 8601 time, or milliseconds since 1970. */
function dateField(fields: Fields, name: string): Date | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' || typeof value === 'number') {
    const date = new Date(value)
    if (!Number.isNaN(date.getTime())) return date
  }
  throw invalid(name, `${name} must be an ISO 8601 time or milliseconds since 1970`)
}

function invalid(field: string | undefined, message: string): SutraError {
  return new SutraError('ERR_INVALID', message, { field })
}
