// Finds the least effort with which a search is as right as is asked for, and how often it can be
// asked in the time of a run.

import { EFFORTS } from './peers/peer.js'
import type { Contender, Run } from './question.js'
import { NEAREST, QUERIES, type SearchData } from './search-data.js'
import { recallOf, type Truth } from './truth.js'

/** Numbers of what a query found, best first. */
export type Find = (query: number) => readonly number[] | Promise<readonly number[]>

/** A search with a knob between quick and right. */
export interface Tunable {
  readonly efforts: readonly number[]
  readonly effortName: string
  setEffort(effort: number): void
  readonly find: Find
}

export interface Tuned {
  readonly recall: number
  /** Setting and recall, for the description of a contender. */
  readonly described: string
  /** Queries that take about as long as a run should. */
  readonly count: number
}

/** Ours: a store looks at twice as many candidates as hits at least, whatever it is told. */
export const EFFORTS_OURS: readonly number[] = EFFORTS.filter((effort) => effort >= 2 * NEAREST)

/** Queries that one compares which compares all vectors: it is right, and slow. */
const QUERIES_EXACT = 20
const RUN_MS = 1000
const RUN_QUERIES_MIN = 5
/** Queries of a run at most, and of one with `--quick`. */
const RUN_QUERIES_MAX = 2000
const RUN_QUERIES_QUICK = 200

export interface Floor {
  readonly recall: number
  readonly isQuick: boolean
}

/** Sets the least effort that reaches the floor; the largest there is, if none does. */
export async function tune(search: Tunable, truth: Truth, floor: Floor): Promise<Tuned> {
  const { efforts, effortName, find } = search
  if (efforts.length === 0) {
    const measured = await measure(find, truth.slice(0, QUERIES_EXACT), floor.isQuick)
    return { ...measured, described: `compares all, recall ${show(measured.recall)}` }
  }
  for (const effort of efforts) {
    search.setEffort(effort)
    const measured = await measure(find, truth, floor.isQuick)
    const isLast = effort === efforts.at(-1)
    if (measured.recall < floor.recall && !isLast) continue
    const least = measured.recall < floor.recall ? ', the most that was tried' : ''
    const described = `${effortName} ${effort}${least}, recall ${show(measured.recall)}`
    return { ...measured, described }
  }
  throw new Error('unreachable: the last effort is taken')
}

/** Recall of a search as it is set, and how many queries make a run. */
export async function measure(
  find: Find,
  truth: Truth,
  isQuick: boolean,
): Promise<{ recall: number; count: number }> {
  const found: (readonly number[])[] = []
  const started = performance.now()
  for (const query of truth.keys()) found.push(await find(query))
  const queryMs = (performance.now() - started) / truth.length
  const max = isQuick ? RUN_QUERIES_QUICK : RUN_QUERIES_MAX
  const count = Math.min(max, Math.max(RUN_QUERIES_MIN, Math.round(RUN_MS / queryMs)))
  return { recall: recallOf(found, truth), count }
}

export function show(recall: number): string {
  return recall.toFixed(4)
}

/** A contender that asks one query after the other. */
export function searcher(
  name: string,
  detail: string,
  { tuned, find, truth }: { readonly tuned: Tuned; readonly find: Find; readonly truth: Truth },
  close: () => void | Promise<void>,
): Contender {
  return {
    name,
    detail: `${detail}; ${tuned.described}`,
    run: async () => {
      const { run, missing } = await timeQueries(tuned.count, find, truth)
      // Peers may find too few of what a filter allows; with us that is a fault.
      if (missing > 0 && name.startsWith('sutra')) throw new Error(`${missing} hits are missing`)
      return run
    },
    close,
  }
}

async function timeQueries(
  count: number,
  find: Find,
  truth: Truth,
): Promise<{ run: Run; missing: number }> {
  let missing = 0
  const started = performance.now()
  for (let index = 0; index < count; index++) {
    const query = index % QUERIES
    const answer = find(query)
    // A call that is synchronous is not made slower by a turn of the event loop.
    const found = answer instanceof Promise ? await answer : answer
    missing += (truth[query]?.length ?? 0) - found.length
  }
  return { run: { perSecond: (1000 * count) / (performance.now() - started) }, missing }
}

/** Numbers of concepts by their ids. */
export function numbersById({ ids }: SearchData): Map<string, number> {
  return new Map(ids.map((id, number) => [id, number]))
}
