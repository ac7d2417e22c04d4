// From runs to figures. A run of calls counts by the median (or mean, or P99) of its calls, so one
// slow moment of the machine does not decide; the spread over runs is shown beside it.

import type { Figure, Run } from './question.js'

export interface Summary {
  readonly runs: readonly number[]
  readonly min: number
  readonly median: number
  readonly max: number
  /** Over all calls of all runs, for latencies. */
  readonly p50?: number
  readonly p99?: number
  /** Only of enough calls that it says something. */
  readonly p999?: number
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

/** Calls from which the one in a thousand is no accident. */
const P999_CALLS_MIN = 100_000

export function summarize(runs: readonly Run[], figure: Figure): Summary {
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
  const percentiles = {
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    ...(sorted.length >= P999_CALLS_MIN && { p999: quantile(sorted, 0.999) }),
  }
  return { ...spread, ...percentiles, mean: mean(sorted) }
}

function valueOf(run: Run, figure: Figure): number {
  if ('perSecond' in run) return run.perSecond
  if ('bytes' in run) return run.bytes
  if ('share' in run) return run.share
  if (figure === 'mean') return mean(run.latenciesMs)
  return quantile(Float64Array.from(run.latenciesMs).sort(), figure === 'p99' ? 0.99 : 0.5)
}

/** Median of the ratios of runs that followed each other, which cancels the machine's mood. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)))
}
