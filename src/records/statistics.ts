// The public statistics, from the figures that the engine counts.

import type {
  BackgroundStats,
  EmbeddingStats,
  ReconcilerStats,
  RecoveryStats,
  StoreStats,
  TransactionStats,
} from '../types.js'

/** What the engine counts (crates/node/src/stats.rs). */
export interface Figures {
  concepts: number
  edges: number
  vectors: number
  written: number
  sequence: number
  shards: number
  uptimeUs: number
  groups: number
  batches: number
  groupUs: number
  queueDepth: number
  queueCapacity: number
  refusedBusy: number
  hasFailed: number
  durability: string
  memoryBytes: Record<string, number>
  diskBytes: Record<string, number>
  recovery: RecoveryStats
  background: Omit<BackgroundStats, 'flushError' | 'compactionError' | 'graphError'>
  /** '' for none. */
  flushError: string
  compactionError: string
  graphError: string
}

/** Health above which the work is called excellent, good and, below that, a warning. */
const HEALTH_EXCELLENT = 0.8
const HEALTH_GOOD = 0.5
const HEALTH_WARNING = 0.2

const US_PER_SECOND = 1e6
const US_PER_MS = 1e3

/** What a store without embedder says of embedding. */
export const NO_EMBEDDING: EmbeddingStats = { waiting: 0, filled: 0, failed: 0 }

export function storeStats(figures: Figures, embedding: EmbeddingStats): StoreStats {
  const { concepts, edges, vectors, written, sequence, shards, durability } = figures
  const { memoryBytes, diskBytes, recovery } = figures
  return {
    concepts,
    edges,
    vectors,
    written,
    reconciliations: reconciliations(figures),
    uptimeSeconds: figures.uptimeUs / US_PER_SECOND,
    sequence,
    shards,
    durability,
    memoryBytes,
    diskBytes,
    recovery,
    writable: figures.hasFailed === 0,
    background: {
      ...figures.background,
      ...(figures.flushError === '' ? {} : { flushError: figures.flushError }),
      ...(figures.compactionError === '' ? {} : { compactionError: figures.compactionError }),
      ...(figures.graphError === '' ? {} : { graphError: figures.graphError }),
    },
    embedding,
  }
}

/** Steps of the background work that brought segments up to the log, or merged them. */
function reconciliations({ background }: Figures): number {
  return background.flushes + background.compactions
}

/** A transaction is one commit of one shard so far, decided in the moment it is written. */
export function transactionStats(figures: Figures): TransactionStats {
  return {
    active_count: 0,
    preparing: 0,
    prepared: 0,
    committed: figures.batches,
    aborted: 0,
    timed_out: 0,
  }
}

/** The queue is the one of writes to be committed: indexes come later. */
export function reconcilerStats(figures: Figures): ReconcilerStats {
  const { queueDepth, queueCapacity, batches, groupUs } = figures
  const utilization = queueDepth / queueCapacity
  const health = figures.hasFailed === 0 ? 1 - utilization : 0
  const usPerBatch = batches === 0 ? 0 : groupUs / batches
  const uptimeSeconds = figures.uptimeUs / US_PER_SECOND
  return {
    reconciliations: reconciliations(figures),
    entries_processed: batches,
    disk_flushes: figures.groups + figures.background.flushes,
    running: figures.hasFailed === 0,
    queue_depth: queueDepth,
    queue_capacity: queueCapacity,
    queue_utilization: utilization,
    current_interval_ms: 0,
    processing_rate_per_sec: uptimeSeconds === 0 ? 0 : batches / uptimeSeconds,
    estimated_lag_ms: (queueDepth * usPerBatch) / US_PER_MS,
    predicted_queue_depth: queueDepth,
    backpressure_events: figures.refusedBusy,
    interval_adjustments: 0,
    health_score: health,
    recommendation: recommendation(health),
  }
}

function recommendation(health: number): string {
  if (health > HEALTH_EXCELLENT) return 'excellent'
  if (health > HEALTH_GOOD) return 'good'
  return health > HEALTH_WARNING ? 'warning' : 'critical'
}
