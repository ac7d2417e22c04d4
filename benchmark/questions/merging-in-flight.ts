// How many writes become durable in a second, 1,000 of them under way at any time, while segment
// files are written and merged behind them all the time.

import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { bringToRest } from '../at-rest.js'
import { makeTexts, makeVectors } from '../data.js'
import type { BackgroundStats } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { openSutra } from '../sutra.js'
import { timeInFlight } from '../timing.js'
import { IN_FLIGHT, INPUTS, lmdb } from './durable-in-flight.js'

/** Concepts at which memory is written to a segment: some 30 times in each run. */
export const THRESHOLD_MERGING = 2000
/** So many that memory is not written to a segment within a run. */
export const THRESHOLD_RESTING = 10_000_000

function question(hasVector: boolean): Question {
  const what = hasVector ? 'with vectors of 768 dimensions' : 'text only'
  return {
    name: hasVector ? 'merging-in-flight' : 'merging-in-flight-text',
    title: `While merging: durable writes, 1,000 in flight, ${what}`,
    unit: 'per second',
    conditions: `single concepts of 200 bytes of text, ${what}; a new write begins for each that is on disk; every ${THRESHOLD_MERGING.toLocaleString('en')} concepts go to a segment, and segments are merged`,
    open: (setting) => open(setting, hasVector),
  }
}

export const questions = [question(true), question(false)]

async function open(setting: Setting, hasVector: boolean): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const count = isQuick ? 20_000 : hasVector ? 60_000 : 180_000
  const vectors = hasVector ? makeVectors(INPUTS) : []
  const contenders = [
    await sutra(folder, count, vectors, true),
    await sutra(folder, count, vectors, false),
  ]
  if (setting.hasPeers) contenders.push(...lmdb(folder, isQuick ? 2000 : 10_000, vectors))
  return contenders
}

async function sutra(
  folder: string,
  count: number,
  vectors: readonly Float32Array[],
  isMerging: boolean,
): Promise<Contender> {
  const own = join(folder, isMerging ? 'merging' : 'resting')
  mkdirSync(own, { recursive: true })
  const memoryThreshold = isMerging ? THRESHOLD_MERGING : THRESHOLD_RESTING
  const store = await openSutra(own, { memoryThreshold })
  let written = 0
  return {
    name: isMerging ? 'sutra' : 'sutra, no merges',
    detail: `learn, durability 'fsync', memoryThreshold ${memoryThreshold.toLocaleString('en')}`,
    run: async () => {
      const texts = makeTexts(count, written)
      written += count
      const before = store.stats().background
      const run = await timeInFlight(count, IN_FLIGHT, (index) => {
        const content = texts[index] ?? ''
        const vector = vectors[index % INPUTS]
        return store.learn(vector === undefined ? { content } : { content, vector })
      })
      checkWork(before, store.stats().background, isMerging)
      // What is left to do must not burden the contender that comes next.
      await bringToRest(store, own)
      return run
    },
    close: () => store.close(),
  }
}

/** A run in which nothing was merged, or in which something was, is not what it says it is. */
export function checkWork(
  before: BackgroundStats,
  after: BackgroundStats,
  isMerging: boolean,
): void {
  const flushes = after.flushes - before.flushes
  const merges = after.compactions - before.compactions
  const isRight = isMerging ? flushes > 0 && merges > 0 : flushes === 0 && merges === 0
  if (!isRight) throw new Error(`${flushes} flushes and ${merges} merges in a run`)
}
