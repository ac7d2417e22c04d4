// What every benchmark stores: texts of 200 bytes, vectors like those of a language model (unit
// length, in clusters, of far fewer dimensions than they have numbers) and four associations from
// each concept. The same seed gives the same data on every machine.

import { createHash } from 'node:crypto'

export const DIMENSION = 768
export const TEXT_BYTES = 200
export const EDGES_PER_CONCEPT = 4
export const TYPES = ['semantic', 'causal', 'temporal', 'hierarchical', 'compositional'] as const

const LATENT = 32
const CLUSTERS = 200
const NOISE = 0.02

/** Uniform numbers from 0 (included) to 1, the same for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let word = this.#state
    word = Math.imul(word ^ (word >>> 15), word | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000
  }

  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** Normally distributed, mean 0, deviation 1. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return radius * Math.cos(2 * Math.PI * this.next())
  }
}

const WORDS = makeWords(new Random(11))

function makeWords(random: Random): string[] {
  const syllable = (): string =>
    `${'bcdfghklmnprstvw'[random.below(16)]}${'aeiou'[random.below(5)]}`
  return Array.from({ length: 4096 }, () =>
    Array.from({ length: 1 + random.below(4) }, syllable).join(''),
  )
}

/** A text of exactly {@link TEXT_BYTES} that no other number has. */
export function textOf(number: number, random: Random): string {
  let text = `note ${number}`
  while (text.length < TEXT_BYTES) text += ` ${WORDS[random.below(WORDS.length)]}`
  return text.slice(0, TEXT_BYTES)
}

/** So many texts, numbered from `first`. */
export function makeTexts(count: number, first: number): string[] {
  const random = new Random(first + 1)
  return Array.from({ length: count }, (_, index) => textOf(first + index, random))
}

/** Vectors of unit length from one mixture, one after the other: the same for the same seed. */
export class Mixture {
  readonly #random: Random
  readonly #projection: Float32Array
  readonly #centres: Float32Array
  readonly #point = new Float32Array(LATENT)

  constructor(seed = 7) {
    this.#random = new Random(seed)
    this.#projection = normals(this.#random, DIMENSION * LATENT)
    this.#centres = normals(this.#random, CLUSTERS * LATENT)
  }

  next(): Float32Array {
    const centre = this.#random.below(CLUSTERS) * LATENT
    for (let axis = 0; axis < LATENT; axis++) {
      this.#point[axis] = (this.#centres[centre + axis] ?? 0) + 0.35 * this.#random.normal()
    }
    return project(this.#point, this.#projection, this.#random)
  }
}

/** So many vectors of unit length. */
export function makeVectors(count: number, seed?: number): Float32Array[] {
  const mixture = new Mixture(seed)
  return Array.from({ length: count }, () => mixture.next())
}

function normals(random: Random, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => random.normal())
}

function project(point: Float32Array, projection: Float32Array, random: Random): Float32Array {
  const vector = new Float32Array(DIMENSION)
  let squares = 0
  for (let row = 0; row < DIMENSION; row++) {
    let sum = NOISE * (random.next() - 0.5)
    const start = row * LATENT
    for (let axis = 0; axis < LATENT; axis++) {
      sum += (point[axis] ?? 0) * (projection[start + axis] ?? 0)
    }
    vector[row] = sum
    squares += sum * sum
  }
  const scale = 1 / Math.sqrt(squares)
  for (let row = 0; row < DIMENSION; row++) vector[row] = (vector[row] ?? 0) * scale
  return vector
}

/** Ids as a caller of his own would give them, numbered from `first`: 32 hex characters. */
export function makeIds(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) =>
    createHash('md5')
      .update(`concept ${first + index}`)
      .digest('hex'),
  )
}

/** One association, by numbers of concepts. */
export interface Edge {
  readonly source: number
  readonly target: number
  readonly type: (typeof TYPES)[number]
  readonly confidence: number
}

/** {@link EDGES_PER_CONCEPT} associations from each concept to others chosen at random. */
export function makeEdges(concepts: number): Edge[] {
  const random = new Random(23)
  const edges: Edge[] = []
  for (let source = 0; source < concepts; source++) {
    const targets = new Set<number>()
    while (targets.size < EDGES_PER_CONCEPT) {
      const target = random.below(concepts)
      if (target !== source) targets.add(target)
    }
    for (const target of targets) {
      const type = TYPES[random.below(TYPES.length)] ?? 'semantic'
      edges.push({ source, target, type, confidence: 0.5 + 0.5 * random.next() })
    }
  }
  return edges
}

/** So many numbers below `end`, in an order chosen at random, some of them twice. */
export function makeOrder(count: number, end: number, seed: number): Uint32Array {
  const random = new Random(seed)
  return Uint32Array.from({ length: count }, () => random.below(end))
}
