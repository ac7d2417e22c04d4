// A few thousand concepts with vectors, attributes and associations, written in rounds that also
// change and delete what earlier rounds wrote. The model knows what must be there.
import { conceptIdOf } from '../../src/index.js'
import type {
  AssociationInput,
  AssociationType,
  ConceptId,
  ConceptInput,
  Store,
} from '../../src/index.js'
import { differences } from '../kill/checker.js'
import { readContents } from '../kill/contents.js'
import { Dice } from '../kill/dice.js'
import { Model } from '../kill/model.js'
import { DIMENSION, perform, type Operation } from '../kill/operations.js'

/** The least that openStore takes: flushes by themselves come as often as they can. */
export const OPTIONS = {
  vectorDimension: DIMENSION,
  durability: 'os',
  memoryThreshold: 1_000,
} as const

/** Concepts that a round learns. */
export const PER_ROUND = 1_500
const BATCH = 100
const TYPES: readonly AssociationType[] = ['semantic', 'causal', 'temporal', 'hierarchical']

export const keyOf = (number: number): string => `concept/${number}`
export const idOf = (number: number): ConceptId => conceptIdOf({ key: keyOf(number) })

export class Workload {
  readonly model = new Model()
  readonly dice: Dice
  readonly seed: number
  /** Numbers of concepts that were ever learned are below this. */
  learned = 0
  /** Numbers that are deleted. */
  readonly deleted = new Set<number>()

  constructor(seed: number) {
    this.seed = seed
    this.dice = new Dice(seed)
  }

  /** A concept that exists. */
  any(): number {
    for (;;) {
      const number = this.dice.below(this.learned)
      if (!this.deleted.has(number)) return number
    }
  }

  /** Writes new concepts, and changes, joins and deletes older ones. */
  async round(store: Store): Promise<void> {
    const operations = [
      ...this.#learns(),
      ...this.#associates(),
      ...Array.from({ length: 150 }, () => this.#update()),
      ...Array.from({ length: 60 }, () => this.#delete()),
      ...Array.from({ length: 20 }, () => this.#learnAgain()),
    ]
    const sequences = operations.map((operation) => perform(store, operation))
    for (const [index, operation] of operations.entries()) {
      const wanted = this.model.apply(operation).sequence
      const sequence = await sequences[index]
      if (wanted !== sequence) throw new Error(`${operation.kind} gave ${sequence}, not ${wanted}`)
    }
  }

  /** What the store holds that it should not, or does not hold that it should. */
  async problems(store: Store): Promise<string[]> {
    return differences(this.model.lines(), await readContents(store)).slice(0, 10)
  }

  vector(): Float32Array {
    return Float32Array.from({ length: DIMENSION }, () => this.dice.fraction() - 0.5)
  }

  #concept(number: number): ConceptInput {
    const input: ConceptInput = { key: keyOf(number), content: `Concept ${number}, größer 概念.` }
    if (number % 8 !== 0) input.vector = this.vector()
    if (number % 3 !== 0) input.attributes = { number, tags: ['a', number % 7], deep: { x: null } }
    if (number % 5 === 0) input.strength = this.dice.fraction()
    return input
  }

  #learns(): Operation[] {
    const operations: Operation[] = []
    for (let from = 0; from < PER_ROUND; from += BATCH) {
      const inputs = Array.from({ length: BATCH }, (_, at) =>
        this.#concept(this.learned + from + at),
      )
      operations.push({ kind: 'learnMany', inputs })
    }
    this.learned += PER_ROUND
    return operations
  }

  #associates(): Operation[] {
    return Array.from({ length: 30 }, () => ({
      kind: 'associateMany',
      inputs: Array.from({ length: 50 }, () => this.#association()),
    }))
  }

  /** The first concepts have many, so that lists of neighbours go through all layers. */
  #association(): AssociationInput {
    const source = this.dice.chance(0.2) ? this.#hub() : this.any()
    const target = this.any()
    const type = this.dice.pick(TYPES)
    const ends = { source: idOf(source), target: idOf(target), type }
    const input: AssociationInput = this.dice.chance(0.5) ? { ...ends, label: 'é' } : ends
    if (this.dice.chance(0.7)) input.confidence = this.dice.fraction()
    if (this.dice.chance(0.2)) input.attributes = { source, target }
    return input
  }

  #hub(): number {
    const hub = this.dice.below(10)
    return this.deleted.has(hub) ? this.any() : hub
  }

  #update(): Operation {
    const number = this.any()
    const roll = this.dice.below(3)
    if (roll === 0) return { kind: 'update', id: idOf(number), change: { vector: this.vector() } }
    const change = roll === 1 ? { confidence: 0.5 } : { content: `Concept ${number}, changed.` }
    return { kind: 'update', id: idOf(number), change }
  }

  #delete(): Operation {
    const number = this.any()
    this.deleted.add(number)
    return { kind: 'delete', id: idOf(number) }
  }

  #learnAgain(): Operation {
    const number = this.dice.pick([...this.deleted])
    this.deleted.delete(number)
    return { kind: 'learnMany', inputs: [this.#concept(number)] }
  }
}
