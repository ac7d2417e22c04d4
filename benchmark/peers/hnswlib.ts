// An index of vectors and numbers, with a function of JavaScript as a filter. It is kept by writing
// the whole of it to a file, which is not synced.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DIMENSION } from '../data.js'
import { isInBucket, NEAREST, type SearchData } from '../search-data.js'
import { loadPeer } from './load.js'
import { EFFORTS, type PeerKind, type SearchPeer } from './peer.js'

interface Index {
  initIndex(elementsMax: number, m: number, efConstruction: number): void
  addPoint(vector: readonly number[], label: number): void
  setEf(ef: number): void
  searchKnn(
    vector: readonly number[],
    k: number,
    filter?: (label: number) => boolean,
  ): { readonly neighbors: number[] }
  writeIndexSync(path: string): void
  readIndexSync(path: string): void
}

interface Hnswlib {
  readonly HierarchicalNSW: new (space: 'ip', dimension: number) => Index
}

const CONNECTIVITY = 16
const EF_CONSTRUCTION = 128

export const hnswlib: PeerKind = {
  name: 'hnswlib-node',
  hasFilter: true,
  hasWords: false,
  open: async (folder, data) => {
    const module = loadPeer<Hnswlib>('hnswlib-node')
    if (module === undefined) return undefined
    const path = join(folder, 'hnswlib.index')
    if (!existsSync(path)) save(module, path, data)
    return new HnswlibPeer(module, path, data)
  },
}

function save({ HierarchicalNSW }: Hnswlib, path: string, { vectors }: SearchData): void {
  const index = new HierarchicalNSW('ip', DIMENSION)
  index.initIndex(vectors.length, CONNECTIVITY, EF_CONSTRUCTION)
  for (const [number, vector] of vectors.entries()) index.addPoint([...vector], number)
  index.writeIndexSync(path)
}

class HnswlibPeer implements SearchPeer {
  readonly detail = `index only: f32, M ${CONNECTIVITY}, efConstruction ${EF_CONSTRUCTION}; read from a file that was not synced; answers labels; filter: a function of JavaScript`
  readonly efforts = EFFORTS
  readonly effortName = 'ef'
  readonly #index: Index
  /** It takes arrays only: turning queries into them is not part of the search. */
  readonly #queries: readonly (readonly number[])[]

  constructor({ HierarchicalNSW }: Hnswlib, path: string, { queries }: SearchData) {
    this.#index = new HierarchicalNSW('ip', DIMENSION)
    this.#index.readIndexSync(path)
    this.#queries = queries.map((query) => [...query])
  }

  setEffort(effort: number): void {
    this.#index.setEf(effort)
  }

  nearest(query: number): number[] {
    return this.#index.searchKnn(this.#queries[query] ?? [], NEAREST).neighbors
  }

  nearestInBucket(query: number): number[] {
    const allows = (label: number): boolean => isInBucket(label, query)
    return this.#index.searchKnn(this.#queries[query] ?? [], NEAREST, allows).neighbors
  }

  close(): void {}
}
