// The public statistics, from the figures that the engine counts.

import type {
  BackgroundStats,
  EmbeddingStats,
  IndexStats,
  ReconcilerStats,
  RecoveryStats,
  StoreStats,
  TransactionStats,
} from '../types.js'

/** What the engine counts (crates/node/src/stats.rs). */
/** What of the index is shown as the reconciler's. */
interface IndexFigures {
  isCatchingUp: number
  rounds: number
  entries: number
  queueDepth: number
  queueCapacity: number
  intervalUs: number
  intervalChanges: number
  arrivalsPerSecond: number
  entriesPerSecond: number
  waits: number
}

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
  index: Omit<IndexStats, 'error' | 'catchingUp'> & IndexFigures
  /** '' for none. */
  indexError: string
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
const MS_PER_SECOND = 1e3

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
    index: indexStats(figures),
    embedding,
  }
}

function indexStats({ index, indexError }: Figures): IndexStats {
  const { parts, files, documents, ended, fileBytes, coveredSequence, isCatchingUp } = index
  const { filesWritten, bytesWritten, filesDropped, failures } = index
  return {
    parts,
    files,
    documents,
    ended,
    fileBytes,
    coveredSequence,
    catchingUp: isCatchingUp !== 0,
    filesWritten,
    bytesWritten,
    filesDropped,
    failures,
    ...(indexError === '' ? {} : { error: indexError }),
  }
}

/** Rounds of the index, and steps that brought segments up to the log or merged them. */
function reconciliations({ background, index }: Figures): number {
  return index.rounds + background.flushes + background.compactions
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

/** Shares of the queue from which on it is a warning, and critical. */
export type Alerts = Readonly<Record<'queueWarning' | 'queueCritical', number>>

/** The queue holds operations that are acknowledged and in no part of the index yet. */
export function reconcilerStats(figures: Figures, alerts: Alerts): ReconcilerStats {
  const { index, background } = figures
  const { queueDepth, queueCapacity, arrivalsPerSecond, entriesPerSecond } = index
  const intervalMs = index.intervalUs / US_PER_MS
  const isRunning = figures.hasFailed === 0 && figures.indexError === ''
  const utilization = Math.min(1, queueDepth / queueCapacity)
  const health = isRunning ? 1 - utilization : 0
  const workMs = entriesPerSecond === 0 ? 0 : (queueDepth / entriesPerSecond) * MS_PER_SECOND
  const arriving = (arrivalsPerSecond * intervalMs) / MS_PER_SECOND
  return {
    reconciliations: reconciliations(figures),
    entries_processed: index.entries,
    disk_flushes: background.flushes,
    running: isRunning,
    queue_depth: queueDepth,
    queue_capacity: queueCapacity,
    queue_utilization: utilization,
    current_interval_ms: intervalMs,
    processing_rate_per_sec: entriesPerSecond,
    estimated_lag_ms: queueDepth === 0 ? 0 : intervalMs + workMs,
    predicted_queue_depth: Math.round(Math.min(queueCapacity, queueDepth + arriving)),
    backpressure_events: index.waits + figures.refusedBusy,
    interval_adjustments: index.intervalChanges,
    health_score: health,
    recommendation: recommendation(health, utilization, alerts),
  }
}

function recommendation(health: number, utilization: number, alerts: Alerts): string {
  if (utilization >= alerts.queueCritical) return 'critical'
  if (utilization >= alerts.queueWarning) return 'warning'
  if (health > HEALTH_EXCELLENT) return 'excellent'
  if (health > HEALTH_GOOD) return 'good'
  return health > HEALTH_WARNING ? 'warning' : 'critical'
}
