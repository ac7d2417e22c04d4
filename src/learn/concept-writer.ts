// Writes concepts that are new or changed, and leaves the others alone.

import { WriteBatches, writeAround } from '../transfer/write-batches.js'
import type { Attributes, ConceptInput, Store } from '../types.js'
import { sameAttributes, type Desired, type DesiredConcept } from './desired.js'
import type { ExtractedConcept } from './extracted.js'
import { storeKey } from './keys.js'
import type { LearnSettings } from './options.js'
import { addProblem, type LearnReport } from './report.js'

/** Half a surrogate pair: not text, and the engine refuses it. JSON escapes can produce one. */
const LONE_SURROGATE = /\p{Surrogate}/gu
/** Bytes of a concept beside its content: key, ids, attributes. An estimate for batch sizes. */
const CONCEPT_BYTES = 512

interface Pending {
  input: ConceptInput
  desired: DesiredConcept
  path: string
}

/** The concepts of one run on their way to the store. */
export class ConceptWriter {
  readonly #store: Store
  readonly #settings: LearnSettings
  readonly #report: LearnReport
  readonly #desired: Desired
  readonly #batches = new WriteBatches<Pending>((items) => this.#write(items))

  constructor(store: Store, settings: LearnSettings, report: LearnReport, desired: Desired) {
    this.#store = store
    this.#settings = settings
    this.#report = report
    this.#desired = desired
  }

  /** Takes a concept found at a path. Of two with one key the first counts. */
  async put(concept: ExtractedConcept, path: string, more: Attributes): Promise<void> {
    const desired = this.#desired.add(concept.key)
    if (desired === undefined) return
    const { namespace, force } = this.#settings
    const input: ConceptInput & { key: string } = {
      key: storeKey(concept.key, this.#report.name),
      namespace,
      content: concept.content.replace(LONE_SURROGATE, '\ufffd'),
      attributes: wellFormed({ kind: concept.kind, path, ...concept.attributes, ...more }),
    }
    const existing = this.#store.getByKey(input.key, { namespace })
    desired.id = existing?.id
    const sameText = existing?.content === input.content && !force
    const same = sameText && sameAttributes(existing.attributes, input.attributes)
    // Where only attributes changed, nobody has to embed the text again.
    if (sameText && !same && existing.vector !== undefined) input.vector = existing.vector
    if (same) this.#report.concepts.unchanged++
    else await this.#batches.add({ input, desired, path }, 3 * input.content.length + CONCEPT_BYTES)
  }

  /** Waits until everything put is written. */
  async drain(): Promise<void> {
    await this.#batches.drain()
  }

  /** Waits until nothing is under way, after a failure elsewhere. */
  async settle(): Promise<void> {
    await this.#batches.settle()
  }

  async #write(items: readonly Pending[]): Promise<void> {
    const write = async (some: readonly Pending[]): Promise<void> => {
      // With `later` a text that is as before would keep the vector it has.
      const options = this.#settings.force ? ({ embed: 'now' } as const) : undefined
      const inputs = some.map((item) => item.input)
      const learned = await this.#store.learnMany(inputs, options)
      for (const [at, result] of learned.entries()) {
        const { desired } = some[at]!
        desired.id = result.id
        desired.created = result.created
        this.#report.concepts[result.created ? 'created' : 'updated']++
        this.#report.sequence = Math.max(this.#report.sequence, result.sequence)
      }
    }
    await writeAround(items, write, ({ path }, error) =>
      addProblem(this.#report, { path, reason: 'refused', message: error.message }),
    )
  }
}

function wellFormed(attributes: Attributes): Attributes {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string') attributes[name] = value.replace(LONE_SURROGATE, '\ufffd')
  }
  return attributes
}
