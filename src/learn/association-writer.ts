// Makes the associations of learned concepts what the files say: writes what is new or changed,
// removes what the learner wrote and no file says any more. Associations of others stay.

import { WriteBatches, writeAround } from '../transfer/write-batches.js'
import { Turns } from '../turns.js'
import type { Association, AssociationInput, AssociationKey, ConceptId, Store } from '../types.js'
import { sameAttributes, type Desired, type DesiredConcept } from './desired.js'
import type { LearnSettings } from './options.js'
import { addProblem, type LearnReport } from './report.js'

/** Bytes of an encoded association. An estimate for batch sizes. */
const ASSOCIATION_BYTES = 200

/** The associations of one run on their way to the store. */
export class AssociationWriter {
  readonly #store: Store
  readonly #settings: LearnSettings
  readonly #report: LearnReport
  readonly #marker: string
  readonly #written = new WriteBatches<AssociationInput>((items) => this.#write(items))
  readonly #removed = new WriteBatches<AssociationKey>((items) => this.#remove(items))

  /** `marker` is the attribute that tells our associations from those of others. */
  constructor(store: Store, settings: LearnSettings, report: LearnReport, marker: string) {
    this.#store = store
    this.#settings = settings
    this.#report = report
    this.#marker = marker
  }

  /** Brings the associations of all concepts up to date. `onConcept` is called after each. */
  async bring(desired: Desired, onConcept: () => void): Promise<void> {
    const turns = new Turns()
    for (const [concept, id] of desired.written()) {
      await turns.next()
      const wanted = this.#wanted(desired, concept, id)
      if (!concept.created) await this.#compare(id, wanted)
      for (const association of wanted.values()) {
        await this.#written.add(association, ASSOCIATION_BYTES)
      }
      onConcept()
    }
    await this.#written.drain()
    await this.#removed.drain()
  }

  /** Waits until nothing is under way, after a failure elsewhere. */
  async settle(): Promise<void> {
    await Promise.all([this.#written.settle(), this.#removed.settle()])
  }

  #wanted(
    desired: Desired,
    { associations }: DesiredConcept,
    source: ConceptId,
  ): Map<string, AssociationInput> {
    const wanted = new Map<string, AssociationInput>()
    for (const { targets, type, label, attributes } of associations) {
      const target = desired.firstId(targets)
      if (target === undefined) this.#report.unresolved++
      else if (target !== source) {
        const association: AssociationInput = {
          source,
          target,
          type,
          label,
          attributes: { ...attributes, learnedFrom: this.#marker },
        }
        wanted.set(identity(association), association)
      }
    }
    return wanted
  }

  /** Takes out of `wanted` what is there already, and removes what is there and not wanted. */
  async #compare(source: ConceptId, wanted: Map<string, AssociationInput>): Promise<void> {
    for (const existing of this.#store.neighbors(source, { direction: 'out' })) {
      const name = identity(existing)
      const same = wanted.get(name)
      const isOurs = existing.attributes?.learnedFrom === this.#marker
      if (same !== undefined) {
        const unchanged = !isOurs || sameAttributes(existing.attributes, same.attributes)
        if (!unchanged) continue
        wanted.delete(name)
        this.#report.associations.unchanged++
      } else if (isOurs) await this.#removed.add(keyOf(existing), ASSOCIATION_BYTES)
    }
  }

  async #write(items: readonly AssociationInput[]): Promise<void> {
    const write = async (some: readonly AssociationInput[]): Promise<void> => {
      for (const result of await this.#store.associateMany([...some])) {
        this.#report.associations[result.created ? 'created' : 'updated']++
        this.#report.sequence = Math.max(this.#report.sequence, result.sequence)
      }
    }
    await writeAround(items, write, (item, error) => {
      const path = this.#store.get(item.source, { namespace: this.#settings.namespace })?.key ?? ''
      addProblem(this.#report, { path, reason: 'refused', message: error.message })
    })
  }

  async #remove(items: readonly AssociationKey[]): Promise<void> {
    const results = await Promise.all(items.map((item) => this.#store.dissociate(item)))
    for (const { deleted, sequence } of results) {
      if (deleted) this.#report.associations.deleted++
      this.#report.sequence = Math.max(this.#report.sequence, sequence)
    }
  }
}

function identity({ target, type, label }: AssociationKey): string {
  return `${target} ${type} ${label ?? ''}`
}

function keyOf({ source, target, type, label }: Association): AssociationKey {
  return { source, target, type, ...(label !== undefined && { label }) }
}
