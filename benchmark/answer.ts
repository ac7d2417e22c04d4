// The answer to a question: one row for each contender, and whether we keep our promise.

import type { Contender, Figure, Question, Run, Target } from './question.js'
import { pairedRatio, summarize, type Summary } from './statistics.js'

export interface Row extends Summary {
  readonly contender: string
  readonly detail: string
  /** Our figure over this one's, as median of runs that followed each other; above 1 is larger. */
  readonly oursOverThis: number
}

export interface Answer {
  readonly name: string
  readonly title: string
  readonly unit: Question['unit']
  readonly figure: Figure
  readonly conditions: string
  readonly target?: Target
  /** What the target is compared with: our figure, or its ratio to the limit. */
  readonly reached?: number
  readonly isMet?: boolean
  readonly profile?: string
  /** Why the question could not be asked. */
  readonly skipped?: string
  readonly rows: readonly Row[]
}

export function makeAnswer(
  question: Question,
  contenders: readonly Contender[] | string,
  runs: readonly (readonly Run[])[] = [],
): Answer {
  const { name, title, unit, conditions, target, profile, figure = 'median' } = question
  const asked = { name, title, unit, figure, conditions }
  const common = { ...asked, ...(target && { target }), ...(profile && { profile }) }
  if (typeof contenders === 'string') return { ...common, skipped: contenders, rows: [] }
  const summaries = runs.map((own) => summarize(own, figure))
  const ours = summaries[0]?.runs ?? []
  const rows = contenders.map((contender, index): Row => {
    const summary = summaries[index] ?? summarize([], figure)
    const oursOverThis = pairedRatio(ours, summary.runs)
    return { contender: contender.name, detail: contender.detail, ...summary, oursOverThis }
  })
  if (target === undefined) return { ...common, rows }
  const reached = reachedFigure(target, rows)
  const isMet = target.kind === 'at least' ? reached >= target.value : reached <= target.value
  return { ...common, reached, isMet, rows }
}

function reachedFigure(target: Target, rows: readonly Row[]): number {
  if (target.kind !== 'ratio at most') return rows[0]?.median ?? Number.NaN
  return rows.find(({ contender }) => contender === 'limit')?.oursOverThis ?? Number.NaN
}
