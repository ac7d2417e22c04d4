// A store whose concepts are all in segment files, merged as far as they are ever merged, and a
// peer with the same data. Made once for all questions of a run that read it.

import { mkdirSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../src/index.js'
import { bringToRest } from './at-rest.js'
import { makeEdges, makeIds, makeVectors } from './data.js'
import { LmdbStore } from './peers/lmdb.js'
import type { Setting } from './question.js'
import { connectSutra, fillSutra, openSutra } from './sutra.js'

/** How much data, and what the questions about it are called. */
export interface Scale {
  /** Names of questions begin with it. */
  readonly name: string
  readonly concepts: number
  readonly conceptsQuick: number
  readonly hasVectors: boolean
  readonly isLarge: boolean
  /** As conditions begin. */
  readonly data: string
}

export const SCALES: readonly Scale[] = [
  {
    name: 'flushed',
    concepts: 100_000,
    conceptsQuick: 5000,
    hasVectors: true,
    isLarge: false,
    data: '100,000 concepts of 200 bytes of text, a vector of 768 dimensions and four associations, flushed and merged',
  },
  {
    name: 'million',
    concepts: 1_000_000,
    conceptsQuick: 20_000,
    hasVectors: false,
    isLarge: true,
    data: '1,000,000 concepts of 200 bytes of text and four associations, flushed and merged',
  },
]

/** How many concepts there are in words, for titles. */
export function countOf({ concepts }: Scale): string {
  return concepts.toLocaleString('en')
}

export interface FlushedData {
  /** Where it is: to be given to `openSutra` and to `LmdbStore`. */
  readonly folder: string
  readonly ids: readonly string[]
}

/** Makes the data, unless a question before did. */
export async function flushedData(setting: Setting, scale: Scale): Promise<FlushedData> {
  const folder = join(setting.shared, scale.name)
  const ids = makeIds(setting.isQuick ? scale.conceptsQuick : scale.concepts)
  const finished = join(folder, 'finished')
  if (!existsSync(finished)) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    await fill(folder, ids, scale.hasVectors, setting.hasPeers)
    writeFileSync(finished, '')
  }
  return { folder, ids }
}

async function fill(
  folder: string,
  ids: readonly string[],
  hasVectors: boolean,
  hasPeers: boolean,
): Promise<void> {
  const vectors = hasVectors ? makeVectors(ids.length) : []
  const edges = makeEdges(ids.length)
  const store = await openSutra(folder, { durability: 'os' })
  await fillSutra(store, ids, vectors)
  await connectSutra(store, ids, edges)
  await bringToRest(store, folder)
  await store.close()
  if (!hasPeers) return
  const peer = new LmdbStore(folder, 'os')
  peer.fill(ids, vectors)
  peer.connect(ids, edges)
  await peer.close()
}

/** The store, which must have nothing in memory and all that was written in segments. */
export async function openFlushed({ folder, ids }: FlushedData): Promise<Store> {
  const store = await openSutra(folder)
  const { concepts, memoryBytes, background } = store.stats()
  if (concepts !== ids.length) throw new Error(`${concepts} of ${ids.length} concepts are there`)
  if (background.segments === 0 || memoryBytes['records'] !== 0) {
    throw new Error('the store is not flushed')
  }
  return store
}

/** For the description of a contender. */
export function segmentsOf(store: Store): string {
  const { segments } = store.stats().background
  return segments === 1 ? '1 segment' : `${segments} segments`
}
