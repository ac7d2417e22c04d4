// Stores filled for the questions about search: everything in segment files, all indexes made, then
// closed. Made once for all questions of a run that search them.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Quantization, Store, StoreOptions } from '../src/index.js'
import { bringToRest } from './at-rest.js'
import type { PeerKind, SearchPeer } from './peers/peer.js'
import type { Setting } from './question.js'
import { attributesOf, type SearchData } from './search-data.js'
import { openSutra } from './sutra.js'
import { type Allows, nearestOf, type Truth } from './truth.js'

/** Concepts written in one batch. */
const BATCH = 500

/** A folder for stores of this data, which all questions of the run share. */
export function searchFolder({ shared }: Setting, { ids, vectors }: SearchData): string {
  const kind = vectors.length > 0 ? 'vectors' : 'texts'
  const folder = join(shared, `search-${kind}-${ids.length}`)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Our store, at rest. */
export async function openSearchStore(
  setting: Setting,
  data: SearchData,
  quantization: Quantization = 'i8',
): Promise<Store> {
  const folder = join(searchFolder(setting, data), quantization)
  await makeSearchStore(folder, data, quantization)
  return openSutra(folder, { vectorIndex: { quantization } })
}

/** Fills a store and waits until its indexes are made, unless that was done before. */
export async function makeSearchStore(
  folder: string,
  data: SearchData,
  quantization: Quantization = 'i8',
): Promise<void> {
  const finished = join(folder, 'finished')
  if (existsSync(finished)) return
  mkdirSync(folder, { recursive: true })
  const options: StoreOptions = { durability: 'os', vectorIndex: { quantization } }
  const store = await openSutra(folder, options)
  await fillSearchStore(store, data)
  await bringToRest(store, folder)
  await store.close()
  writeFileSync(finished, '')
}

async function fillSearchStore(store: Store, { ids, texts, vectors }: SearchData): Promise<void> {
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH).map((id, index) => {
      const number = from + index
      const [content = '', vector] = [texts[number], vectors[number]]
      const concept = { id, content, attributes: attributesOf(number) }
      return vector === undefined ? concept : Object.assign(concept, { vector })
    })
    await store.learnMany(batch)
  }
}

/** A peer with the same data, or undefined if it is not installed. */
export async function openPeer(
  setting: Setting,
  kind: PeerKind,
  data: SearchData,
): Promise<SearchPeer | undefined> {
  return setting.hasPeers ? kind.open(searchFolder(setting, data), data) : undefined
}

/** What a search should find, computed once for all questions of the run. */
export function truthOf(setting: Setting, data: SearchData, name: string, allows?: Allows): Truth {
  const file = join(searchFolder(setting, data), `truth-${name}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Truth
  const truth = nearestOf(data, allows)
  writeFileSync(file, JSON.stringify(truth))
  return truth
}

/** For the description of a contender: what a search goes through. */
export function indexOf(store: Store): string {
  const { segments, graphs, vectorsWithoutGraph } = store.stats().background
  return `segments ${segments}, graphs ${graphs}, vectors without graph ${vectorsWithoutGraph}`
}
