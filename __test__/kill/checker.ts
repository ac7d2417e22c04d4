// Compares what a store holds with what a writing process said before it ended.
//
// Commits are made in the order of the calls, so what survives is: everything up to the last call
// that was acknowledged, and of the calls after it the first few, each whole. The checker tries
// every such state and is content if the store is exactly in one of them.
import type { Model } from './model.js'
import type { Operation } from './operations.js'

/** What a process said of one call. */
export type Answer = { readonly sequence: number } | { readonly code: string }

/** What a process said before it ended. */
export interface Report {
  /** Calls that it made or was about to make, in order. */
  readonly issued: number
  /** By number of the call. A call without an answer may have been made or not. */
  readonly answers: ReadonlyMap<number, Answer>
}

/** After these the call certainly left nothing behind, and others may follow it. */
const NOTHING_WRITTEN = new Set(['ERR_DISK_FULL', 'ERR_CLOSED', 'ERR_BUSY'])
/** After these only reopening tells. */
const UNKNOWN = new Set(['ERR_IO'])

const PROBLEMS_SHOWN = 10

/**
 * Brings the model to the state that the store is in. Gives what is wrong if the store is in none
 * that it could be in; the model is then of no more use.
 */
export function findState(
  model: Model,
  report: Report,
  operation: (index: number) => Operation,
  contents: ReadonlyMap<string, string>,
): string[] {
  const last = lastCommitted(report)
  const wrong = last < 0 ? differences(model.lines(), contents) : undefined
  if (wrong?.length === 0) return []
  let best = wrong
  for (let index = 0; index < report.issued; index++) {
    const answer = report.answers.get(index)
    if (isNothing(answer)) continue
    const prediction = model.apply(operation(index))
    const surprise = answer && surpriseOf(index, answer, prediction)
    if (surprise !== undefined) return [surprise]
    if (index < last) continue
    const found = differences(model.lines(), contents)
    if (found.length === 0) return []
    if (best === undefined || found.length < best.length) best = found
  }
  return shortened(best ?? differences(model.lines(), contents))
}

/**
 * The last call that was acknowledged, and with it all before. A refusal says nothing of the calls
 * before it: it may come out of a group whose sync failed.
 */
function lastCommitted(report: Report): number {
  let last = -1
  for (const [index, answer] of report.answers) {
    if ('sequence' in answer && index > last) last = index
  }
  return last
}

function isNothing(answer: Answer | undefined): boolean {
  return answer !== undefined && 'code' in answer && NOTHING_WRITTEN.has(answer.code)
}

/** An answer that does not follow from the calls before it. */
function surpriseOf(
  index: number,
  answer: Answer,
  prediction: ReturnType<Model['apply']>,
): string | undefined {
  if ('code' in answer) {
    if (UNKNOWN.has(answer.code)) return undefined
    const wanted = 'code' in prediction ? prediction.code : 'no error'
    return wanted === answer.code ? undefined : `call ${index}: ${answer.code}, not ${wanted}`
  }
  const { sequence } = answer
  if (sequence === prediction.sequence) return undefined
  return `call ${index}: answered ${sequence}, not ${JSON.stringify(prediction)}`
}

/** One line for each concept, half of an association or count that is not as it must be. */
export function differences(
  wanted: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const problems: string[] = []
  for (const [line, text] of wanted) {
    const other = found.get(line)
    if (other === undefined) problems.push(`${line} is missing`)
    else if (other !== text) problems.push(`${line} is ${other}, not ${text}`)
  }
  for (const line of found.keys()) {
    if (!wanted.has(line)) problems.push(`${line} must not be there`)
  }
  return problems
}

function shortened(problems: string[]): string[] {
  const more = problems.length - PROBLEMS_SHOWN
  if (more <= 0) return problems
  return [...problems.slice(0, PROBLEMS_SHOWN), `and ${more} more`]
}
