// Ollama: POST {url}/api/embed {model, input} answers {embeddings}.

import type { Embedder } from '../types.js'
import {
  OptionProblems,
  readHttpOptions,
  readText,
  type HttpEmbedderOptions,
} from './embedder-options.js'
import { answerOf, httpEmbedder, withPath } from './http-embedder.js'
import { SYSTEM_TIMING, type Timing } from './http-client.js'

/** Options of {@link ollamaEmbedder}. */
export interface OllamaOptions extends HttpEmbedderOptions {
  /**
   * Where Ollama is; `/api/embed` is added unless it ends so. @default 'http://127.0.0.1:11434'
   */
  url?: string
  /** Name of the model: 'nomic-embed-text'. */
  model: string
}

export const OLLAMA_URL = 'http://127.0.0.1:11434'

/**
 * Vectors of a model that Ollama runs.
 *
 * @throws ERR_CONFIG with every option that is wrong.
 */
export function ollamaEmbedder(options: OllamaOptions, timing: Timing = SYSTEM_TIMING): Embedder {
  const problems = new OptionProblems('Ollama embedder')
  const standard = { url: OLLAMA_URL }
  const { given, resolved } = readHttpOptions(problems, options, standard, ['model'])
  const model = readText(problems, given, 'model')
  problems.throwIfAny()
  return httpEmbedder(`ollama:${model}`, resolved, timing, {
    url: withPath(resolved.url, '/api/embed', ''),
    scale: resolved.normalize,
    request: (input) => ({ model, input }),
    vectors: (answer) => answerOf(answer).embeddings,
  })
}
