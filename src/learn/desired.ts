// What the store shall hold after the run, by key. Contents are not kept: they are written at once.

import type { Attributes, ConceptId } from '../types.js'
import type { ExtractedAssociation } from './extracted.js'

/** A concept that shall be there. */
export interface DesiredConcept {
  /** Undefined until it is known, and for good if the engine refused it. */
  id: ConceptId | undefined
  /** New in this run: the store has no associations of it yet. */
  created: boolean
  associations: DesiredAssociation[]
}

/** An association that shall be there, if one of its targets is. */
export type DesiredAssociation = Omit<ExtractedAssociation, 'source'>

/** The desired state of one collection. */
export class Desired {
  readonly #concepts = new Map<string, DesiredConcept>()

  /** Number of concepts. */
  get size(): number {
    return this.#concepts.size
  }

  /** Adds a concept; undefined if its key is taken, because another file gave it. */
  add(key: string): DesiredConcept | undefined {
    if (this.#concepts.has(key)) return undefined
    const concept: DesiredConcept = { id: undefined, created: false, associations: [] }
    this.#concepts.set(key, concept)
    return concept
  }

  /** True if a concept of that key shall be there. */
  has(key: string): boolean {
    return this.#concepts.has(key)
  }

  /** Adds an association to its source, if that is there. */
  associate({ source, ...association }: ExtractedAssociation): void {
    this.#concepts.get(source)?.associations.push(association)
  }

  /** The first of some keys that has an id. */
  firstId(keys: readonly string[]): ConceptId | undefined {
    for (const key of keys) {
      const id = this.#concepts.get(key)?.id
      if (id !== undefined) return id
    }
    return undefined
  }

  /** All concepts that have an id. */
  *written(): Generator<[DesiredConcept, ConceptId]> {
    for (const concept of this.#concepts.values()) {
      if (concept.id !== undefined) yield [concept, concept.id]
    }
  }
}

/** True if two attributes hold the same JSON, whatever the order of their members. */
export function sameAttributes(
  one: Attributes | undefined,
  other: Attributes | undefined,
): boolean {
  return sameJson(one ?? {}, other ?? {})
}

function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const mine = Object.entries(one)
  const theirs = new Map(Object.entries(other))
  return (
    mine.length === theirs.size &&
    mine.every(([name, value]) => theirs.has(name) && sameJson(value, theirs.get(name)))
  )
}
