// What a store says of itself.

import type { Sequence } from './types.js'

export interface StoreStats {
  concepts: number
  edges: number
  vectors: number
  /** Operations that changed something since the store was created. */
  written: number
  reconciliations: number
  uptimeSeconds: number
  sequence: Sequence
  shards: number
  durability: string
  memoryBytes: Record<string, number>
  diskBytes: Record<string, number>
  recovery: RecoveryStats
  /** False once a write has failed, until the store is opened again. Reads go on. */
  writable: boolean
  /** The work behind the writes, since opening. */
  background: BackgroundStats
  /** The index of texts and attributes. */
  index: IndexStats
  /** Vectors that are filled in behind the writes. */
  embedding: EmbeddingStats
}

/** What `embed: 'later'` still has to do, and did since opening. */
export interface EmbeddingStats {
  /** Concepts that wait for their vector. */
  waiting: number
  /** Vectors filled in. */
  filled: number
  /** Tries that failed; what failed is tried again. */
  failed: number
  /** Why the last try failed; absent once one succeeds. */
  lastError?: string
}

/** Writing what is in memory to segment files, and merging these. */
export interface BackgroundStats {
  /** Segment files of concepts and associations. */
  segments: number
  vectorFiles: number
  /** Everything up to this sequence is in segment files. */
  floorSequence: Sequence
  /** Parts of the memory that wait for being written. */
  waiting: number
  flushes: number
  flushFailures: number
  flushBytes: number
  compactions: number
  compactionFailures: number
  compactionBytes: number
  /** Graphs over the vectors in files. */
  graphs: number
  /** Vectors in files that are in no graph: a search compares each of them. */
  vectorsWithoutGraph: number
  /** Graphs made since the store was opened. */
  graphsBuilt: number
  /** Tries that failed. */
  graphFailures: number
  /** Bytes written by them. */
  graphBytes: number
  /** Graphs that were damaged or out of date; they are made again. */
  graphsDropped: number
  /** Why the last try failed, until one works. */
  graphError?: string
  /** Files that are kept only because a snapshot or a result still reads them. */
  obsoleteFiles: number
  /** Why the last flush failed; it is tried again, and nothing is lost. */
  flushError?: string
  compactionError?: string
}

/** The index of texts and attributes, which is brought up to date behind the writes. */
export interface IndexStats {
  /** Parts in memory. */
  parts: number
  /** Parts in files. */
  files: number
  /** Versions of concepts in all parts. */
  documents: number
  /** Those of them that are not seen any more; they go when parts are merged. */
  ended: number
  /** Bytes of the files. */
  fileBytes: number
  /** Everything up to this sequence is in a part; a search reads the rest itself. */
  coveredSequence: Sequence
  /** It is made anew from the segments: nothing else waits for it. */
  catchingUp: boolean
  /** Files written since the store was opened, and their bytes. */
  filesWritten: number
  bytesWritten: number
  /** Files that were damaged or out of date; they are made again. */
  filesDropped: number
  /** Tries that failed. */
  failures: number
  /** Why the last try failed, until one works. */
  error?: string
}

/** What opening the store found in its log. */
export interface RecoveryStats {
  /** Commits read. */
  commits: number
  /** Bytes of the records read. */
  logBytes: number
  /** Bytes of an unfinished write at the end: nothing of it was acknowledged, it was cut off. */
  tornBytes: number
  /** Files that an earlier process left behind and that were removed. */
  orphans: number
  durationUs: number
}

/** Cumulative counts of transactions since the store was opened. */
export interface TransactionStats {
  active_count: number
  preparing: number
  prepared: number
  committed: number
  aborted: number
  timed_out: number
}

/** What the background work does. */
export interface ReconcilerStats {
  reconciliations: number
  entries_processed: number
  disk_flushes: number
  running: boolean
  queue_depth: number
  queue_capacity: number
  queue_utilization: number
  /** 0 when nothing is written: nothing wakes up then. */
  current_interval_ms: number
  /** Operations that the last round took, for each second of it. */
  processing_rate_per_sec: number
  /** Until a round has everything that waits. */
  estimated_lag_ms: number
  /** What will wait when the next round begins. */
  predicted_queue_depth: number
  /** How often writers waited for the index, and writes refused with ERR_BUSY, since opening. */
  backpressure_events: number
  interval_adjustments: number
  /** 1 is idle, 0 is overloaded or failed. */
  health_score: number
  /** excellent, good, warning or critical. */
  recommendation: string
}
