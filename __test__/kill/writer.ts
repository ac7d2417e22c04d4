// The process that is killed: writes without end and says on standard output, a line at a time,
// what it is about to do and what was acknowledged. Each line is written at once, so whoever reads
// knows at most what is true.
import { writeSync } from 'node:fs'
import { openStore, SutraError } from '../../src/index.js'
import type { Durability, Store } from '../../src/index.js'
import { Dice } from './dice.js'
import { DIMENSION, operationOf, perform, type Operation } from './operations.js'
import { LIES, type Plant } from './plants.js'

/** What to write, where, and how. */
export interface WriterOptions {
  readonly folder: string
  readonly seed: number
  readonly round: number
  readonly durability: Durability
  /** Calls that wait for their acknowledgement at any time. */
  readonly inFlight: number
  /** Calls in all; afterwards it waits for its end. */
  readonly operationsMax: number
  /** Of a call to be preceded by one that asks for a flush; 0 if left out. */
  readonly flushChance?: number
  /** Of `history`, which is off if left out. */
  readonly keepMs?: number
  /** Tell a lie after the last call. */
  readonly plant?: Plant
}

const LONG_MS = 1 << 30
/** The least that openStore takes: what is in memory goes to segments as often as it can. */
const SMALL_MEMORY = { memoryThreshold: 1_000, memoryBytesMax: 16 << 20 }
/** Apart from the dice of the calls. */
const FLUSH_DICE = -2

/** The pipe does not block: when it is full, the line is tried again until it is read. */
function say(line: string): void {
  let rest = Buffer.from(`${line}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

class Writer {
  readonly #options: WriterOptions
  readonly #running = new Set<Promise<void>>()
  #isStopped = false
  #hasFailed = false
  #lastSequence = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { folder, durability, plant, operationsMax, keepMs } = this.#options
    say('opening')
    const history = keepMs === undefined ? {} : { history: { keepMs } }
    const options = { vectorDimension: DIMENSION, durability, ...SMALL_MEMORY, ...history }
    const opening = openStore(folder, options)
    // Without it the process would end when there is nothing left to do.
    const waiting = setInterval(() => undefined, LONG_MS)
    process.once('SIGTERM', () => {
      clearInterval(waiting)
      void this.#close(opening)
    })
    const store = await opening
    this.#lastSequence = store.stats().sequence
    say('ready')
    await this.#write(store)
    if (plant === undefined) return
    say(`issue ${operationsMax}`)
    await LIES[plant](store)
    say(`done ${operationsMax} ${this.#lastSequence + 1}`)
  }

  async #write(store: Store): Promise<void> {
    const { seed, round, operationsMax, inFlight, flushChance = 0 } = this.#options
    for (let index = 0; index < operationsMax && !this.#isStopped; index++) {
      if (new Dice(seed, round, index, FLUSH_DICE).chance(flushChance)) void this.#flush(store)
      say(`issue ${index}`)
      const call = this.#call(store, index, operationOf(seed, round, index))
      this.#running.add(call)
      void call.then(() => this.#running.delete(call))
      if (this.#running.size >= inFlight) await Promise.race(this.#running)
    }
    await Promise.all(this.#running)
  }

  async #call(store: Store, index: number, operation: Operation): Promise<void> {
    try {
      const sequence = await perform(store, operation)
      this.#lastSequence = Math.max(sequence, this.#lastSequence)
      say(`done ${index} ${sequence}`)
    } catch (error) {
      if (!(error instanceof SutraError)) throw error
      say(`refused ${index} ${error.code}`)
      // The log has failed, or the store is closed: no call can be made any more.
      if (error.code === 'ERR_IO' || error.code === 'ERR_CLOSED') this.#fail()
    }
  }

  /** Nobody waits for it: the calls go on while segments are written and merged. */
  async #flush(store: Store): Promise<void> {
    try {
      await store.flush()
    } catch (error) {
      if (!(error instanceof SutraError)) throw error
    }
  }

  #fail(): void {
    if (!this.#hasFailed) say('failed')
    this.#hasFailed = true
    this.#isStopped = true
  }

  /** As a program should: no more calls, what was called is finished, then the end. */
  async #close(opening: Promise<Store>): Promise<void> {
    this.#isStopped = true
    await (await opening).close().catch((error: unknown) => {
      // A store whose log failed cannot be closed in order, and says so.
      if (!this.#hasFailed) throw error
    })
    await Promise.all(this.#running)
    say('closed')
  }
}

await new Writer(JSON.parse(process.argv[2] ?? '') as WriterOptions).run()
