// What the questions about search store: vectors of one mixture, short texts of words as frequent
// as those of a language, and attributes of which filters allow a known share. The same number is
// the same concept at every size and on every machine.

import { makeIds, makeVectors, Random } from './data.js'

/** Vectors that are looked for; they are of the same mixture and not stored. */
export const QUERIES = 200
/** Neighbours and hits asked for. */
export const NEAREST = 10

const VOCABULARY = 20_000
const WORDS_MIN = 8
const WORDS_MAX = 30
const SHARES = 10_000
const BUCKETS = 100

export interface Attributes extends Record<string, unknown> {
  /** One of 10,000 numbers, in turn. */
  readonly share: number
  /** One of 100 words, in turn: each is that of 1 % of the concepts. */
  readonly bucket: string
}

export interface SearchData {
  readonly ids: readonly string[]
  readonly texts: readonly string[]
  readonly vectors: readonly Float32Array[]
  readonly queries: readonly Float32Array[]
}

export interface Selectivity {
  readonly percent: number
  readonly filter: Record<string, unknown>
  /** Whether the filter allows the concept of this number. */
  readonly allows: (number: number) => boolean
}

export const SELECTIVITIES: readonly Selectivity[] = [50, 10, 1, 0.1, 0.01].map((percent) => {
  const end = Math.round((SHARES * percent) / 100)
  const share = end === 1 ? 0 : { $lt: end }
  return { percent, filter: { share }, allows: (number) => number % SHARES < end }
})

export function attributesOf(number: number): Attributes {
  return { share: number % SHARES, bucket: bucketOf(number) }
}

/** The bucket of the concept of this number; of a query's number, the bucket it asks for. */
export function bucketOf(number: number): string {
  return `b${number % BUCKETS}`
}

export function isInBucket(number: number, query: number): boolean {
  return number % BUCKETS === query % BUCKETS
}

/** Words by rank: the second is half as frequent as the first, the third a third, and so on. */
class Vocabulary {
  readonly #words: readonly string[]
  /** Share of all words that a word and those before it have. */
  readonly #shares = new Float64Array(VOCABULARY)

  constructor() {
    const random = new Random(13)
    const letters = (from: string): string => from[random.below(from.length)] ?? ''
    const syllable = (): string => letters('bcdfghklmnprstvwz') + letters('aeiou')
    // Letters only: what a tokenizer makes of digits differs from store to store.
    const words = new Set<string>()
    while (words.size < VOCABULARY) {
      words.add(Array.from({ length: 2 + random.below(3) }, syllable).join(''))
    }
    this.#words = [...words]
    let sum = 0
    for (let rank = 0; rank < VOCABULARY; rank++) this.#shares[rank] = sum += 1 / (rank + 1)
    for (let rank = 0; rank < VOCABULARY; rank++) this.#shares[rank] = this.#shareAt(rank) / sum
  }

  #shareAt(rank: number): number {
    return this.#shares[rank] ?? 1
  }

  pick(random: Random): string {
    const share = random.next()
    let [low, high] = [0, VOCABULARY - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#shareAt(middle) < share) low = middle + 1
      else high = middle
    }
    return this.#words[low] ?? ''
  }
}

const vocabulary = new Vocabulary()

/** A text of 8 to 30 words. */
export function searchText(random: Random): string {
  const length = WORDS_MIN + random.below(WORDS_MAX - WORDS_MIN + 1)
  return Array.from({ length }, () => vocabulary.pick(random)).join(' ')
}

export function makeSearchTexts(count: number): string[] {
  const random = new Random(29)
  return Array.from({ length: count }, () => searchText(random))
}

/** Queries come first from the mixture, so that they are the same whatever the size. */
export function makeSearchData(count: number, hasVectors = true): SearchData {
  const all = hasVectors ? makeVectors(QUERIES + count) : []
  const [queries, vectors] = [all.slice(0, QUERIES), all.slice(QUERIES)]
  return { ids: makeIds(count), texts: makeSearchTexts(count), vectors, queries }
}

/** Two words each, which one concept at least has both. */
export function makeTwoWords(texts: readonly string[], count: number): string[] {
  const random = new Random(31)
  const queries: string[] = []
  while (queries.length < count) {
    const words = (texts[random.below(texts.length)] ?? '').split(' ')
    const [one, other] = [words[random.below(words.length)], words[random.below(words.length)]]
    if (one !== other) queries.push(`${one} ${other}`)
  }
  return queries
}
