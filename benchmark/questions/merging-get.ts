// How long the slowest reads take while segment files are written and merged all the time: reads
// and writes share the machine, and the background work must not stop them.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { bringToRest } from '../at-rest.js'
import { makeIds, makeOrder, Random, TEXT_BYTES, textOf } from '../data.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import { fillSutra, openSutra } from '../sutra.js'
import { checkWork, THRESHOLD_MERGING, THRESHOLD_RESTING } from './merging-in-flight.js'

const IN_FLIGHT = 200
/** Reads between two turns of the event loop, in which answers to writes come in. */
const READS_PER_TURN = 100

export const questions: Question[] = [
  {
    name: 'merging-get',
    title: 'While merging: get and read the text, P99',
    unit: 'ms',
    figure: 'p99',
    conditions: `any of 100,000 concepts of 200 bytes of text that are in segments, while 200 writes with durability 'os' are under way at any time; every ${THRESHOLD_MERGING.toLocaleString('en')} concepts go to a segment, and segments are merged`,
    open,
  },
]

interface Inputs {
  readonly ids: readonly string[]
  readonly order: Uint32Array
}

async function open(setting: Setting): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ids = makeIds(isQuick ? 5000 : 100_000)
  const inputs = { ids, order: makeOrder(isQuick ? 40_000 : 300_000, ids.length, 3) }
  const contenders = [await sutra(folder, inputs, true), await sutra(folder, inputs, false)]
  if (setting.hasPeers) contenders.push(lmdb(folder, inputs))
  return contenders
}

async function sutra(folder: string, inputs: Inputs, isMerging: boolean): Promise<Contender> {
  const own = join(folder, isMerging ? 'merging' : 'resting')
  mkdirSync(own, { recursive: true })
  const memoryThreshold = isMerging ? THRESHOLD_MERGING : THRESHOLD_RESTING
  const store = await openSutra(own, { durability: 'os', memoryThreshold })
  await fillSutra(store, inputs.ids, [])
  await bringToRest(store, own)
  const writes = new Writes((content) => store.learn({ content }))
  return {
    name: isMerging ? 'sutra' : 'sutra, no merges',
    detail: `get(id).content beside learn, memoryThreshold ${memoryThreshold.toLocaleString('en')}`,
    run: async () => {
      const before = store.stats().background
      const run = await timeReads(inputs, writes, (id) => store.get(id)?.content)
      checkWork(before, store.stats().background, isMerging)
      await bringToRest(store, own)
      return run
    },
    close: () => store.close(),
  }
}

function lmdb(folder: string, inputs: Inputs): Contender {
  const peer = new LmdbStore(folder, 'os')
  peer.fill(inputs.ids, [])
  let number = inputs.ids.length
  const writes = new Writes((content) =>
    peer.put(makeIds(1, number++)[0] ?? '', content, undefined),
  )
  return {
    name: 'lmdb',
    detail: 'get(id).content beside put, noSync',
    run: () => timeReads(inputs, writes, (id) => peer.notes.get(id)?.content),
    close: () => peer.close(),
  }
}

/** Writes that go on until they are stopped. */
class Writes {
  readonly #write: (content: string) => Promise<unknown>
  readonly #random = new Random(41)
  #number = 0
  #isStopped = false
  #lanes: Promise<void>[] = []

  constructor(write: (content: string) => Promise<unknown>) {
    this.#write = write
  }

  start(): void {
    this.#isStopped = false
    this.#lanes = Array.from({ length: IN_FLIGHT }, () => this.#lane())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#lanes)
  }

  async #lane(): Promise<void> {
    while (!this.#isStopped) await this.#write(`new ${textOf(this.#number++, this.#random)}`)
  }
}

async function timeReads(
  { ids, order }: Inputs,
  writes: Writes,
  read: (id: string) => string | undefined,
): Promise<Run> {
  const latenciesMs = new Float64Array(order.length)
  let chars = 0
  writes.start()
  for (let from = 0; from < order.length; from += READS_PER_TURN) {
    for (let at = from; at < Math.min(from + READS_PER_TURN, order.length); at++) {
      const id = ids[order[at] ?? 0] ?? ''
      const started = performance.now()
      chars += read(id)?.length ?? 0
      latenciesMs[at] = performance.now() - started
    }
    await turn()
  }
  await writes.stop()
  if (chars !== order.length * TEXT_BYTES) throw new Error('other texts were read')
  return { latenciesMs }
}
