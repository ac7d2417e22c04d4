// Imported concepts on their way to the store.

import type { SutraError } from '../errors.js'
import type { ConceptInput, Store } from '../types.js'
import type { ImportReport } from './import-report.js'
import { WriteBatches, writeAround } from './write-batches.js'

/** A concept and the line it comes from. */
interface NumberedConcept {
  line: number
  concept: ConceptInput
  /** Two lines with one name are one concept; the later line counts. */
  name: string
}

/** Writes concepts in batches, several at once, but never two of one name at once. */
export class ConceptImport {
  readonly #store: Store
  readonly #report: ImportReport
  readonly #refuse: (line: number, error: SutraError) => void
  readonly #underWay = new Set<string>()
  readonly #batches = new WriteBatches<NumberedConcept>((items) => this.#write(items))

  /** `refuse` takes lines the engine does not accept; what it throws ends the import. */
  constructor(
    store: Store,
    report: ImportReport,
    refuse: (line: number, error: SutraError) => void,
  ) {
    this.#store = store
    this.#report = report
    this.#refuse = refuse
  }

  /** Takes a concept; `bytes` is about what it needs. */
  async add(line: number, concept: ConceptInput, bytes: number): Promise<void> {
    const name = nameOf(concept)
    // Batches under way may be embedded and written in any order; the later line has to win.
    if (this.#underWay.has(name)) await this.drain()
    this.#underWay.add(name)
    await this.#batches.add({ line, concept, name }, bytes)
  }

  /** Waits until everything is written. */
  async drain(): Promise<void> {
    await this.#batches.drain()
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    await this.#batches.settle()
  }

  async #write(items: readonly NumberedConcept[]): Promise<void> {
    const write = async (some: readonly NumberedConcept[]): Promise<void> => {
      for (const result of await this.#store.learnMany(some.map(({ concept }) => concept))) {
        this.#report.concepts[result.created ? 'created' : 'updated']++
        this.#report.sequence = Math.max(this.#report.sequence, result.sequence)
      }
    }
    await writeAround(items, write, ({ line }, error) => this.#refuse(line, error))
    for (const { name } of items) this.#underWay.delete(name)
  }
}

function nameOf({ id, key, namespace = 'default', content }: ConceptInput): string {
  if (id !== undefined) return `id ${id}`
  return key === undefined ? `content ${namespace} ${content}` : `key ${namespace} ${key}`
}
