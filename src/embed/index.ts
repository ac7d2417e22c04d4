// Embedders: text to vectors. An embedder is any object with the `Embedder` contract of the public
// types: a name, a dimension and `embed(texts, { signal })`.

export type { EmbedderOptions, HttpEmbedderOptions } from './embedder-options.js'
export { embeddingServiceEmbedder, type EmbeddingServiceOptions } from './embedding-service.js'
export {
  functionEmbedder,
  type EmbedFunction,
  type FunctionEmbedderOptions,
} from './from-function.js'
export { hashedLexicalEmbedder, type HashedLexicalOptions } from './hashed-lexical.js'
export type { Timing } from './http-client.js'
export { OLLAMA_URL, ollamaEmbedder, type OllamaOptions } from './ollama.js'
export { OPEN_AI_URL, openAiEmbedder, type OpenAiOptions } from './open-ai.js'
export type { Embedder } from '../types.js'
