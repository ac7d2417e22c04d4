// What every embedder over HTTP does with its requests and answers; what they look like is the
// provider's own.

import type { Embedder } from '../types.js'
import { answeredVectors } from './answered-vectors.js'
import { batchedEmbedder } from './batched-embedder.js'
import type { ResolvedHttpOptions } from './embedder-options.js'
import { EmbeddingFailure } from './embedding-failure.js'
import { HttpClient, type Timing } from './http-client.js'
import { TextBatches } from './text-batches.js'

/** How one service is talked to. */
export interface Dialect {
  readonly url: URL
  /** Whether vectors are brought to unit length here. */
  readonly scale: boolean
  /** The body that asks for vectors. */
  request(texts: string[]): unknown
  /** The list of vectors in an answer, in the order of the texts. */
  vectors(answer: unknown, count: number): unknown
}

/** An embedder that asks a service. */
export function httpEmbedder(
  name: string,
  options: ResolvedHttpOptions,
  timing: Timing,
  dialect: Dialect,
): Embedder {
  const client = new HttpClient(dialect.url, options, timing)
  const { dimension, metric } = options
  const rules = { name, dimension, metric, scale: dialect.scale }
  const batches = new TextBatches(options, async (texts, signal) => {
    const answer = await client.post(dialect.request(texts), texts.length, signal)
    return answeredVectors(dialect.vectors(answer, texts.length), texts.length, rules)
  })
  return batchedEmbedder(name, dimension, batches)
}

/** The answer as an object. */
export function answerOf(answer: unknown): Record<string, unknown> {
  if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>
  throw new EmbeddingFailure('the answer is no JSON object')
}

/** An address that ends in `path`; an address without a path gets `root` in front of it. */
export function withPath(url: URL, path: string, root: string): URL {
  const whole = new URL(url)
  const given = whole.pathname.replace(/\/+$/, '')
  if (!given.endsWith(path)) whole.pathname = `${given === '' ? root : given}${path}`
  return whole
}
