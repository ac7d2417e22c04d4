// Vectors that somebody else made, checked before anybody compares them: as many as texts, of the
// dimension agreed on, every number finite.

import type { ResolvedOptions } from './embedder-options.js'
import { EmbeddingFailure, otherDimension } from './embedding-failure.js'

/** What an answer has to be. */
export type VectorRules = Pick<ResolvedOptions, 'dimension' | 'metric'> & {
  /** Of the embedder, for messages. */
  readonly name: string
  /** Whether vectors are brought to unit length here. */
  readonly scale: boolean
}

const F32_BYTES = 4
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/**
 * The vectors of an answer to `count` texts: arrays of numbers, Float32Array or base64 of 32-bit
 * floats.
 *
 * @throws EmbeddingFailure, or ERR_CONFIG if all are of one other dimension.
 */
export function answeredVectors(
  answer: unknown,
  count: number,
  rules: VectorRules,
): Float32Array[] {
  if (!Array.isArray(answer)) throw new EmbeddingFailure('the answer has no list of vectors')
  if (answer.length !== count) {
    throw new EmbeddingFailure(`${count} vectors expected, got ${answer.length}`)
  }
  const vectors = (answer as unknown[]).map((given, index) => readVector(given, index))
  const odd = vectors.find(({ length }) => length !== rules.dimension)
  if (odd !== undefined) {
    if (odd.length > 0 && vectors.every(({ length }) => length === odd.length)) {
      throw otherDimension(rules.name, rules.dimension, odd.length)
    }
    throw new EmbeddingFailure(
      `vectors of ${rules.dimension} numbers expected, one has ${odd.length}`,
    )
  }
  for (const [index, vector] of vectors.entries()) checkNumbers(vector, index, rules)
  return vectors
}

function readVector(given: unknown, index: number): Float32Array {
  if (given instanceof Float32Array) return given.slice()
  if (typeof given === 'string') return fromBase64(given, index)
  if (!Array.isArray(given)) throw new EmbeddingFailure(`vector ${index} is no array of numbers`)
  // A number too large for 32 bits becomes infinite here, and is refused like one.
  const vector = new Float32Array(given.length)
  for (let at = 0; at < given.length; at++) {
    const number: unknown = given[at]
    vector[at] = typeof number === 'number' ? number : Number.NaN
  }
  return vector
}

function fromBase64(text: string, index: number): Float32Array {
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes.length === 0 || bytes.length % F32_BYTES !== 0) {
    throw new EmbeddingFailure(`vector ${index} is no base64 of 32-bit floats`)
  }
  // Copied, because a view would need an offset that is a multiple of 4. Little-endian, as is every
  // platform this package is built for.
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

function checkNumbers(vector: Float32Array, index: number, rules: VectorRules): void {
  let squares = 0
  for (const number of vector) {
    if (!Number.isFinite(number)) {
      throw new EmbeddingFailure(`vector ${index} has a number that is not finite`)
    }
    squares += number * number
  }
  if (squares === 0 && (rules.metric === 'cosine' || rules.scale)) {
    throw new EmbeddingFailure(`vector ${index} is all zeros: it has no direction to compare`)
  }
  if (!rules.scale) return
  const length = Math.sqrt(squares)
  for (let at = 0; at < vector.length; at++) vector[at] = vector[at]! / length
}
