// What a store must hold after a list of operations, worked out without the engine.
//
// Both the model and what is read from a store (contents.ts) are maps of lines: one for each
// concept and one for each half of an association, so that comparing them is comparing texts.
import type { AssociationInput, AssociationKey, ConceptId, ConceptInput } from '../../src/index.js'
import { idOf, type Operation } from './operations.js'

/** Every field of a concept that does not depend on the clock. */
export interface ConceptFields {
  readonly content: string
  readonly namespace: string
  readonly key: string | undefined
  readonly vector: Float32Array | undefined
  readonly attributes: Record<string, unknown>
  readonly strength: number
  readonly confidence: number
  readonly validFrom: Date | undefined
  readonly validTo: Date | undefined
  readonly sequence: number
}

/** The same of an association. */
export interface AssociationFields {
  readonly confidence: number
  readonly weight: number
  readonly attributes: Record<string, unknown>
  readonly validFrom: Date | undefined
  readonly validTo: Date | undefined
  readonly sequence: number
}

/** What the store counts. */
export interface Counts {
  readonly sequence: number
  readonly concepts: number
  readonly edges: number
  readonly vectors: number
}

/** How an operation ends: with the sequence of its commit, or refused. */
export type Prediction =
  { readonly sequence: number } | { readonly sequence: undefined; readonly code: 'ERR_NOT_FOUND' }

const NOT_FOUND: Prediction = { sequence: undefined, code: 'ERR_NOT_FOUND' }

export const COUNTS_LINE = 'counts'

export function conceptLine(id: ConceptId): string {
  return `concept ${id}`
}

/** One half of an association: as its source has it, or as its target has it. */
export function halfLine(half: 'out' | 'in', key: AssociationKey): string {
  return `${half} ${edgeName(key)}`
}

export function conceptText(fields: ConceptFields): string {
  const { content, namespace, key, vector, attributes, strength, confidence } = fields
  const { validFrom, validTo, sequence } = fields
  const bytes = vector && Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  const hex = bytes?.toString('hex')
  const rest = { attributes, strength, confidence, validFrom, validTo, sequence }
  return JSON.stringify({ content, namespace, key, vector: hex, ...rest })
}

export function associationText(fields: AssociationFields): string {
  const { confidence, weight, attributes, validFrom, validTo, sequence } = fields
  return JSON.stringify({ confidence, weight, attributes, validFrom, validTo, sequence })
}

export function countsText({ sequence, concepts, edges, vectors }: Counts): string {
  return JSON.stringify({ sequence, concepts, edges, vectors })
}

interface Edge {
  readonly key: AssociationKey
  readonly fields: AssociationFields
}

/** The state of one store, and the lines that say it. */
export class Model {
  readonly #concepts = new Map<ConceptId, ConceptFields>()
  readonly #edges = new Map<string, Edge>()
  /** Names of the edges at each concept, in and out. */
  readonly #edgesAt = new Map<ConceptId, Set<string>>()
  readonly #lines = new Map<string, string>()
  #sequence = 0

  /** What a store in this state reads as. Changes with the model. */
  lines(): ReadonlyMap<string, string> {
    this.#lines.set(COUNTS_LINE, countsText(this.counts()))
    return this.#lines
  }

