// A concept as read: its id and sequence at once, everything else when first touched. The view
// holds the reader that found it, so it stays valid after later writes and after close().

import { inspect, type InspectOptions } from 'node:util'
import { decodeMessagePack } from '../message-pack/reader.js'
import { exchange, type NativeReader } from '../native.js'
import type { Attributes, Concept, ConceptId, Sequence } from '../types.js'
import {
  CONFIDENCE,
  CREATED,
  dateField,
  firstText,
  numberField,
  readFields,
  secondText,
  STRENGTH,
  UPDATED,
  VALID_FROM,
  VALID_TO,
} from './fixed-fields.js'

/** Dimension of the vector that was read last. */
let lastDimension = 0

class ConceptView {
  readonly id: ConceptId
  readonly sequence: Sequence
  readonly #reader: NativeReader
  readonly #location: number
  readonly #hasVector: boolean
  #content: string | undefined
  #attributes: Attributes | undefined
  #vector: Float32Array | undefined

  constructor(
    reader: NativeReader,
    id: ConceptId,
    location: number,
    sequence: Sequence,
    hasVector: boolean,
  ) {
    this.id = id
    this.sequence = sequence
    this.#reader = reader
    this.#location = location
    this.#hasVector = hasVector
  }

  get content(): string {
    return (this.#content ??= this.#readContent())
  }

  #readContent(): string {
    const content = this.#reader.content(this.#location)
    if (typeof content !== 'string') throw exchange.error(0)
    return content
  }

  get attributes(): Attributes {
    return (this.#attributes ??= this.#readAttributes())
  }

  #readAttributes(): Attributes {
    const bytes = readFields(this.#reader.attributes, this.#location)
    return bytes === 0 ? {} : (decodeMessagePack(exchange.buffer) as Attributes)
  }

  get vector(): Float32Array | undefined {
    if (!this.#hasVector) return undefined
    return (this.#vector ??= this.#readVector())
  }

  #readVector(): Float32Array | undefined {
    // Vectors of one store are mostly of one dimension, so the first try mostly fits.
    const vector = new Float32Array(lastDimension)
    const dimension = exchange.check(this.#reader.vector(this.#location, vector))
    if (dimension === lastDimension || dimension === 0) return dimension === 0 ? undefined : vector
    lastDimension = dimension
    return this.#readVector()
  }

  get namespace(): string {
    readFields(this.#reader.concept, this.#location)
    return firstText() ?? ''
  }

  get key(): string | undefined {
    readFields(this.#reader.concept, this.#location)
    return secondText()
  }

  get strength(): number {
    readFields(this.#reader.concept, this.#location)
    return numberField(STRENGTH)
  }

  get confidence(): number {
    readFields(this.#reader.concept, this.#location)
    return numberField(CONFIDENCE)
  }

  get createdAt(): Date {
    readFields(this.#reader.concept, this.#location)
    return new Date(numberField(CREATED))
  }

  get updatedAt(): Date {
    readFields(this.#reader.concept, this.#location)
    return new Date(numberField(UPDATED))
  }

  get validFrom(): Date | undefined {
    readFields(this.#reader.concept, this.#location)
    return dateField(VALID_FROM)
  }

  get validTo(): Date | undefined {
    readFields(this.#reader.concept, this.#location)
    return dateField(VALID_TO)
  }

  /** Every field as a plain object; the vector as an array, which JSON needs. */
  toJSON(): Record<string, unknown> {
    const plain = this.#plain()
    return this.vector === undefined ? plain : { ...plain, vector: Array.from(this.vector) }
  }

  #plain(): Record<string, unknown> {
    const { id, key, namespace, content, attributes, vector, strength, confidence } = this
    const { createdAt, updatedAt, sequence, validFrom, validTo } = this
    return {
      id,
      ...(key !== undefined && { key }),
      namespace,
      content,
      attributes,
      ...(vector !== undefined && { vector }),
      strength,
      confidence,
      createdAt,
      updatedAt,
      sequence,
      ...(validFrom !== undefined && { validFrom }),
      ...(validTo !== undefined && { validTo }),
    }
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Concept ${inspect(this.#plain(), options)}`
  }
}

/** Makes the view of a concept that a reader found. */
export function conceptView(
  reader: NativeReader,
  id: ConceptId,
  location: number,
  sequence: Sequence,
  hasVector = true,
): Concept {
  // Optional fields are getters here, which the compiler tells from absent properties.
  return new ConceptView(reader, id, location, sequence, hasVector) as unknown as Concept
}
