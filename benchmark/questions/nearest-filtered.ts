// How many nearest neighbours can be found in a second among those that a filter allows, which are
// one in a hundred: too few for a walk over all, and more than one wants to look at.

import type { PeerKind } from '../peers/peer.js'
import { SEARCH_PEERS } from '../peers/search-peers.js'
import type { Contender, Question, Setting } from '../question.js'
import { EFFORTS_OURS, type Find, type Floor, numbersById, searcher, tune } from '../recall.js'
import {
  bucketOf,
  isInBucket,
  makeSearchData,
  NEAREST,
  QUERIES,
  type SearchData,
} from '../search-data.js'
import { indexOf, openPeer, openSearchStore, truthOf } from '../search-stores.js'
import type { Truth } from '../truth.js'

const RECALL = 0.99
const CONCEPTS_QUICK = 5000

export const questions: Question[] = [10_000, 100_000].map((concepts) => ({
  name: `nearest-filtered-${concepts}`,
  title: `The ten nearest of the 1 % of ${concepts.toLocaleString('en')} vectors that a filter allows, recall at least ${RECALL}`,
  unit: 'per second',
  conditions: `${concepts.toLocaleString('en')} concepts with a vector of 768 dimensions, a text of 8 to 30 words and attributes, in files and indexed; ${QUERIES} queries, one after the other, each with another value of an attribute that 1 % of the concepts have`,
  open: (setting) => open(setting, concepts),
}))

interface Asked {
  readonly data: SearchData
  readonly truth: Truth
  readonly floor: Floor
}

async function open(setting: Setting, concepts: number): Promise<Contender[]> {
  const { isQuick } = setting
  const data = makeSearchData(isQuick ? CONCEPTS_QUICK : concepts)
  const truth = truthOf(setting, data, 'bucket', isInBucket)
  const asked: Asked = { data, truth, floor: { recall: RECALL, isQuick } }
  const contenders = [await ours(setting, asked)]
  for (const kind of SEARCH_PEERS) contenders.push(...(await peer(setting, kind, asked)))
  return contenders
}

async function ours(setting: Setting, { data, truth, floor }: Asked): Promise<Contender> {
  const store = await openSearchStore(setting, data)
  const numbers = numbersById(data)
  let efSearch: number | undefined
  const find: Find = async (query) => {
    const vector = data.queries[query] ?? new Float32Array()
    const filter = { bucket: bucketOf(query) }
    const { hits } = await store.search({
      vector,
      k: NEAREST,
      filter,
      ...(efSearch !== undefined && { efSearch }),
    })
    return hits.map(({ id }) => numbers.get(id) ?? -1)
  }
  const setEffort = (effort: number): void => {
    efSearch = effort
  }
  const search = { efforts: EFFORTS_OURS, effortName: 'efSearch', setEffort, find }
  const tuned = await tune(search, truth, floor)
  const detail = `search({ vector, k: ${NEAREST}, filter: { bucket }, efSearch }), quantization i8; answers concepts; ${indexOf(store)}`
  return searcher('sutra', detail, { tuned, find, truth }, () => store.close())
}

/** Peers that know no filter are left out. */
async function peer(setting: Setting, kind: PeerKind, asked: Asked): Promise<Contender[]> {
  if (!kind.hasFilter) return []
  const { data, truth, floor } = asked
  const opened = await openPeer(setting, kind, data)
  if (opened?.nearestInBucket === undefined) return []
  const find: Find = (query) => opened.nearestInBucket?.(query) ?? []
  const { efforts, effortName, detail } = opened
  const setEffort = (effort: number): void => opened.setEffort(effort)
  const tuned = await tune({ efforts, effortName, setEffort, find }, truth, floor)
  return [searcher(kind.name, detail, { tuned, find, truth }, () => opened.close())]
}
