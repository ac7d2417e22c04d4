// How many nearest neighbours can be found in a second, with at least so many of the right ones.
// Each contender looks at as few candidates as reach that, so that all answer equally well.

import type { Quantization, Store } from '../../src/index.js'
import type { PeerKind } from '../peers/peer.js'
import { SEARCH_PEERS } from '../peers/search-peers.js'
import type { Contender, Question, Setting } from '../question.js'
import {
  EFFORTS_OURS,
  type Find,
  type Floor,
  measure,
  numbersById,
  searcher,
  show,
  tune,
} from '../recall.js'
import { makeSearchData, NEAREST, QUERIES, type SearchData } from '../search-data.js'
import { indexOf, openPeer, openSearchStore, truthOf } from '../search-stores.js'
import type { Truth } from '../truth.js'

const CONCEPTS = 100_000
const CONCEPTS_QUICK = 5000
const QUANTIZATIONS: readonly Quantization[] = ['i8', 'f16', 'f32']

const conditions = `100,000 concepts with a vector of 768 dimensions, a text of 8 to 30 words and attributes, in files and indexed; ${QUERIES} queries of the same mixture, one after the other, the ${NEAREST} nearest of each; recall@${NEAREST} is that of all of them against a comparison with every vector`

export const questions: Question[] = [
  {
    name: 'nearest',
    title: 'The ten nearest of 100,000 vectors, recall at least 0.99',
    unit: 'per second',
    conditions,
    open: (setting) => open(setting, 0.99),
  },
  {
    name: 'nearest-95',
    title: 'The ten nearest of 100,000 vectors, recall at least 0.95',
    unit: 'per second',
    conditions,
    open: (setting) => open(setting, 0.95),
  },
]

async function open(setting: Setting, recall: number): Promise<Contender[]> {
  const { isQuick } = setting
  const data = makeSearchData(isQuick ? CONCEPTS_QUICK : CONCEPTS)
  const truth = truthOf(setting, data, 'all')
  const asked: Asked = { data, truth, floor: { recall, isQuick } }
  const contenders: Contender[] = []
  for (const quantization of QUANTIZATIONS) {
    const store = await openSearchStore(setting, data, quantization)
    contenders.push(await tuned(store, asked, quantization))
    if (quantization === 'i8') contenders.push(await withDefaults(store, asked))
  }
  for (const kind of SEARCH_PEERS) contenders.push(...(await peer(setting, kind, asked)))
  return contenders
}

/** What all contenders are asked. */
interface Asked {
  readonly data: SearchData
  readonly truth: Truth
  readonly floor: Floor
}

/** A search of ours; without candidates, of as many as the store looks at on its own. */
function finder(store: Store, data: SearchData, efSearch: () => number | undefined): Find {
  const numbers = numbersById(data)
  return async (query) => {
    const vector = data.queries[query] ?? new Float32Array()
    const effort = efSearch()
    const options = { vector, k: NEAREST, ...(effort !== undefined && { efSearch: effort }) }
    const { hits } = await store.search(options)
    return hits.map(({ id }) => numbers.get(id) ?? -1)
  }
}

async function tuned(store: Store, asked: Asked, quantization: Quantization): Promise<Contender> {
  const { data, truth, floor } = asked
  let effort: number | undefined
  const find = finder(store, data, () => effort)
  const setEffort = (wanted: number): void => {
    effort = wanted
  }
  const search = { efforts: EFFORTS_OURS, effortName: 'efSearch', setEffort, find }
  const found = await tune(search, truth, floor)
  const name = quantization === 'i8' ? 'sutra' : `sutra, ${quantization}`
  const detail = `search({ vector, k: ${NEAREST}, efSearch }), quantization ${quantization}; answers concepts; ${indexOf(store)}`
  return searcher(name, detail, { tuned: found, find, truth }, () => store.close())
}

/** The store is closed by the contender that it was opened for. */
async function withDefaults(store: Store, { data, truth, floor }: Asked): Promise<Contender> {
  const find = finder(store, data, () => undefined)
  const { recall, count } = await measure(find, truth, floor.isQuick)
  const found = { recall, count, described: `recall ${show(recall)}` }
  const detail = `search({ vector, k: ${NEAREST} }), all defaults`
  return searcher('sutra, defaults', detail, { tuned: found, find, truth }, () => {})
}

async function peer(setting: Setting, kind: PeerKind, asked: Asked): Promise<Contender[]> {
  const { data, truth, floor } = asked
  const opened = await openPeer(setting, kind, data)
  if (opened?.nearest === undefined) return []
  const find: Find = (query) => opened.nearest?.(query) ?? []
  const { efforts, effortName, detail } = opened
  const setEffort = (effort: number): void => opened.setEffort(effort)
  const found = await tune({ efforts, effortName, setEffort, find }, truth, floor)
  return [searcher(kind.name, detail, { tuned: found, find, truth }, () => opened.close())]
}
