// The embedding service of the earlier engine: POST {url}/embed {texts, normalize} answers
// {embeddings, dimensions, model?}.

import type { Embedder } from '../types.js'
import { OptionProblems, readHttpOptions, type HttpEmbedderOptions } from './embedder-options.js'
import { EmbeddingFailure } from './embedding-failure.js'
import { answerOf, httpEmbedder, withPath } from './http-embedder.js'
import { SYSTEM_TIMING, type Timing } from './http-client.js'

/** Options of {@link embeddingServiceEmbedder}. */
export interface EmbeddingServiceOptions extends HttpEmbedderOptions {
  /** Where the service is; `/embed` is added unless it ends so. */
  url: string
  /** Ask the service for vectors of unit length. @default true */
  normalize?: boolean
}

/**
 * Vectors of an embedding service with the route `POST /embed`.
 *
 * @throws ERR_CONFIG with every option that is wrong.
 */
export function embeddingServiceEmbedder(
  options: EmbeddingServiceOptions,
  timing: Timing = SYSTEM_TIMING,
): Embedder {
  const problems = new OptionProblems('embedding service')
  const { resolved } = readHttpOptions(problems, options, { normalize: true }, [])
  problems.throwIfAny()
  const { normalize } = resolved
  return httpEmbedder('embedding-service', resolved, timing, {
    url: withPath(resolved.url, '/embed', ''),
    // The service scales, and says so in its contract.
    scale: false,
    request: (texts) => ({ texts, normalize }),
    vectors: (answer) => {
      const { embeddings, dimensions } = answerOf(answer)
      const first: unknown = Array.isArray(embeddings) ? embeddings[0] : undefined
      if (Array.isArray(first) && dimensions !== undefined && dimensions !== first.length) {
        const got = `${first.length} numbers where dimensions is ${JSON.stringify(dimensions)}`
        throw new EmbeddingFailure(`the answer contradicts itself: ${got}`)
      }
      return embeddings
    },
  })
}
