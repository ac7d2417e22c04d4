// How long a write takes that is to survive the process, not the machine.

import { makeIds, makeTexts } from '../data.js'
import { bareUnsynced } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Setting } from '../question.js'
import { openSutra } from '../sutra.js'
import { timeEach, timeInFlight, timeLoop } from '../timing.js'

const IN_FLIGHT = 1000

export const questions: Question[] = [
  {
    name: 'os-single-write',
    title: "One write at a time with durability 'os'",
    unit: 'ms',
    figure: 'mean',
    conditions: '200 bytes of text; the next write begins when the one before is with the system',
    target: { kind: 'at most', value: 0.02 },
    profile:
      'a call with nothing to write (deleting what is not there) takes 58 us, a write 64 us: the ' +
      'time goes into waking the committing thread and being woken by it; with 1,000 in flight a ' +
      'write takes 2.6 us',
    open: (setting) => open(setting, false),
  },
  {
    name: 'os-in-flight',
    title: "Writes with durability 'os', 1,000 in flight",
    unit: 'per second',
    conditions: '200 bytes of text; a new write begins for each that is with the system',
    target: { kind: 'at least', value: 50_000 },
    open: (setting) => open(setting, true),
  },
]

async function open(setting: Setting, isPipelined: boolean): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const count = (isQuick ? 2000 : 10_000) * (isPipelined ? 10 : 1)
  const contenders = [await sutra(folder, count, isPipelined)]
  if (!isPipelined) contenders.push(bareUnsynced(folder, count, false))
  if (setting.hasPeers) contenders.push(lmdb(folder, count, isPipelined))
  return contenders
}

async function sutra(folder: string, count: number, isPipelined: boolean): Promise<Contender> {
  const store = await openSutra(folder, { durability: 'os' })
  let written = 0
  return {
    name: 'sutra',
    detail: "learn, durability 'os'",
    run: () => {
      const texts = makeTexts(count, written)
      written += count
      const learn = (index: number): Promise<unknown> =>
        store.learn({ content: texts[index] ?? '' })
      return isPipelined ? timeInFlight(count, IN_FLIGHT, learn) : timeEach(count, learn)
    },
    close: () => store.close(),
  }
}

function lmdb(folder: string, count: number, isPipelined: boolean): Contender {
  const store = new LmdbStore(folder, 'os')
  const ids = makeIds(count)
  let turn = 0
  return {
    name: 'lmdb',
    detail: isPipelined
      ? `transactionSync of ${IN_FLIGHT} concepts, noSync`
      : 'transactionSync of one concept, noSync',
    run: () => {
      const texts = makeTexts(count, count * turn++)
      const put = (index: number): void =>
        void store.put(ids[index] ?? '', texts[index] ?? '', undefined)
      if (!isPipelined) {
        return timeEach(count, (index) => void store.transaction(() => put(index)))
      }
      return timeLoop(count, () => {
        for (let from = 0; from < count; from += IN_FLIGHT) {
          store.transaction(() => {
            for (let index = from; index < from + IN_FLIGHT; index++) put(index)
          })
        }
      })
    },
    close: () => store.close(),
  }
}
