// An association as read: its ends, type and confidence at once, the rest when first touched.
//
// The addon lays out a list of edges as entries of 24 bytes, f64 confidence | f64 location |
// u32 flags | u32 0, followed by the other end of each as 32 hex characters. Flags: the number of
// the type in the low 8 bits; bit 8 is set if the other end is the source.

import { inspect, type InspectOptions } from 'node:util'
import { decodeMessagePack } from '../message-pack/reader.js'
import { exchange, type NativeReader } from '../native.js'
import type { Association, AssociationType, Attributes, ConceptId, Sequence } from '../types.js'
import { TYPE_NAMES } from '../validate/fields.js'
import {
  CREATED,
  dateField,
  firstText,
  numberField,
  readFields,
  SEQUENCE,
  VALID_FROM,
  VALID_TO,
  WEIGHT,
} from './fixed-fields.js'

/** Bytes of one entry, without the id. */
export const EDGE_BYTES = 24
const ID_CHARS = 32
const TYPE_MASK = 0xff
const OTHER_IS_SOURCE = 0x100

class AssociationView {
  readonly source: ConceptId
  readonly target: ConceptId
  readonly type: AssociationType
  readonly confidence: number
  readonly #reader: NativeReader
  readonly #location: number
  #attributes: Attributes | undefined

  constructor(
    reader: NativeReader,
    location: number,
    source: ConceptId,
    target: ConceptId,
    type: AssociationType,
    confidence: number,
  ) {
    this.source = source
    this.target = target
    this.type = type
    this.confidence = confidence
    this.#reader = reader
    this.#location = location
  }

  get label(): string | undefined {
    readFields(this.#reader.association, this.#location)
    return firstText()
  }

  get weight(): number {
    readFields(this.#reader.association, this.#location)
    return numberField(WEIGHT)
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.#readAttributes())
  }

  #readAttributes(): Attributes {
    const bytes = readFields(this.#reader.associationAttributes, this.#location)
    return bytes === 0 ? {} : (decodeMessagePack(exchange.buffer) as Attributes)
  }

  get createdAt(): Date {
    readFields(this.#reader.association, this.#location)
    return new Date(numberField(CREATED))
  }

  get sequence(): Sequence {
    readFields(this.#reader.association, this.#location)
    return numberField(SEQUENCE)
  }

  get validFrom(): Date | undefined {
    readFields(this.#reader.association, this.#location)
    return dateField(VALID_FROM)
  }

  get validTo(): Date | undefined {
    readFields(this.#reader.association, this.#location)
    return dateField(VALID_TO)
  }

  /** Every field as a plain object. */
  toJSON(): Record<string, unknown> {
    const { source, target, type, label, confidence, weight, attributes } = this
    const { createdAt, sequence, validFrom, validTo } = this
    return {
      source,
      target,
      type,
      ...(label !== undefined && { label }),
      confidence,
      weight,
      attributes,
      createdAt,
      sequence,
      ...(validFrom !== undefined && { validFrom }),
      ...(validTo !== undefined && { validTo }),
    }
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Association ${inspect(this.toJSON(), options)}`
  }
}

/** Makes the view of an association that a reader found. */
export function associationView(
  reader: NativeReader,
  location: number,
  source: ConceptId,
  target: ConceptId,
  type: number,
  confidence: number,
): Association {
  const name = TYPE_NAMES[type] ?? 'semantic'
  const view = new AssociationView(reader, location, source, target, name, confidence)
  return view as unknown as Association
}

/** The edges of one concept that the addon has just laid out in the exchange. */
export function readNeighbors(reader: NativeReader, id: ConceptId, count: number): Association[] {
  const { f64, u32, buffer } = exchange
  const idsAt = count * EDGE_BYTES
  // One crossing for all ids; the parts of the string are cut without copying.
  const ids = buffer.latin1Slice(idsAt, idsAt + count * ID_CHARS)
  const associations: Association[] = []
  for (let index = 0; index < count; index++) {
    const slot = index * 3
    const flags = u32[2 * slot + 4] ?? 0
    const other = ids.substring(index * ID_CHARS, (index + 1) * ID_CHARS)
    const isIncoming = (flags & OTHER_IS_SOURCE) !== 0
    associations.push(
      associationView(
        reader,
        f64[slot + 1] ?? 0,
        isIncoming ? other : id,
        isIncoming ? id : other,
        flags & TYPE_MASK,
        f64[slot] ?? 0,
      ),
    )
  }
  return associations
}
