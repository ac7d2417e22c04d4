// Embedders: text to vectors. An embedder is any object with the `Embedder` contract of the public
// types: a name, a dimension and `embed(texts, { signal })`.

export { hashedLexicalEmbedder, type HashedLexicalOptions } from './hashed-lexical.js'
export type { Embedder } from '../types.js'
