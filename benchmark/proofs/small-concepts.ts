// What proof:scale writes: concepts made up from their numbers, so that neither the writing nor the
// checking keeps a list. A concept is written in the round of its number; in two later rounds, when
// the store is twice as large, some of that old round are updated and some are deleted, so garbage
// appears everywhere in the store and not only in its newest part.

import type { AssociationInput, ConceptInput } from '../../src/index.js'

/** Concepts written in one round, by one call. */
export const ROUND = 1000

/** Of 1,000 concepts. Each is updated or deleted once at most. */
const UPDATED = 200
const DELETED = 100
/** Of 1,000 concepts: those with an association to an earlier one. */
const LINKED = 250

const WORDS = ['heart', 'river', 'copper', 'signal', 'garden', 'winter', 'engine', 'letter']
const TEXT_CHARS = 60

export type IdOf = (key: string) => string

/** What a round does, in this order. */
export interface Round {
  readonly concepts: ConceptInput[]
  readonly associations: AssociationInput[]
  readonly updates: { readonly key: string; readonly id: string; readonly content: string }[]
  readonly deletions: string[]
}

export class SmallConcepts {
  readonly count: number
  readonly rounds: number
  readonly #idOf: IdOf

  /** `count` is rounded up to whole rounds. */
  constructor(count: number, idOf: IdOf) {
    this.rounds = Math.ceil(count / ROUND)
    this.count = this.rounds * ROUND
    this.#idOf = idOf
  }

  id(number: number): string {
    return this.#idOf(keyOf(number))
  }

  round(round: number): Round {
    const from = round * ROUND
    const visited = (round >> 1) * ROUND
    const isUpdating = round % 2 === 0
    const concepts: ConceptInput[] = []
    const associations: AssociationInput[] = []
    const updates: Round['updates'] = []
    const deletions: string[] = []
    for (let number = from; number < from + ROUND; number++) {
      concepts.push({ key: keyOf(number), content: firstText(number) })
      const target = linkOf(number)
      if (target === undefined) continue
      associations.push({ source: this.id(number), target: this.id(target), type: 'semantic' })
    }
    for (let number = visited; number < visited + ROUND; number++) {
      const fate = fateOf(number)
      if (isUpdating && fate === 'updated') {
        updates.push({ key: keyOf(number), id: this.id(number), content: secondText(number) })
      } else if (!isUpdating && fate === 'deleted') deletions.push(this.id(number))
    }
    return { concepts, associations, updates, deletions }
  }

  /** The text that a concept has after so many rounds, undefined if it is not there. */
  textAfter(number: number, rounds: number): string | undefined {
    if (isDeletedBefore(number, rounds)) return undefined
    const isUpdated = fateOf(number) === 'updated' && updateRound(number) < rounds
    return isUpdated ? secondText(number) : firstText(number)
  }

  /** The number of the concept to which this one has an association after so many rounds. */
  linkAfter(number: number, rounds: number): number | undefined {
    const target = linkOf(number)
    if (target === undefined || isDeletedBefore(number, rounds)) return undefined
    return isDeletedBefore(target, rounds) ? undefined : target
  }
}

export function keyOf(number: number): string {
  return `concept ${number}`
}

function firstText(number: number): string {
  return textOf(number, 'note')
}

function secondText(number: number): string {
  return textOf(number, 'note, corrected,')
}

/** About {@link TEXT_CHARS} characters of ASCII. */
function textOf(number: number, kind: string): string {
  let text = `${kind} ${number} about`
  for (let word = 0; text.length < TEXT_CHARS - 4; word++) {
    text += ` ${WORDS[hash(number, 10 + word) % WORDS.length]}`
  }
  return text
}

type Fate = 'kept' | 'updated' | 'deleted'

function fateOf(number: number): Fate {
  const die = hash(number, 1) % 1000
  if (die < UPDATED) return 'updated'
  return die < UPDATED + DELETED ? 'deleted' : 'kept'
}

function roundOf(number: number): number {
  return Math.floor(number / ROUND)
}

function updateRound(number: number): number {
  return 2 * roundOf(number)
}

function deletionRound(number: number): number {
  return 2 * roundOf(number) + 1
}

/** Whether it was deleted when so many rounds were done. */
function isDeletedBefore(number: number, rounds: number): boolean {
  return fateOf(number) === 'deleted' && deletionRound(number) < rounds
}

/** An earlier concept that is there in the round in which the association is written. */
function linkOf(number: number): number | undefined {
  if (number === 0 || hash(number, 2) % 1000 >= LINKED) return undefined
  const target = Math.floor((hash(number, 3) / 2 ** 32) * number)
  return isDeletedBefore(target, roundOf(number)) ? undefined : target
}

/** 32 bits that depend on all bits of both. */
export function hash(number: number, salt: number): number {
  let word = Math.imul(number ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 15), 0xc2b2ae35)
  word = Math.imul(word ^ (word >>> 13), 0x27d4eb2f)
  return (word ^ (word >>> 16)) >>> 0
}
