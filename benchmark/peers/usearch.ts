// The index that our vector index is made with, as its own package for Node offers it: vectors and
// numbers only, no filters. It is kept by saving the whole of it in a file, which is not synced.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DIMENSION } from '../data.js'
import { NEAREST, type SearchData } from '../search-data.js'
import { loadPeer } from './load.js'
import { EFFORTS, type PeerKind, type SearchPeer } from './peer.js'

interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void
  search(vector: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array }
  save(path: string): void
  load(path: string): void
}

interface Usearch {
  readonly Index: new (options: object) => Index
}

const CONNECTIVITY = 16
const EXPANSION = 128
/** Vectors added by one call. */
const BATCH = 5000

export const usearch: PeerKind = {
  name: 'usearch',
  hasFilter: false,
  hasWords: false,
  open: async (folder, data) => {
    const module = loadPeer<Usearch>('usearch')
    if (module === undefined) return undefined
    const path = join(folder, 'usearch.index')
    if (!existsSync(path)) save(module, path, data)
    return new UsearchPeer(module, path, data)
  },
}

/** What a search looks at is fixed when an index is made, so there is one for each effort. */
function makeIndex({ Index }: Usearch, effort: number): Index {
  return new Index({
    dimensions: DIMENSION,
    metric: 'cos',
    quantization: 'f32',
    connectivity: CONNECTIVITY,
    expansion_add: EXPANSION,
    expansion_search: effort,
    multi: false,
  })
}

function save(module: Usearch, path: string, { vectors }: SearchData): void {
  const index = makeIndex(module, EXPANSION)
  for (let from = 0; from < vectors.length; from += BATCH) {
    const batch = vectors.slice(from, from + BATCH)
    const matrix = new Float32Array(batch.length * DIMENSION)
    for (const [row, vector] of batch.entries()) matrix.set(vector, row * DIMENSION)
    const keys = BigUint64Array.from(batch, (_, row) => BigInt(from + row))
    // One thread: with more of them some vectors are never found again.
    index.add(keys, matrix, 1)
  }
  index.save(path)
}

class UsearchPeer implements SearchPeer {
  readonly detail = `index only: f32, connectivity ${CONNECTIVITY}, expansion ${EXPANSION}, one thread; loaded from a file that was not synced; answers keys`
  readonly efforts = EFFORTS
  readonly effortName = 'expansion_search'
  readonly #module: Usearch
  readonly #path: string
  readonly #queries: readonly Float32Array[]
  #index: Index

  constructor(module: Usearch, path: string, { queries }: SearchData) {
    this.#module = module
    this.#path = path
    this.#queries = queries
    this.#index = makeIndex(module, EXPANSION)
    this.#index.load(path)
  }

  setEffort(effort: number): void {
    this.#index = makeIndex(this.#module, effort)
    this.#index.load(this.#path)
  }

  nearest(query: number): number[] {
    const vector = this.#queries[query] ?? new Float32Array(DIMENSION)
    return Array.from(this.#index.search(vector, NEAREST, 1).keys, Number)
  }

  close(): void {}
}
