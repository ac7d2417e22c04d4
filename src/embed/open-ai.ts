// OpenAI and every server that speaks its protocol: POST {url}/embeddings {model, input} answers
// {data: [{index, embedding}]}.

import type { Embedder } from '../types.js'
import {
  OptionProblems,
  readHttpOptions,
  readText,
  type HttpEmbedderOptions,
} from './embedder-options.js'
import { EmbeddingFailure } from './embedding-failure.js'
import { answerOf, httpEmbedder, withPath } from './http-embedder.js'
import { SYSTEM_TIMING, type Timing } from './http-client.js'

/** Options of {@link openAiEmbedder}. */
export interface OpenAiOptions extends HttpEmbedderOptions {
  /**
   * Where the API is. `/embeddings` is added unless it ends so, `/v1/embeddings` if there is no
   * path. @default 'https://api.openai.com/v1'
   */
  url?: string
  /** Name of the model: 'text-embedding-3-small'. */
  model: string
  /** Ask for vectors of `dimension` numbers. @default true for models text-embedding-3-* */
  sendDimension?: boolean
  /** How vectors travel; base64 is a quarter of the bytes. @default 'float' */
  encoding?: 'float' | 'base64'
}

export const OPEN_AI_URL = 'https://api.openai.com/v1'
/** Models that can make shorter vectors; others refuse to be asked. */
const SHORTENED = /^text-embedding-3-/
const NAMES = ['model', 'sendDimension', 'encoding']

/**
 * Vectors of OpenAI, or of a server with the same protocol.
 *
 * @throws ERR_CONFIG with every option that is wrong.
 */
export function openAiEmbedder(options: OpenAiOptions, timing: Timing = SYSTEM_TIMING): Embedder {
  const problems = new OptionProblems('OpenAI embedder')
  const { given, resolved } = readHttpOptions(problems, options, { url: OPEN_AI_URL }, NAMES)
  const model = readText(problems, given, 'model')
  const { encoding = 'float', sendDimension = SHORTENED.test(model) } = given
  if (encoding !== 'float' && encoding !== 'base64') {
    problems.add('encoding', 'is neither float nor base64', encoding)
  }
  if (typeof sendDimension !== 'boolean') {
    problems.add('sendDimension', 'is neither true nor false', sendDimension)
  }
  problems.throwIfAny()
  const dimensions = sendDimension === true ? { dimensions: resolved.dimension } : {}
  return httpEmbedder(`openai:${model}`, resolved, timing, {
    url: withPath(resolved.url, '/embeddings', '/v1'),
    scale: resolved.normalize,
    request: (input) => ({ model, input, encoding_format: encoding, ...dimensions }),
    vectors: (answer, count) => byIndex(answerOf(answer).data, count),
  })
}

/** Vectors in the order of the texts: items say by `index` which text they belong to. */
function byIndex(data: unknown, count: number): unknown {
  if (!Array.isArray(data) || data.length !== count) return data
  const vectors = new Array<unknown>(count)
  for (const [at, item] of data.entries()) {
    const { index = at, embedding } = answerOf(item)
    const isExpected = typeof index === 'number' && index in data && !(index in vectors)
    if (!isExpected) {
      throw new EmbeddingFailure(`index ${JSON.stringify(index)} in the answer is not one expected`)
    }
    vectors[index] = embedding
  }
  return vectors
}
