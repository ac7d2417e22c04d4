// How many times in a second the associations of a concept are read, with target and confidence.

import { EDGES_PER_CONCEPT, makeEdges, makeIds, makeOrder } from '../data.js'
import { emptyCall } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { connectSutra, fillSutra, openSutra } from '../sutra.js'
import { timeLoop } from '../timing.js'

const CONCEPTS = 10_000
const ID_CHARS = 32

export const questions: Question[] = [
  {
    name: 'neighbors',
    title: 'The four associations that start at a concept',
    unit: 'per second',
    conditions:
      '10,000 concepts, four typed associations from each; target and confidence of all four are read',
    target: { kind: 'at least', value: 800_000 },
    open,
  },
]

interface Edge {
  readonly target: string
  readonly confidence: number
}

async function open(setting: Setting): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ids = makeIds(CONCEPTS)
  const edges = makeEdges(CONCEPTS)
  const order = makeOrder(isQuick ? 50_000 : 300_000, CONCEPTS, 3)
  const wanted = [...order].map((number) => ids[number] ?? '')
  const store = await openSutra(folder)
  await fillSutra(store, ids, [])
  await connectSutra(store, ids, edges)
  const out = { direction: 'out' } as const
  const ours = (id: string): readonly Edge[] => store.neighbors(id, out)
  const contenders = [
    reader('sutra', "neighbors(id, { direction: 'out' })", wanted, ours, () => store.close()),
    await emptyCall(order.length),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(folder)
    peer.connect(ids, edges)
    const detail = 'get of a stored list, MessagePack with shared structures'
    const theirs = (id: string): readonly Edge[] => peer.outgoing.get(id) ?? []
    contenders.push(reader('lmdb', detail, wanted, theirs, () => peer.close()))
  }
  return contenders
}

/** A contender that reads the associations of each id. */
export function reader(
  name: string,
  detail: string,
  wanted: readonly string[],
  read: (id: string) => readonly Edge[],
  close: () => Promise<void>,
): Contender {
  return {
    name,
    detail,
    run: () => {
      let chars = 0
      let confidence = 0
      const run = timeLoop(wanted.length, () => {
        for (const id of wanted) {
          for (const edge of read(id)) {
            chars += edge.target.length
            confidence += edge.confidence
          }
        }
      })
      const edges = wanted.length * EDGES_PER_CONCEPT
      const isRight = chars === edges * ID_CHARS && confidence > edges / 2
      if (!isRight) throw new Error(`${name} read other associations`)
      return run
    },
    close,
  }
}
