// Associations that are in mapped segment files: how many times in a second those of a concept are
// read, and how long it takes to find the best path between two concepts.

import { EDGES_PER_CONCEPT, makeOrder, Random } from '../data.js'
import { countOf, flushedData, openFlushed, type Scale, SCALES, segmentsOf } from '../flushed.js'
import { emptyCall } from '../limits.js'
import { bestPath, LmdbStore } from '../peers/lmdb.js'
import type { Store } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { type FindBest, finder } from './paths.js'
import { reader } from './neighbors.js'

const HOPS = 6

export const questions: Question[] = SCALES.flatMap((scale): Question[] => [
  {
    name: `${scale.name}-neighbors`,
    title: `Flushed: the four associations that start at a concept, of ${countOf(scale)}`,
    unit: 'per second',
    conditions: `${scale.data}; target and confidence of all ${EDGES_PER_CONCEPT} are read`,
    isLarge: scale.isLarge,
    ...(!scale.isLarge && { target: { kind: 'at least', value: 800_000 } }),
    open: (setting) => openNeighbors(setting, scale),
  },
  {
    name: `${scale.name}-paths`,
    title: `Flushed: the best path of at most six hops, ${countOf(scale)} concepts`,
    unit: 'ms',
    conditions: `${scale.data}; pairs that a walk of six associations leads from one to the other, one path asked for`,
    isLarge: scale.isLarge,
    open: (setting) => openPaths(setting, scale),
  },
])

async function openNeighbors(setting: Setting, scale: Scale): Promise<Contender[]> {
  const data = await flushedData(setting, scale)
  const order = makeOrder(setting.isQuick ? 30_000 : 300_000, data.ids.length, 3)
  const wanted = [...order].map((number) => data.ids[number] ?? '')
  const store = await openFlushed(data)
  const detail = `neighbors(id, { direction: 'out' }); ${segmentsOf(store)}`
  const out = { direction: 'out' } as const
  const contenders = [
    reader(
      'sutra',
      detail,
      wanted,
      (id) => store.neighbors(id, out),
      () => store.close(),
    ),
    await emptyCall(order.length),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(data.folder)
    const theirs = (id: string): ReturnType<typeof peer.outgoing.get> & {} =>
      peer.outgoing.get(id) ?? []
    const said = 'get of a stored list, MessagePack with shared structures'
    contenders.push(reader('lmdb', said, wanted, theirs, () => peer.close()))
  }
  return contenders
}

async function openPaths(setting: Setting, scale: Scale): Promise<Contender[]> {
  const data = await flushedData(setting, scale)
  const store = await openFlushed(data)
  const pairs = walks(store, data.ids, setting.isQuick ? 50 : 300)
  const options = { hopsMax: HOPS, pathsMax: 1 }
  const ours: FindBest = async (from, to) =>
    (await store.paths(from, to, options))[0]?.confidence ?? 0
  const asked = { pairs, answers: [] }
  const detail = `paths(from, to, { hopsMax: 6, pathsMax: 1 }); ${segmentsOf(store)}`
  const contenders = [finder('sutra', detail, asked, ours, () => store.close())]
  if (setting.hasPeers) {
    const peer = new LmdbStore(data.folder)
    const said = 'stored lists of both directions, searched from both ends in JavaScript'
    const theirs: FindBest = (from, to) => bestPath(peer, from, to, HOPS)
    contenders.push(finder('lmdb', said, asked, theirs, () => peer.close()))
  }
  return contenders
}

/** Both ends of so many walks: among many concepts two chosen at random have no short path. */
function walks(store: Store, ids: readonly string[], count: number): string[] {
  const random = new Random(5)
  return Array.from({ length: count }).flatMap(() => {
    const from = ids[random.below(ids.length)] ?? ''
    let to = from
    for (let hop = 0; hop < HOPS; hop++) {
      to = store.neighbors(to)[random.below(EDGES_PER_CONCEPT)]?.target ?? ''
    }
    return [from, to]
  })
}
