// Rounds of writing and killing in one folder, so that damage would add up. After each the folder
// is opened and compared with what was acknowledged.
import { openStore } from '../../src/index.js'
import { differences, findState, type Report } from './checker.js'
import { runWriter } from './child.js'
import { readContents, searchProblems } from './contents.js'
import { Dice } from './dice.js'
import { Model, type Counts } from './model.js'
import { operationOf } from './operations.js'
import type { WriterOptions } from './writer.js'

const OPERATIONS_MAX = 4000
const KILL_MS_MAX = 400
const OPENING_MS_MAX = 40

/** What one round came to. */
export interface Round {
  readonly report: Report
  /** One line for each thing that is not as it must be; empty when all is well. */
  readonly problems: readonly string[]
  readonly counts: Counts
  /** Bytes of an unfinished write that opening cut off. */
  readonly tornBytes: number
  /** Segment files that the store was read from, beside its log. */
  readonly segments: number
  /** Files of an unfinished flush or merge that opening removed. */
  readonly orphans: number
}

type Found = Omit<Round, 'report' | 'problems'> & { problems: string[] }

/** A disk that loses its power with the process. */
export interface Power {
  cut(): void
  restore(): Promise<void>
}

/** A folder that is written to and killed again and again. */
export class KillRounds {
  readonly folder: string
  readonly #seed: number
  readonly #power: Power | undefined
  readonly #model = new Model()
  #round = 0

  constructor(folder: string, seed: number, power?: Power) {
    this.folder = folder
    this.#seed = seed
    this.#power = power
  }

  /** One process, one kill, one check. After a problem the folder is as it was found. */
  async next(): Promise<Round> {
    const round = this.#round++
    const dice = new Dice(this.#seed, round, -1)
    const writer: WriterOptions = {
      folder: this.folder,
      seed: this.#seed,
      round,
      durability: this.#power ? 'fsync' : dice.pick(['fsync', 'os'] as const),
      inFlight: dice.pick([1, 4, 32, 256]),
      operationsMax: OPERATIONS_MAX,
      flushChance: dice.pick([0, 0.005, 0.05, 0.3]),
      ...(dice.chance(0.5) && { keepMs: dice.pick([1, 100, 1_000_000]) }),
    }
    // Now and then it is killed while it opens, which is while it mends what the kill before left.
    const isEarly = round > 0 && dice.chance(0.15)
    const report = await runWriter(writer, {
      signal: 'SIGKILL',
      from: isEarly ? 'opening' : 'ready',
      afterMs: dice.fraction() * (isEarly ? OPENING_MS_MAX : KILL_MS_MAX),
      before: () => this.#power?.cut(),
    })
    await this.#power?.restore()
    // Without power the process may fail to open the store, and end before it is killed.
    if (report.signal !== 'SIGKILL' && !(isEarly && this.#power)) {
      const problem = `the process ended by itself: ${report.code} ${report.errors}`
      return { report, ...this.#failed(problem) }
    }
    const found = await this.#check(round, report)
    // Half of the time the next process finds what this one left, and has to mend it itself.
    const isMended = found.problems.length === 0 && dice.chance(0.5)
    return { report, ...found, ...(isMended && (await this.#mend())) }
  }

  #failed(problem: string): Found {
    const counts = this.#model.counts()
    return { problems: [problem], counts, tornBytes: 0, segments: 0, orphans: 0 }
  }

  /** Opens for reading, so that what is wrong is left as it was found. */
  async #check(round: number, report: Report): Promise<Found> {
    const model = this.#model
    try {
      await using store = await openStore(this.folder, { readOnly: true })
      const { sequence, recovery, background } = store.stats()
      const operation = (index: number) => operationOf(this.#seed, round, index)
      const problems = findState(model, report, operation, await readContents(store))
      problems.push(...(await searchProblems(store)))
      if (problems.length > 0) {
        const told = lastAcknowledged(report)
        const torn = `${recovery.tornBytes} bytes torn`
        const flushed = `flushed to ${background.floorSequence}`
        problems.push(`at commit ${sequence}, ${torn}, ${flushed}, ${told} acknowledged`)
      }
      const { tornBytes } = recovery
      const { segments } = background
      return { problems, counts: model.counts(), tornBytes, segments, orphans: 0 }
    } catch (error) {
      return this.#failed(`opening: ${String(error)}`)
    }
  }

  /**
   * Opens for writing, which cuts off what is torn and removes files that were not finished; the
   * contents must stay the same, also when all of them are in segments.
   */
  async #mend(): Promise<Pick<Found, 'problems' | 'orphans'>> {
    try {
      await using store = await openStore(this.folder)
      const { orphans } = store.stats().recovery
      const problems = differences(this.#model.lines(), await readContents(store))
      await store.flush()
      problems.push(...differences(this.#model.lines(), await readContents(store)))
      return { problems, orphans }
    } catch (error) {
      return { problems: [`opening for writing: ${String(error)}`], orphans: 0 }
    }
  }
}

function lastAcknowledged({ answers }: Report): number {
  let last = 0
  for (const answer of answers.values()) if ('sequence' in answer) last = answer.sequence
  return last
}
