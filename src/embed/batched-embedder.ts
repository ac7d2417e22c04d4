// Batches as an embedder: whatever goes wrong in them is the cause of an ERR_IO that names it.

import { SutraError } from '../errors.js'
import type { Embedder } from '../types.js'
import { embedderError } from './embedding-failure.js'
import type { TextBatches } from './text-batches.js'

export function batchedEmbedder(name: string, dimension: number, batches: TextBatches): Embedder {
  return {
    name,
    dimension,
    async embed(texts, { signal } = {}) {
      try {
        return await batches.embed(texts, signal)
      } catch (error) {
        throw error instanceof SutraError ? error : embedderError(name, error)
      }
    },
  }
}
