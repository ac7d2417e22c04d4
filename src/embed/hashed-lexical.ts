// The local default embedder: hashed words and character n-grams. It is lexical: texts are near if
// they share words or parts of words, it knows nothing of meaning ("car" and "automobile" are
// strangers to it). It has no model, no state and no setup; the same text gives the same bits on
// every platform, because only exactly rounded operations are used (no log, no exp).

import { SutraError } from '../errors.js'
import { Turns } from '../turns.js'
import type { Embedder } from '../types.js'
import { wordWeight } from './common-words.js'
import { forEachToken, type TokenKind } from './words.js'

/** Options of {@link hashedLexicalEmbedder}. */
export interface HashedLexicalOptions {
  /** Length of the vectors, 256 to 768. @default 768 */
  dimension?: number
}

/** Version of the algorithm and its tables. Vectors of two versions must not be compared. */
const VERSION = 1
const DIMENSION_MIN = 256
const DIMENSION_MAX = 768
/** Share of a word's weight that goes to its n-grams, against 1 for the word itself. */
const GRAM_SHARE = 1.6
/** Weight of one ideograph against the pair it is part of, which is nearer to a word. */
const IDEOGRAPH_SINGLE_WEIGHT = 0.4
/** Words whose features are kept. When full it starts anew: results never depend on it. */
const CACHE_WORDS_MAX = 50_000
/** Texts embedded between two looks at the clock. */
const TEXTS_PER_LOOK = 8

// Seeds that keep the kinds of features apart.
const SEED_WORD = 0x9e3779b1
const SEED_GRAM_3 = 0x85ebca77
const SEED_GRAM_4 = 0xc2b2ae3d
const SEED_IDEOGRAPH = 0x27d4eb2f
const SEED_SYMBOL = 0x165667b1
const SEED_OTHER = 0x2545f491

/** Where one word adds to a vector, and how often the present text has it. */
interface Word {
  readonly positions: Uint16Array
  readonly values: Float64Array
  textNumber: number
  count: number
}

/**
 * The local default embedder: deterministic, lexical, unit length.
 *
 * Words and the 3- and 4-grams of their characters are hashed with a sign into `dimension` numbers,
 * weighted by how much a word tells (see docs/decisions/lexical-embedder.md). Text is brought to
 * NFKC and lower case; ideographs count alone and in pairs. Every text has a vector, also an empty
 * one.
 *
 * @throws ERR_CONFIG if the dimension is not an integer from 256 to 768.
 */
export function hashedLexicalEmbedder(options: HashedLexicalOptions = {}): Embedder {
  const dimension = options.dimension ?? DIMENSION_MAX
  if (!Number.isInteger(dimension) || dimension < DIMENSION_MIN || dimension > DIMENSION_MAX) {
    throw new SutraError(
      'ERR_CONFIG',
      `dimension of the lexical embedder is ${String(dimension)}, ` +
        `must be an integer from ${DIMENSION_MIN} to ${DIMENSION_MAX}`,
      { field: 'dimension', value: dimension },
    )
  }
  const vectors = new Vectors(dimension)
  return {
    name: `hashed-lexical-${VERSION}`,
    dimension,
    embed: (texts, { signal }) => embedAll(vectors, texts, signal),
  }
}

async function embedAll(
  vectors: Vectors,
  texts: string[],
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const found: Float32Array[] = []
  const turns = new Turns()
  for (const [at, text] of texts.entries()) {
    if (at % TEXTS_PER_LOOK === 0) await turns.next()
    if (signal?.aborted) {
      throw new SutraError('ERR_ABORTED', 'embedding was aborted', { cause: signal.reason })
    }
    found.push(vectors.of(text))
  }
  return found
}

class Vectors {
  readonly #dimension: number
  readonly #sums: Float64Array
  readonly #words = new Map<string, Word>()
  #textNumber = 0

  constructor(dimension: number) {
    this.#dimension = dimension
    this.#sums = new Float64Array(dimension)
  }

  /** The unit vector of a text. */
  of(text: string): Float32Array {
    const sums = this.#sums.fill(0)
    for (const word of this.#wordsOf(text)) {
      // The tenth occurrence tells less than the first; the square root is exact everywhere.
      const scale = Math.sqrt(word.count)
      const { positions, values } = word
      for (let at = 0; at < positions.length; at++) {
        sums[positions[at]!]! += scale * values[at]!
      }
    }
    return this.#unit(sums)
  }

  /** The distinct words of a text with their counts. */
  #wordsOf(text: string): Word[] {
    const number = ++this.#textNumber
    const distinct: Word[] = []
    forEachToken(text, (token, kind) => {
      const word = this.#word(token, kind)
      if (word.textNumber !== number) {
        word.textNumber = number
        word.count = 0
        distinct.push(word)
      }
      word.count++
    })
    if (distinct.length === 0) {
      // Punctuation only, or nothing at all: still a vector, and the same one for the same text.
      distinct.push(this.#make([[hash(text.trim(), SEED_OTHER), 1]], number))
    }
    return distinct
  }

  #word(token: string, kind: TokenKind): Word {
    const known = this.#words.get(token)
    if (known !== undefined) return known
    if (this.#words.size >= CACHE_WORDS_MAX) this.#words.clear()
    const made = this.#make(featuresOf(token, kind), 0)
    this.#words.set(token, made)
    return made
  }

  #make(features: Feature[], textNumber: number): Word {
    const positions = new Uint16Array(features.length)
    const values = new Float64Array(features.length)
    for (const [at, [hashed, value]] of features.entries()) {
      positions[at] = (hashed >>> 1) % this.#dimension
      values[at] = (hashed & 1) === 0 ? value : -value
    }
    return { positions, values, textNumber, count: 1 }
  }

  #unit(sums: Float64Array): Float32Array {
    let squares = 0
    for (let at = 0; at < sums.length; at++) squares += sums[at]! * sums[at]!
    const vector = new Float32Array(sums.length)
    if (squares === 0) {
      // All features cancelled out by their signs. A zero vector has no direction to compare.
      vector[0] = 1
      return vector
    }
    const length = Math.sqrt(squares)
    for (let at = 0; at < vector.length; at++) vector[at] = sums[at]! / length
    return vector
  }
}

/** Hash of a feature and its weight; the hash gives position and sign. */
type Feature = [hash: number, weight: number]

function featuresOf(token: string, kind: TokenKind): Feature[] {
  if (kind === 'symbol') return [[hash(token, SEED_SYMBOL), 1]]
  if (kind === 'ideograph') {
    const single = Array.from(token).length === 1
    return [[hash(token, SEED_IDEOGRAPH), single ? IDEOGRAPH_SINGLE_WEIGHT : 1]]
  }
  const weight = wordWeight(token)
  const features: Feature[] = [[hash(token, SEED_WORD), weight]]
  const marked = `<${token}>`
  const grams: number[] = []
  for (let at = 0; at + 3 <= marked.length; at++) grams.push(hash(marked, SEED_GRAM_3, at, at + 3))
  for (let at = 0; at + 4 <= marked.length; at++) grams.push(hash(marked, SEED_GRAM_4, at, at + 4))
  // Together the n-grams have the same length as one feature of that weight would have, however
  // long the word is.
  const gramWeight = (weight * GRAM_SHARE) / Math.sqrt(grams.length)
  for (const gram of grams) features.push([gram, gramWeight])
  return features
}

/** FNV-1a over UTF-16 units with murmur's finish, so that low bits are as good as high ones. */
function hash(text: string, seed: number, start = 0, end = text.length): number {
  let value = seed
  for (let at = start; at < end; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
