// Calls on a store in this process, and how each was answered.
import { SutraError, type Store } from '../../src/index.js'
import { findState, type Answer, type Report } from '../kill/checker.js'
import { readContents } from '../kill/contents.js'
import { Model } from '../kill/model.js'
import { operationOf, perform, type Operation } from '../kill/operations.js'

/** The calls that a seed gives, made in order. */
export class Calls implements Report {
  readonly answers = new Map<number, Answer>()
  readonly #seed: number
  #issued = 0
  #refusals: SutraError[] = []

  constructor(seed: number) {
    this.#seed = seed
  }

  get issued(): number {
    return this.#issued
  }

  /** Makes the next calls, all at once. */
  async make(store: Store, count: number): Promise<void> {
    const from = this.#issued
    this.#issued += count
    await Promise.all(Array.from({ length: count }, (_, at) => this.#call(store, from + at)))
  }

  async #call(store: Store, index: number): Promise<void> {
    try {
      this.answers.set(index, { sequence: await perform(store, this.operation(index)) })
    } catch (error) {
      if (!(error instanceof SutraError)) throw error
      this.answers.set(index, { code: error.code })
      // The calls are chosen without looking, so some name what is not there.
      if (error.code !== 'ERR_NOT_FOUND') this.#refusals.push(error)
    }
  }

  /** Makes calls, some at a time, until so many were refused. */
  async untilRefused(store: Store, refusals: number, callsMax: number): Promise<void> {
    while (this.#refusals.length < refusals && this.#issued < callsMax) await this.make(store, 64)
  }

  /** The refusals since the last time, without those for what is not there. */
  takeRefusals(): SutraError[] {
    const refusals = this.#refusals
    this.#refusals = []
    return refusals
  }

  operation(index: number): Operation {
    return operationOf(this.#seed, 0, index)
  }

  /** What the store holds that it should not, or does not hold that it should. */
  async problems(store: Store): Promise<string[]> {
    const operation = (index: number) => this.operation(index)
    return findState(new Model(), this, operation, await readContents(store))
  }
}
