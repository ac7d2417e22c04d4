// A process that fills or opens a store with everything a search needs and tells how much memory of
// its own it had for that. Started for the questions about the memory of searches.
//
// Arguments: what to do, folder, number of concepts. Answers by a message.

import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from '../src/index.js'
import { bringToRest } from './at-rest.js'
import { makeIds, Mixture, Random } from './data.js'
import { residentBytes, settledAnonymousBytes } from './process-figures.js'
import { attributesOf, NEAREST, searchText } from './search-data.js'
import { openSutra } from './sutra.js'

/** `make up`: everything that `build` does but for the store, to be taken off. */
export type Work = 'build' | 'make up' | 'search'

export interface SearchMemory {
  readonly concepts: number
  readonly anonymousBytes: number
}

/** Small, so that what waits in JavaScript is little beside the store. */
const BATCH = 200
const EDGES_PER_CONCEPT = 3
const SEARCHES = 200
const LOOK_MS = 20

/** What is put into a store, one batch after the other: all at once would be memory as well. */
class Batches {
  readonly #count: number
  readonly #mixture = new Mixture()
  readonly #texts = new Random(29)
  readonly #targets = new Random(23)

  constructor(count: number) {
    this.#count = count
  }

  *concepts(): Generator<{ id: string; content: string; vector: Float32Array }[]> {
    for (let from = 0; from < this.#count; from += BATCH) {
      const ids = makeIds(Math.min(BATCH, this.#count - from), from)
      yield ids.map((id, index) => {
        const attributes = attributesOf(from + index)
        const [content, vector] = [searchText(this.#texts), this.#mixture.next()]
        return { id, content, vector, attributes }
      })
    }
  }

  *edges(): Generator<{ source: string; target: string; type: 'semantic' }[]> {
    for (let from = 0; from < this.#count; from += BATCH) {
      const ids = makeIds(Math.min(BATCH, this.#count - from), from)
      yield ids.flatMap((source) => this.#edgesOf(source))
    }
  }

  #edgesOf(source: string): { source: string; target: string; type: 'semantic' }[] {
    return Array.from({ length: EDGES_PER_CONCEPT }, () => {
      const target = makeIds(1, this.#targets.below(this.#count))[0] ?? ''
      return { source, target, type: 'semantic' }
    })
  }
}

/** Looks at the memory while something is done, and tells the most that it saw. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  let peak = 0
  const look = (): void => {
    peak = Math.max(peak, residentBytes().anonymous)
  }
  const looking = setInterval(look, LOOK_MS)
  await work()
  look()
  clearInterval(looking)
  return peak
}

async function build(folder: string, count: number): Promise<SearchMemory> {
  const store = await openSutra(folder, { durability: 'os' })
  const anonymousBytes = await peakOf(async () => {
    const batches = new Batches(count)
    for (const batch of batches.concepts()) await store.learnMany(batch)
    for (const batch of batches.edges()) await store.associateMany(batch)
    await bringToRest(store, folder)
  })
  const { concepts } = store.stats()
  await store.close()
  return { concepts, anonymousBytes }
}

async function makeUp(folder: string, count: number): Promise<SearchMemory> {
  const store = await openSutra(folder, { durability: 'os' })
  const anonymousBytes = await peakOf(async () => {
    const batches = new Batches(count)
    // Without a turn of the event loop nobody would look.
    for (const _ of batches.concepts()) await turn()
    for (const _ of batches.edges()) await turn()
  })
  await store.close()
  return { concepts: 0, anonymousBytes }
}

/** As an empty store is asked the same, what is thrown away is about the same. */
async function search(folder: string): Promise<SearchMemory> {
  const store = await openSutra(folder)
  const [mixture, texts] = [new Mixture(), new Random(29)]
  let found = 0
  for (let index = 0; index < SEARCHES; index++) {
    const [vector, text] = [mixture.next(), searchText(texts)]
    const { hits } = await store.search({ vector, k: NEAREST })
    found += hits.length + (await searchWords(store, text)) + neighborsOf(store, index)
  }
  const { concepts } = store.stats()
  if (found === 0 && concepts > 0) throw new Error('nothing was found')
  const anonymousBytes = await settledAnonymousBytes()
  await store.close()
  return { concepts, anonymousBytes }
}

async function searchWords(store: Store, text: string): Promise<number> {
  const [one, other] = text.split(' ')
  const query = { text: `${one} ${other}`, k: NEAREST, weights: { vector: 0 } }
  return (await store.search(query)).hits.length
}

function neighborsOf(store: Store, number: number): number {
  return store.neighbors(makeIds(1, number)[0] ?? '').length
}

const [work, folder = '', count] = process.argv.slice(2) as [Work | undefined, string?, string?]
if (work !== undefined) {
  const does = { build, 'make up': makeUp, search }
  process.send?.(await does[work](folder, Number(count)))
  process.disconnect?.()
}
