// How long it takes to find the best path between two concepts. Every contender must find the best
// one, not just one: the confidences are compared.

import { makeEdges, makeIds, makeOrder } from '../data.js'
import { bestPath, LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { connectSutra, fillSutra, openSutra } from '../sutra.js'
import { timeEach } from '../timing.js'
import { type Graph, readWordnet } from '../wordnet.js'

const CONCEPTS = 10_000
const HOPS = 6
/** Largest difference of two products of the same numbers in another order. */
const ROUNDING = 1e-12

export const questions: Question[] = [
  {
    name: 'paths',
    title: 'The best path of at most six hops, 10,000 concepts',
    unit: 'ms',
    conditions:
      '10,000 concepts, four associations from each to any other; pairs at random, one path asked for',
    target: { kind: 'at most', value: 0.2 },
    open: (setting) => openGraph(setting, { ids: makeIds(CONCEPTS), edges: makeEdges(CONCEPTS) }),
  },
  {
    name: 'paths-wordnet',
    title: 'The best path of at most six hops, WordNet',
    unit: 'ms',
    conditions:
      'Open English WordNet: 107,525 concepts and its associations; pairs at random, one path asked for',
    open: async (setting) => {
      const graph = await readWordnet()
      return graph === undefined ? 'oewn.jsonl.gz is not here' : openGraph(setting, graph)
    },
  },
]

/** Confidence of the best path, 0 for none. */
export type FindBest = (from: string, to: string) => number | Promise<number>

async function openGraph(setting: Setting, { ids, edges }: Graph): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ends = makeOrder(isQuick ? 100 : 600, ids.length, 5)
  const pairs = [...ends].map((number) => ids[number] ?? '')
  const store = await openSutra(folder)
  await fillSutra(store, ids, [])
  await connectSutra(store, ids, edges)
  const answers: number[] = []
  const options = { hopsMax: HOPS, pathsMax: 1 }
  const ours: FindBest = async (from, to) =>
    (await store.paths(from, to, options))[0]?.confidence ?? 0
  const contenders = [
    finder('sutra', 'paths(from, to, { hopsMax: 6, pathsMax: 1 })', { pairs, answers }, ours, () =>
      store.close(),
    ),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(folder)
    peer.connect(ids, edges)
    const detail = 'stored lists of both directions, searched from both ends in JavaScript'
    const theirs: FindBest = (from, to) => bestPath(peer, from, to, HOPS)
    contenders.push(finder('lmdb', detail, { pairs, answers }, theirs, () => peer.close()))
  }
  return contenders
}

/** A contender that finds paths; it must find what the first one found. */
export function finder(
  name: string,
  detail: string,
  { pairs, answers }: { pairs: readonly string[]; answers: number[] },
  find: FindBest,
  close: () => Promise<void>,
): Contender {
  return {
    name,
    detail,
    run: () =>
      timeEach(pairs.length / 2, async (index) => {
        const confidence = await find(pairs[2 * index] ?? '', pairs[2 * index + 1] ?? '')
        const expected = (answers[index] ??= confidence)
        if (Math.abs(confidence - expected) > ROUNDING) {
          throw new Error(`${name} found ${confidence} where another found ${expected}`)
        }
      }),
    close,
  }
}
