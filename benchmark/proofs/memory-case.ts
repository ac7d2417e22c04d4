// One case of proof:memory, in a process of its own: fills memory with data of one kind and tells
// what the store and the system say of it.
//
// Arguments: name of the case, folder, MiB to hold. Answers by a message.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../src/index.js'
import { bringToRest } from '../at-rest.js'
import { makeIds, makeTexts, makeVectors, Random, TYPES } from '../data.js'
import { settledAnonymousBytes } from '../process-figures.js'
import { openSutra } from '../sutra.js'
import { OWN_KINDS, sumOf } from './samples.js'

/** What memory is filled with; `held`: what a snapshot still reads after it went to segments. */
export const CASES = ['texts', 'vectors', 'associations', 'held'] as const
type Case = (typeof CASES)[number]

export interface Compared {
  readonly state: string
  readonly baseline: number
  /** What stats say, less what they said of the empty store. */
  readonly kinds: Record<string, number>
  readonly measured: number
  /** Everything is in files by now, so that little has to be left. */
  readonly isEmptied: boolean
}

const BATCH = 500
const WARMING_BATCHES = 4
const MIB = 2 ** 20
/** Concepts that associations are between. */
const ENDS = 20_000
/** Values of vectors do not matter to memory, so these come again and again. */
const VECTORS = 1000
/** Nothing goes to a segment because of its number. */
const MEMORY_THRESHOLD = 10_000_000

/** Writes the next batch. */
type Write = (turn: number) => Promise<unknown>

function writer(name: Case, store: Store): Write {
  if (name === 'associations') return associationWriter(store)
  const vectors = name === 'vectors' ? makeVectors(VECTORS) : []
  return (turn) => {
    const texts = makeTexts(BATCH, turn * BATCH)
    const concepts = texts.map((content, index) => {
      const vector = vectors[(turn * BATCH + index) % VECTORS]
      return vector === undefined ? { content } : { content, vector }
    })
    return store.learnMany(concepts)
  }
}

function associationWriter(store: Store): Write {
  const random = new Random(29)
  const ids = makeIds(ENDS)
  const learnTurns = ENDS / BATCH
  return (turn) => {
    if (turn < learnTurns) {
      const learned = ids.slice(turn * BATCH, (turn + 1) * BATCH)
      return store.learnMany(learned.map((id) => ({ id, content: `concept ${id}` })))
    }
    const associations = Array.from({ length: BATCH }, () => {
      const [source = '', target = ''] = [ids[random.below(ENDS)], ids[random.below(ENDS)]]
      return { source, target, type: TYPES[random.below(TYPES.length)] ?? 'semantic' }
    })
    return store.associateMany(associations)
  }
}

/** What every process does once, so that it is in the baseline: code, buffers, the log. */
async function warm(name: Case, folder: string): Promise<void> {
  mkdirSync(folder)
  const store = await openSutra(folder, { durability: 'os' })
  const write = writer(name, store)
  for (let turn = 0; turn < WARMING_BATCHES; turn++) await write(turn)
  await bringToRest(store, folder)
  await store.close()
}

function kindsOf(store: Store): Record<string, number> {
  const { memoryBytes } = store.stats()
  return Object.fromEntries(OWN_KINDS.map((kind) => [kind, memoryBytes[kind] ?? 0]))
}

class Comparison {
  readonly #store: Store
  readonly #baseline: number
  readonly #before: Record<string, number>

  private constructor(store: Store, baseline: number) {
    this.#store = store
    this.#baseline = baseline
    this.#before = kindsOf(store)
  }

  static async begin(store: Store): Promise<Comparison> {
    return new Comparison(store, await settledAnonymousBytes())
  }

  async compare(state: string, isEmptied = false): Promise<Compared> {
    const measured = await settledAnonymousBytes()
    const kinds = Object.entries(kindsOf(this.#store)).map(([kind, bytes]) => {
      return [kind, bytes - (this.#before[kind] ?? 0)]
    })
    const baseline = this.#baseline
    return { state, baseline, kinds: Object.fromEntries(kinds), measured, isEmptied }
  }
}

async function run(name: Case, folder: string, mib: number): Promise<Compared[]> {
  await warm(name, join(folder, 'warming'))
  const own = join(folder, 'measured')
  mkdirSync(own)
  const store = await openSutra(own, { durability: 'os', memoryThreshold: MEMORY_THRESHOLD })
  const write = writer(name, store)
  const comparison = await Comparison.begin(store)
  for (let turn = 0; sumOf(store.stats(), OWN_KINDS) < mib * MIB; turn++) await write(turn)
  const compared = [await comparison.compare('in the delta')]
  if (store.stats().background.flushes > 0) throw new Error('it went to a segment before its time')
  if (name === 'held') {
    const view = store.snapshot()
    await store.flush()
    compared.push(await comparison.compare('flushed, and a snapshot is open'))
    view[Symbol.dispose]()
  }
  await bringToRest(store, own)
  compared.push(await comparison.compare('flushed', true))
  await store.close()
  return compared
}

const [name, folder, mib] = process.argv.slice(2)
const wanted = CASES.find((known) => known === name)
if (wanted !== undefined && folder !== undefined && process.send !== undefined) {
  process.send(await run(wanted, folder, Number(mib)))
  process.disconnect()
}
