// How long it takes from nothing to the first answer when the indexes are in files, and how long
// when they have to be made again: the difference is what the files are for.

import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { makeSearchData, NEAREST, type SearchData } from '../search-data.js'
import { makeSearchStore, searchFolder } from '../search-stores.js'
import { openSutra } from '../sutra.js'
import { timeOpening } from './open.js'

const CONCEPTS_QUICK = 500
const LOOK_MS = 1
/** The vector of this concept is looked for. */
const WANTED = 5

/** Folders of a shard that hold nothing but what can be made again. */
const DERIVED = new Set(['graphs'])

export const questions: Question[] = [1000, 100_000].map((concepts) => ({
  name: `open-search-${concepts}`,
  title: `Open ${concepts.toLocaleString('en')} concepts with their indexes, then find the ten nearest of a vector`,
  unit: 'ms',
  conditions: `${concepts.toLocaleString('en')} concepts with a vector of 768 dimensions, a text of 8 to 30 words and attributes, in files and indexed, closed in order before; files are in the memory of the system`,
  target: { kind: 'at most', value: 100 },
  roundsMax: concepts > 1000 ? 3 : 9,
  open: (setting) => open(setting, concepts),
}))

async function open(setting: Setting, concepts: number): Promise<Contender[]> {
  const data = makeSearchData(setting.isQuick ? Math.min(concepts, 10 * CONCEPTS_QUICK) : concepts)
  const folder = join(searchFolder(setting, data), 'i8')
  await makeSearchStore(folder, data)
  const without = join(setting.folder, 'without')
  cpSync(folder, without, { recursive: true })
  const resting = await restingOf(folder)
  return [
    {
      name: 'sutra',
      detail: `openStore, search({ vector, k: ${NEAREST} }) with indexes from files; ${resting.graphs} graphs`,
      run: () =>
        timeOpening(
          () => openAndSearch(folder, data),
          (store) => store.close(),
        ),
      close: () => {},
    },
    {
      name: 'sutra, rebuild',
      detail: 'openStore without the files of indexes, until they are made again, and the search',
      run: () => {
        removeIndexes(without)
        return timeOpening(
          () => rebuildAndSearch(without, data, resting.withoutGraph),
          (store) => store.close(),
        )
      },
      close: () => {},
    },
  ]
}

/** Vectors that are in no graph when all is done. */
async function restingOf(folder: string): Promise<{ graphs: number; withoutGraph: number }> {
  const store = await openSutra(folder)
  const { graphs, vectorsWithoutGraph } = store.stats().background
  await store.close()
  return { graphs, withoutGraph: vectorsWithoutGraph }
}

function removeIndexes(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory() || !DERIVED.has(entry.name)) continue
    rmSync(join(entry.parentPath, entry.name), { recursive: true })
  }
}

async function openAndSearch(folder: string, data: SearchData): Promise<Store> {
  const store = await openSutra(folder)
  await search(store, data)
  return store
}

async function rebuildAndSearch(
  folder: string,
  data: SearchData,
  withoutGraph: number,
): Promise<Store> {
  const store = await openSutra(folder)
  while (store.stats().background.vectorsWithoutGraph > withoutGraph) await pause(LOOK_MS)
  await search(store, data)
  return store
}

async function search(store: Store, { ids, vectors }: SearchData): Promise<void> {
  const vector = vectors[WANTED] ?? new Float32Array()
  const { hits } = await store.search({ vector, k: NEAREST })
  const isRight = hits.length === NEAREST && hits[0]?.id === ids[WANTED]
  if (!isRight) throw new Error('sutra found others')
}
