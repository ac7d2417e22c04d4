// How many writes become durable in a second, when 1,000 of them are under way at any time.

import { makeIds, makeTexts, makeVectors } from '../data.js'
import { bareGroups } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { openSutra } from '../sutra.js'
import { timeInFlight, timeLoop } from '../timing.js'

export const IN_FLIGHT = 1000
export const INPUTS = 5000

function question(hasVector: boolean): Question {
  const what = hasVector ? 'with vectors of 768 dimensions' : 'text only'
  return {
    name: hasVector ? 'durable-in-flight' : 'durable-in-flight-text',
    title: `Durable writes, 1,000 in flight, ${what}`,
    unit: 'per second',
    conditions: `single concepts of 200 bytes of text, ${what}; a new write begins for each that is on disk`,
    target: { kind: 'at least', value: hasVector ? 100_000 : 300_000 },
    profile: hasVector
      ? 'the committing thread takes 5 us for each write (copies into log and rows, first touch of their memory, checks, hash of the content), JavaScript 1.7 us, zeros for the next log segment 0.6 us'
      : 'the committing thread takes 2 us for each write (hash of the content, tables, copies), JavaScript 0.7 us',
    open: (setting) => open(setting, hasVector),
  }
}

export const questions = [question(true), question(false)]

async function open(setting: Setting, hasVector: boolean): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const count = isQuick ? 5000 : hasVector ? 30_000 : 90_000
  const vectors = hasVector ? makeVectors(INPUTS) : []
  const contenders = [
    await sutra(folder, count, vectors),
    bareGroups(folder, count, IN_FLIGHT, hasVector),
  ]
  if (setting.hasPeers) contenders.push(...lmdb(folder, isQuick ? 2000 : 10_000, vectors))
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
      return timeInFlight(count, IN_FLIGHT, (index) => {
        const content = texts[index] ?? ''
        const vector = vectors[index % INPUTS]
        return store.learn(vector === undefined ? { content } : { content, vector })
      })
    },
    close: () => store.close(),
  }
}

/** The peer, asked the same. */
export function lmdb(folder: string, count: number, vectors: readonly Float32Array[]): Contender[] {
  const store = new LmdbStore(folder)
  const ids = makeIds(400_000)
  let written = 0
  const inputs = (): { texts: string[]; first: number } => {
    const first = written
    written += count
    return { texts: makeTexts(count, first), first }
  }
  const put = (texts: readonly string[], first: number, index: number): Promise<boolean> =>
    store.put(ids[first + index] ?? '', texts[index] ?? '', vectors[index % INPUTS])
  return [
    {
      name: 'lmdb transaction',
      detail: `transactionSync of ${IN_FLIGHT} concepts, which waits for the disk`,
      run: () => {
        const { texts, first } = inputs()
        return timeLoop(count, () => {
          for (let from = 0; from < count; from += IN_FLIGHT) {
            store.transaction(() => {
              for (let index = from; index < from + IN_FLIGHT; index++) put(texts, first, index)
            })
          }
        })
      },
      close: () => store.close(),
    },
    {
      name: 'lmdb put',
      detail: 'put, then flushed, which waits for the disk',
      run: () => {
        const { texts, first } = inputs()
        return timeInFlight(count, IN_FLIGHT, async (index) => {
          void put(texts, first, index)
          await store.root.flushed
        })
      },
      close: () => {},
    },
  ]
}
