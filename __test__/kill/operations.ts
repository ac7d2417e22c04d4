// What the writing process does: operation n of a round follows from the seed alone, so that the
// checking process knows it without being told.
import { conceptIdOf } from '../../src/index.js'
import type {
  AssociationInput,
  AssociationKey,
  AssociationType,
  ConceptChange,
  ConceptId,
  ConceptInput,
  Store,
} from '../../src/index.js'
import { Dice } from './dice.js'

/** Dimension of the vectors. */
export const DIMENSION = 16

/** Names of both namespaces that are written to. */
export const NAMESPACES = ['default', 'notes'] as const

/** Concepts that may exist: few, so that they are learned again, changed and deleted. */
const SLOTS = 400

const TYPES: readonly AssociationType[] = ['semantic', 'causal', 'temporal', 'hierarchical']
const LARGE_CONTENT_BYTES_MAX = 40_000

/** One call of the API, and so one commit. */
export type Operation =
  | { kind: 'learn'; input: ConceptInput }
  | { kind: 'learnMany'; inputs: ConceptInput[] }
  | { kind: 'update'; id: ConceptId; change: ConceptChange }
  | { kind: 'delete'; id: ConceptId }
  | { kind: 'associate'; input: AssociationInput }
  | { kind: 'associateMany'; inputs: AssociationInput[] }
  | { kind: 'dissociate'; key: AssociationKey }

/** Operation `index` of a round. */
export function operationOf(seed: number, round: number, index: number): Operation {
  const dice = new Dice(seed, round, index)
  const roll = dice.below(100)
  if (roll < 33) return { kind: 'learn', input: conceptInput(dice) }
  if (roll < 43) return { kind: 'learnMany', inputs: several(dice, conceptInput) }
  if (roll < 57) return { kind: 'update', id: anyId(dice), change: conceptChange(dice) }
  if (roll < 61) return { kind: 'delete', id: anyId(dice) }
  if (roll < 86) return { kind: 'associate', input: associationInput(dice) }
  if (roll < 91) return { kind: 'associateMany', inputs: several(dice, associationInput) }
  return { kind: 'dissociate', key: associationKey(dice) }
}

/** Makes the call and gives the sequence of its commit. */
export async function perform(store: Store, operation: Operation): Promise<number> {
  switch (operation.kind) {
    case 'learn':
      return (await store.learn(operation.input)).sequence
    case 'learnMany':
      return sharedSequence(await store.learnMany(operation.inputs))
    case 'update':
      return (await store.update(operation.id, operation.change)).sequence
    case 'delete':
      return (await store.delete(operation.id)).sequence
    case 'associate':
      return (await store.associate(operation.input)).sequence
    case 'associateMany':
      return sharedSequence(await store.associateMany(operation.inputs))
    case 'dissociate':
      return (await store.dissociate(operation.key)).sequence
  }
}

/** The id under which a concept is stored. */
export function idOf(input: ConceptInput): ConceptId {
  if (input.id !== undefined) return input.id
  const { namespace = 'default', key, content } = input
  return conceptIdOf(key === undefined ? { namespace, content } : { namespace, key })
}

/** A batch is one commit. */
function sharedSequence(results: { sequence: number }[]): number {
  const sequences = new Set(results.map(({ sequence }) => sequence))
  const [sequence] = sequences
  if (sequence === undefined || sequences.size > 1) throw new Error('one batch, several commits')
  return sequence
}

function several<T>(dice: Dice, make: (dice: Dice) => T): T[] {
  return Array.from({ length: dice.between(2, 8) }, () => make(dice))
}

/** What names the concept of a slot: an id, a key, or its content. */
function nameOf(slot: number): ConceptInput {
  const name: ConceptInput = { content: `The concept of slot ${slot}` }
  if (slot % 5 === 0) name.namespace = NAMESPACES[1]
  if (slot % 3 === 0) name.id = slot.toString(16).padStart(32, '5')
  if (slot % 3 === 1) name.key = `slot/${slot}`
  return name
}

function conceptInput(dice: Dice): ConceptInput {
  const input = nameOf(dice.below(SLOTS))
  const isNamed = input.id !== undefined || input.key !== undefined
  return { ...input, ...conceptChange(dice, isNamed ? 0.9 : 0) }
}

function conceptChange(dice: Dice, contentChance = 0.5): ConceptChange {
  const change: ConceptChange = {}
  if (dice.chance(contentChance)) change.content = text(dice)
  if (dice.chance(0.8)) change.vector = vector(dice)
  if (dice.chance(0.7)) change.attributes = attributes(dice)
  if (dice.chance(0.3)) change.strength = dice.fraction()
  if (dice.chance(0.3)) change.confidence = dice.fraction()
  if (dice.chance(0.1)) change.validFrom = new Date(dice.below(1e9))
  if (dice.chance(0.1)) change.validTo = new Date(1e12 + dice.below(1e9))
  return change
}

function text(dice: Dice): string {
  const words = `Größe ${dice.below(1e9)} of ${dice.below(1e9)} 概念. `
  const bytes = dice.chance(0.02) ? dice.below(LARGE_CONTENT_BYTES_MAX) : dice.between(20, 200)
  return words.repeat(Math.ceil(bytes / words.length))
}

function vector(dice: Dice): Float32Array {
  return Float32Array.from({ length: DIMENSION }, () => dice.fraction() - 0.5)
}

function attributes(dice: Dice): Record<string, unknown> {
  return {
    year: dice.between(1900, 2100),
    tags: [text(dice).slice(0, 12), dice.fraction(), dice.chance(0.5), null],
    nested: { depth: dice.below(5) },
  }
}

function anyId(dice: Dice): ConceptId {
  return idOf(nameOf(dice.below(SLOTS)))
}

/** Ends are near each other, so that the same association is met again. */
function associationKey(dice: Dice): AssociationKey {
  const source = dice.below(SLOTS)
  const distance = dice.below(TYPES.length)
  const type = TYPES[distance] as AssociationType
  const target = (source + distance) % SLOTS
  const key: AssociationKey = { source: idOf(nameOf(source)), target: idOf(nameOf(target)), type }
  if (dice.chance(0.5)) key.label = `label ${distance}`
  return key
}

function associationInput(dice: Dice): AssociationInput {
  const input: AssociationInput = associationKey(dice)
  if (dice.chance(0.5)) input.confidence = dice.fraction()
  if (dice.chance(0.3)) input.weight = dice.fraction() * 100 - 50
  if (dice.chance(0.3)) input.attributes = attributes(dice)
  if (dice.chance(0.1)) input.validFrom = new Date(dice.below(1e9))
  return input
}
