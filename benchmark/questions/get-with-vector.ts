// How many concepts are read in a second, by id, with their text and their vector.

import { makeIds, makeOrder, makeVectors } from '../data.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { fillSutra, openSutra } from '../sutra.js'
import { timeLoop } from '../timing.js'

const CONCEPTS = 10_000

export const questions: Question[] = [
  {
    name: 'get-with-vector',
    title: 'get, read the text and the vector',
    unit: 'per second',
    conditions:
      '10,000 concepts of 200 bytes of text and a vector of 768 dimensions; the vector is a copy that stays as it is',
    target: { kind: 'at least', value: 600_000 },
    profile:
      'V8 takes 0.6 to 0.9 us to make and free an array of 768 numbers with memory of its own, one half of the whole; a pool would be three times as fast, but then `vector.buffer` holds other vectors as well',
    open,
  },
]

async function open(setting: Setting): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ids = makeIds(CONCEPTS)
  const vectors = makeVectors(CONCEPTS)
  const order = makeOrder(isQuick ? 20_000 : 200_000, CONCEPTS, 3)
  let expected = 0
  for (const number of order) expected += vectors[number]?.[number % 768] ?? 0
  const store = await openSutra(folder)
  await fillSutra(store, ids, vectors)
  const ours = (id: string): Float32Array | undefined => {
    const concept = store.get(id)
    return concept !== undefined && concept.content.length > 0 ? concept.vector : undefined
  }
  const inputs = { ids, order, expected }
  const contenders = [
    reader('sutra', 'get(id): content and vector', inputs, ours, () => store.close()),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(folder)
    peer.fill(ids, vectors)
    const detail = 'get(id).content, and the vector by getBinaryFast and a copy'
    const theirs = (id: string): Float32Array | undefined =>
      (peer.notes.get(id)?.content.length ?? 0) > 0 ? peer.vector(id) : undefined
    contenders.push(reader('lmdb', detail, inputs, theirs, () => peer.close()))
  }
  return contenders
}

function reader(
  name: string,
  detail: string,
  inputs: { ids: readonly string[]; order: Uint32Array; expected: number },
  read: (id: string) => Float32Array | undefined,
  close: () => Promise<void>,
): Contender {
  const { ids, order, expected } = inputs
  return {
    name,
    detail,
    run: () => {
      let sum = 0
      const run = timeLoop(order.length, () => {
        for (const number of order) sum += read(ids[number] ?? '')?.[number % 768] ?? 0
      })
      if (sum !== expected) throw new Error(`${name} read other vectors`)
      return run
    },
    close,
  }
}
