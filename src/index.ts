/**
 * Durable store of concepts, vectors and typed associations.
 *
 * ```ts
 * import { openStore } from 'sutra-storage'
 *
 * await using store = await openStore('./memory', { vectorDimension: 3 })
 * const { id } = await store.learn({ content: 'Aspirin inhibits COX-1', vector: [1, 0, 0] })
 * console.log(store.get(id)?.content)
 * ```
 *
 * @module
 */

export { type ConceptName, conceptIdOf } from './derived-id.js'
export {
  type EmbedderOptions,
  type EmbedFunction,
  embeddingServiceEmbedder,
  type EmbeddingServiceOptions,
  functionEmbedder,
  type FunctionEmbedderOptions,
  hashedLexicalEmbedder,
  type HashedLexicalOptions,
  type HttpEmbedderOptions,
  ollamaEmbedder,
  type OllamaOptions,
  openAiEmbedder,
  type OpenAiOptions,
  type Timing,
} from './embed/index.js'
export { type ErrorCode, type ErrorDetails, type ErrorRow, ERRORS, SutraError } from './errors.js'
export type { OptionOrigins } from './options.js'
export { checkFolder, openStore, repairFolder } from './store.js'
export type * from './types.js'
