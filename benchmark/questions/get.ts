// How many concepts are read in a second, by id, with their text.

import { makeIds, makeOrder, makeVectors, TEXT_BYTES } from '../data.js'
import { emptyCall } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { fillSutra, openSutra } from '../sutra.js'
import { timeLoop } from '../timing.js'

const HOT = 4096

export const questions: Question[] = [
  {
    name: 'get-hot',
    title: 'get and read the text, the same 4,096 concepts again and again',
    unit: 'per second',
    conditions: '4,096 of 100,000 concepts of 200 bytes of text and a vector of 768 dimensions',
    target: { kind: 'at least', value: 1_500_000 },
    open: (setting) => open(setting, HOT),
  },
  {
    name: 'get-uniform',
    title: 'get and read the text, any of 100,000 concepts',
    unit: 'per second',
    conditions: '100,000 concepts of 200 bytes of text and a vector of 768 dimensions',
    target: { kind: 'at least', value: 1_000_000 },
    profile:
      'the calls take 0.4 us, as for hot concepts; the rest is some seven cache lines of id, table, cell and record that come from memory one after the other',
    open: (setting) => open(setting, Number.POSITIVE_INFINITY),
  },
]

async function open(setting: Setting, hot: number): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ids = makeIds(isQuick ? 10_000 : 100_000)
  const vectors = makeVectors(ids.length)
  const count = isQuick ? 100_000 : 500_000
  const order = makeOrder(count, Math.min(hot, ids.length), 3)
  const wanted = [...order].map((number) => ids[number] ?? '')
  const store = await openSutra(folder)
  await fillSutra(store, ids, vectors)
  const contenders = [
    reader(
      'sutra',
      'get(id).content',
      wanted,
      (id) => store.get(id)?.content,
      () => store.close(),
    ),
    await emptyCall(count),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(folder)
    peer.fill(ids, vectors)
    const detail = 'get(id).content, MessagePack with shared structures'
    const read = (id: string): string | undefined => peer.notes.get(id)?.content
    contenders.push(reader('lmdb', detail, wanted, read, () => peer.close()))
  }
  return contenders
}

function reader(
  name: string,
  detail: string,
  wanted: readonly string[],
  read: (id: string) => string | undefined,
  close: () => Promise<void>,
): Contender {
  return {
    name,
    detail,
    run: () => {
      let chars = 0
      const run = timeLoop(wanted.length, () => {
        for (const id of wanted) chars += read(id)?.length ?? 0
      })
      if (chars !== wanted.length * TEXT_BYTES) throw new Error(`${name} read other texts`)
      return run
    },
    close,
  }
}
