// From runs to figures. A run of calls counts by the median (or mean) of its calls, so one slow
// moment of the machine does not decide; the spread over runs is shown beside it.

import type { Run } from './question.js'

export interface Summary {
  readonly runs: readonly number[]
  readonly min: number
  readonly median: number
  readonly max: number
  /** Over all calls of all runs, for latencies. */
  readonly p50?: number
  readonly p99?: number
  readonly mean?: number
}

/** The number below which the share of sorted numbers lies. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length))
  return sorted[at] ?? Number.NaN
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  const upper = quantile(sorted, 0.5)
  if (sorted.length % 2 === 1) return upper
  return ((sorted[sorted.length / 2 - 1] ?? upper) + upper) / 2
}

function mean(numbers: Float64Array): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

export function summarize(runs: readonly Run[], figure: 'median' | 'mean'): Summary {
  const values = runs.map((run) => valueOf(run, figure))
  const spread = {
    runs: values,
    min: Math.min(...values),
    median: median(values),
    max: Math.max(...values),
  }
  const all = runs.flatMap((run) => ('latenciesMs' in run ? [...run.latenciesMs] : []))
  if (all.length === 0) return spread
  const sorted = Float64Array.from(all).sort()
  const percentiles = { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
  return { ...spread, ...percentiles, mean: mean(sorted) }
}

function valueOf(run: Run, figure: 'median' | 'mean'): number {
  if ('perSecond' in run) return run.perSecond
  if (figure === 'mean') return mean(run.latenciesMs)
  return quantile(Float64Array.from(run.latenciesMs).sort(), 0.5)
}

/** Median of the ratios of runs that followed each other, which cancels the machine's mood. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
}
