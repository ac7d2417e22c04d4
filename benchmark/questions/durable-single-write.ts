// How long one write takes until it survives power loss, when nobody else writes.

import { makeIds, makeTexts, makeVectors } from '../data.js'
import { bareWrite } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { openSutra } from '../sutra.js'
import { timeEach } from '../timing.js'

const INPUTS = 2000

function question(hasVector: boolean): Question {
  const what = hasVector ? 'with a vector of 768 dimensions' : 'without a vector'
  return {
    name: hasVector ? 'durable-single-write' : 'durable-single-write-text',
    title: `One durable write at a time, ${what}`,
    unit: 'ms',
    conditions: `200 bytes of text ${what}; the next write begins when the one before is on disk`,
    target: { kind: 'ratio at most', value: 1.5 },
    open: (setting) => open(setting, hasVector),
  }
}

export const questions = [question(true), question(false)]

async function open(setting: Setting, hasVector: boolean): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const count = isQuick ? 50 : 300
  const vectors = hasVector ? makeVectors(INPUTS) : []
  const contenders = [await sutra(folder, count, vectors), bareWrite(folder, count, hasVector)]
  if (setting.hasPeers) contenders.push(...lmdb(folder, count, vectors))
  return contenders
}

async function sutra(
  folder: string,
  count: number,
  vectors: readonly Float32Array[],
): Promise<Contender> {
  const store = await openSutra(folder)
  let written = 0
  return {
    name: 'sutra',
    detail: "learn, durability 'fsync'",
    run: () => {
      const texts = makeTexts(count, written)
      written += count
      return timeEach(count, (index) => {
        const vector = vectors[index % INPUTS]
        return store.learn({ content: texts[index] ?? '', ...(vector && { vector }) })
      })
    },
    close: () => store.close(),
  }
}

function lmdb(folder: string, count: number, vectors: readonly Float32Array[]): Contender[] {
  const store = new LmdbStore(folder)
  const ids = makeIds(200_000)
  let written = 0
  const inputs = (): { texts: string[]; first: number } => {
    const first = written
    written += count
    return { texts: makeTexts(count, first), first }
  }
  return [
    {
      name: 'lmdb transaction',
      detail: 'transactionSync of one concept, which waits for the disk',
      run: () => {
        const { texts, first } = inputs()
        return timeEach(count, (index) => {
          store.transaction(() => {
            void store.put(ids[first + index] ?? '', texts[index] ?? '', vectors[index % INPUTS])
          })
          return undefined
        })
      },
      close: () => store.close(),
    },
    {
      name: 'lmdb put',
      detail: 'put, then flushed, which waits for the disk',
      run: () => {
        const { texts, first } = inputs()
        return timeEach(count, (index) => {
          const id = ids[first + index] ?? ''
          return store.putDurable(id, texts[index] ?? '', vectors[index % INPUTS])
        })
      },
      close: () => {},
    },
  ]
}