  counts(): Counts {
    let vectors = 0
    for (const { vector } of this.#concepts.values()) if (vector !== undefined) vectors++
    const sequence = this.#sequence
    return { sequence, concepts: this.#concepts.size, edges: this.#edges.size, vectors }
  }

  apply(operation: Operation): Prediction {
    switch (operation.kind) {
      case 'learn':
        return this.#commit(() => this.#learn(operation.input))
      case 'learnMany':
        return this.#commit(() => operation.inputs.forEach((input) => this.#learn(input)))
      case 'update':
        return this.#update(operation)
      case 'delete':
        if (!this.#concepts.has(operation.id)) return { sequence: this.#sequence }
        return this.#commit(() => this.#delete(operation.id))
      case 'associate':
        return this.#associate([operation.input])
      case 'associateMany':
        return this.#associate(operation.inputs)
      case 'dissociate':
        if (!this.#edges.has(edgeName(operation.key))) return { sequence: this.#sequence }
        return this.#commit(() => this.#dissociate(edgeName(operation.key)))
    }
  }

  /** Each commit that changes something has the next sequence. */
  #commit(change: () => void): Prediction {
    this.#sequence++
    change()
    return { sequence: this.#sequence }
  }

  #learn(input: ConceptInput): void {
    const id = idOf(input)
    const before = this.#concepts.get(id)
    this.#put(id, {
      content: input.content,
      namespace: input.namespace ?? 'default',
      key: input.key ?? before?.key,
      ...this.#changed(before, input),
    })
  }

  #update({ id, change }: Operation & { kind: 'update' }): Prediction {
    const before = this.#concepts.get(id)
    if (before === undefined) return NOT_FOUND
    const { namespace, key } = before
    const content = change.content ?? before.content
    return this.#commit(() =>
      this.#put(id, { content, namespace, key, ...this.#changed(before, change) }),
    )
  }

  /** A field that is not given stays as it was, or has its default. */
  #changed(
    before: ConceptFields | undefined,
    given: Partial<ConceptInput>,
  ): Omit<ConceptFields, 'content' | 'namespace' | 'key'> {
    return {
      vector: (given.vector as Float32Array | undefined) ?? before?.vector,
      attributes: given.attributes ?? before?.attributes ?? {},
      strength: given.strength ?? before?.strength ?? 1,
      confidence: given.confidence ?? before?.confidence ?? 1,
      validFrom: given.validFrom ?? before?.validFrom,
      validTo: given.validTo ?? before?.validTo,
      sequence: this.#sequence,
    }
  }

  #put(id: ConceptId, fields: ConceptFields): void {
    this.#concepts.set(id, fields)
    this.#lines.set(conceptLine(id), conceptText(fields))
  }

  #delete(id: ConceptId): void {
    this.#concepts.delete(id)
    this.#lines.delete(conceptLine(id))
    for (const name of this.#edgesAt.get(id) ?? []) this.#dissociate(name)
  }

  /** All of them or none. */
  #associate(inputs: readonly AssociationInput[]): Prediction {
    const ends = inputs.flatMap(({ source, target }) => [source, target])
    if (!ends.every((id) => this.#concepts.has(id))) return NOT_FOUND
    return this.#commit(() => inputs.forEach((input) => this.#putEdge(input)))
  }

  #putEdge(given: AssociationInput): void {
    const name = edgeName(given)
    const before = this.#edges.get(name)?.fields
    const fields = {
      confidence: given.confidence ?? before?.confidence ?? 1,
      weight: given.weight ?? before?.weight ?? 1,
      attributes: given.attributes ?? before?.attributes ?? {},
      validFrom: given.validFrom ?? before?.validFrom,
      validTo: given.validTo ?? before?.validTo,
      sequence: this.#sequence,
    }
    this.#edges.set(name, { key: given, fields })
    for (const id of [given.source, given.target]) {
      const names = this.#edgesAt.get(id) ?? new Set()
      this.#edgesAt.set(id, names.add(name))
    }
    this.#lines.set(halfLine('out', given), associationText(fields))
    this.#lines.set(halfLine('in', given), associationText(fields))
  }

  #dissociate(name: string): void {
    const edge = this.#edges.get(name)
    if (edge === undefined) return
    this.#edges.delete(name)
    this.#lines.delete(halfLine('out', edge.key))
    this.#lines.delete(halfLine('in', edge.key))
    this.#edgesAt.get(edge.key.source)?.delete(name)
    this.#edgesAt.get(edge.key.target)?.delete(name)
  }
}

function edgeName({ source, target, type, label = '' }: AssociationKey): string {
  return `${source} ${target} ${type} ${label}`
}
