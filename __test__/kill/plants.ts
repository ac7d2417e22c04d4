// Lies for the writing process to tell, each of which the checker must find. All say that the same
// batch was acknowledged.
import type { ConceptInput, Store } from '../../src/index.js'
import { DIMENSION, idOf, type Operation } from './operations.js'

const [FIRST, SECOND]: [ConceptInput, ConceptInput] = [
  { content: 'The first of a batch', vector: new Float32Array(DIMENSION).fill(1) },
  { content: 'The second of a batch', vector: new Float32Array(DIMENSION).fill(2) },
]

/** The batch that the writing process says it wrote. */
export const PLANTED: Operation = { kind: 'learnMany', inputs: [FIRST, SECOND] }

/** What it does instead. */
export const LIES = {
  'the batch was never written': async () => undefined,
  'half of the batch was written': (store: Store) => store.learnMany([FIRST]),
  'one number of a vector differs in its last bit': (store: Store) => {
    const vector = new Float32Array(DIMENSION).fill(2)
    new Uint32Array(vector.buffer)[DIMENSION - 1]! ^= 1
    return store.learnMany([FIRST, { ...SECOND, vector }])
  },
  'an association nobody asked for': async (store: Store) => {
    await store.learnMany([FIRST, SECOND])
    await store.associate({ source: idOf(FIRST), target: idOf(SECOND), type: 'causal' })
  },
} as const satisfies Record<string, (store: Store) => Promise<unknown>>

/** One of the lies. */
export type Plant = keyof typeof LIES
