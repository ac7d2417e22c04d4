// Which concepts a vector is being written of. While one is, the store does not show it yet, so
// nobody may conclude from what the store shows that a concept has none.

import type { ConceptId } from './types.js'

/** What encoding a write tells and asks about vectors, in a store with an embedder. */
export interface VectorWatch {
  /** The write gives this concept a vector. */
  gives(id: ConceptId): void
  /** Whether the write may leave the vector of this text out, to be filled in later. */
  leaves(id: ConceptId, text: string): boolean
}

/** What one write does about vectors. */
export interface VectorNotes {
  /** Concepts it gives a vector to. */
  readonly given: readonly ConceptId[]
  /** Concepts whose vector it leaves out. */
  readonly left: readonly ConceptId[]
}

export class VectorsUnderWay {
  readonly #counts = new Map<ConceptId, number>()
  /** Of the write that is being encoded. */
  #given = new Set<ConceptId>()
  #left: ConceptId[] = []

  /** Whether a write that is not acknowledged, or the one being encoded, gives it a vector. */
  has(id: ConceptId): boolean {
    return this.#counts.has(id) || this.#given.has(id)
  }

  give(id: ConceptId): void {
    this.#given.add(id)
  }

  leave(id: ConceptId): void {
    this.#left.push(id)
  }

  /** Concepts that the write being encoded leaves without vector so far. */
  get leftCount(): number {
    return this.#left.length
  }

  /** Ends the notes of one write. */
  take(): VectorNotes {
    const notes = { given: [...this.#given], left: this.#left }
    if (notes.given.length > 0) this.#given = new Set()
    if (notes.left.length > 0) this.#left = []
    return notes
  }

  begin(ids: readonly ConceptId[]): void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }

  end(ids: readonly ConceptId[]): void {
    for (const id of ids) {
      const count = this.#counts.get(id) ?? 0
      if (count > 1) this.#counts.set(id, count - 1)
      else this.#counts.delete(id)
    }
  }
}
