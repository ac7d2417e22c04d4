// What proof:scale looks at while it writes: memory, files and the time that reads take. Keeps
// peaks and histograms, no lists.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Store, StoreStats } from '../../src/index.js'
import { MERGER } from '../at-rest.js'
import { residentBytes, threadRunNs } from '../process-figures.js'

const MIB = 2 ** 20

/** Kinds of `memoryBytes` that are the process's own; `mapped` is the system's to keep or drop. */
export const OWN_KINDS = ['records', 'tables', 'vectors', 'held', 'files'] as const
/** Those of them that `memoryBytesMax` bounds. */
const BOUNDED_KINDS = ['records', 'tables', 'vectors', 'held'] as const

export function sumOf(stats: StoreStats, kinds: readonly string[]): number {
  return kinds.reduce((sum, kind) => sum + (stats.memoryBytes[kind] ?? 0), 0)
}

/** `123 MiB` */
export function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 100 * MIB ? 1 : 0)} MiB`
}

export class Samples {
  readonly #store: Store
  /** Peak of RssAnon in each third of the concepts. */
  readonly thirds: [number, number, number] = [0, 0, 0]
  boundedPeak = 0
  segmentsPeak = 0
  readonly readsMerging = createHistogram()
  readonly readsResting = createHistogram()
  #mergerNs = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** `share`: how much of the whole is written. */
  look(share: number): void {
    const third = Math.min(2, Math.floor(3 * share)) as 0 | 1 | 2
    this.thirds[third] = Math.max(this.thirds[third], residentBytes().anonymous)
    const stats = this.#store.stats()
    this.boundedPeak = Math.max(this.boundedPeak, sumOf(stats, BOUNDED_KINDS))
    this.segmentsPeak = Math.max(this.segmentsPeak, stats.background.segments)
  }

  get anonymousPeak(): number {
    return Math.max(...this.thirds)
  }

  get anonymousGrowth(): number {
    return this.thirds[2] - this.thirds[0]
  }

  /** Times reads; they were made during a merge if the merging thread ran since the last time. */
  timeReads(ids: readonly string[], expected: readonly (string | undefined)[]): void {
    const mergerNs = threadRunNs(MERGER)
    const histogram = mergerNs > this.#mergerNs ? this.readsMerging : this.readsResting
    this.#mergerNs = mergerNs
    for (const [index, id] of ids.entries()) {
      const started = performance.now()
      const content = this.#store.get(id)?.content
      histogram.record(Math.max(1, Math.round(1e6 * (performance.now() - started))))
      if (content !== expected[index]) throw new Error(`${id} has ${content}`)
    }
  }

  /** One line for whoever watches. */
  describe(concepts: number, seconds?: number): string {
    const stats = this.#store.stats()
    const { all, anonymous } = residentBytes()
    const kinds = Object.entries(stats.memoryBytes).map(([kind, n]) => `${kind} ${mebibytes(n)}`)
    const { segments, waiting } = stats.background
    const { log = 0, segments: files = 0 } = stats.diskBytes
    const rate = seconds === undefined ? '' : `, ${Math.round(concepts / seconds)}/s`
    return (
      `${concepts.toLocaleString('en')} concepts${rate}; ` +
      `RSS ${mebibytes(all)}, RssAnon ${mebibytes(anonymous)} (${kinds.join(', ')}); ` +
      `${segments} segments of ${mebibytes(files)}, ${waiting} waiting, log ${mebibytes(log)}`
    )
  }
}

/** `P50 0.9 us, P99 4.1 us, P99.9 90 us of 12,000` */
export function describeReads(histogram: RecordableHistogram): string {
  if (histogram.count === 0) return 'none'
  const figures = [50, 99, 99.9].map((percentile) => {
    return `P${percentile} ${(histogram.percentile(percentile) / 1000).toFixed(2)} us`
  })
  return `${figures.join(', ')} of ${histogram.count.toLocaleString('en')}`
}
