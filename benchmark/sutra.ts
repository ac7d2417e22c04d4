// The store as it is published: the built package, with the types of its sources.

import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { PROJECT } from './machine.js'
import { DIMENSION, type Edge, makeTexts } from './data.js'
import type * as Package from '../src/index.js'
import type { Store, StoreOptions } from '../src/index.js'

/** Address of a file of the built package. */
export function packageFile(name: string): string {
  return pathToFileURL(join(PROJECT, 'dist', name)).href
}

export async function openSutra(
  folder: string,
  { durability = 'fsync', ...more }: StoreOptions = {},
): Promise<Store> {
  const { openStore } = (await import(packageFile('index.js'))) as typeof Package
  const options: StoreOptions = { vectorDimension: DIMENSION, durability, ...more }
  return openStore(join(folder, 'sutra'), options)
}

/** Concepts written in one batch while a store is filled. */
const BATCH = 500

/** Puts concepts into a store, in order. */
export async function fillSutra(
  store: Store,
  ids: readonly string[],
  vectors: readonly Float32Array[],
): Promise<void> {
  const texts = makeTexts(ids.length, 0)
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH).map((id, index) => {
      const content = texts[from + index] ?? ''
      const vector = vectors[from + index]
      return vector === undefined ? { id, content } : { id, content, vector }
    })
    await store.learnMany(batch)
  }
}

export async function connectSutra(
  store: Store,
  ids: readonly string[],
  edges: readonly Edge[],
): Promise<void> {
  for (let from = 0; from < edges.length; from += BATCH) {
    const batch = edges.slice(from, from + BATCH).map(({ source, target, type, confidence }) => {
      return { source: ids[source] ?? '', target: ids[target] ?? '', type, confidence }
    })
    await store.associateMany(batch)
  }
}
