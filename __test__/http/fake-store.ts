// A store in a few lines, for what a real one does not do on command: fail, wait, be busy.
import type { Store } from '../../src/types.js'

const STATS = {
  concepts: 0,
  edges: 0,
  vectors: 0,
  written: 0,
  reconciliations: 0,
  uptimeSeconds: 1,
  sequence: 0,
  shards: 1,
  durability: 'fsync',
  memoryBytes: {},
  diskBytes: {},
  recovery: { commits: 0, logBytes: 0, tornBytes: 0, orphans: 0, durationUs: 0 },
  writable: true,
  background: {
    segments: 0,
    vectorFiles: 0,
    floorSequence: 0,
    waiting: 0,
    flushes: 0,
    flushFailures: 0,
    flushBytes: 0,
    compactions: 0,
    compactionFailures: 0,
    compactionBytes: 0,
    graphs: 0,
    vectorsWithoutGraph: 0,
    graphsBuilt: 0,
    graphFailures: 0,
    graphBytes: 0,
    graphsDropped: 0,
    obsoleteFiles: 0,
  },
  embedding: { waiting: 0, filled: 0, failed: 0 },
}

/** The calls given, over calls that answer for an empty store. */
export function fakeStore(calls: Partial<Store>): Store {
  const empty: Partial<Store> = {
    learn: async () => ({ id: '0'.repeat(32), sequence: 1, created: true }),
    get: () => undefined,
    getByKey: () => undefined,
    search: async () => ({ hits: [], sequence: 0, tookMs: 0 }),
    flush: async () => ({ sequence: 0 }),
    stats: () => STATS,
    transactionStats: () => ({
      active_count: 0,
      preparing: 0,
      prepared: 0,
      committed: 0,
      aborted: 0,
      timed_out: 0,
    }),
    reconcilerStats: () => ({
      reconciliations: 0,
      entries_processed: 0,
      disk_flushes: 0,
      running: false,
      queue_depth: 0,
      queue_capacity: 1,
      queue_utilization: 0,
      current_interval_ms: 100,
      processing_rate_per_sec: 0,
      estimated_lag_ms: 0,
      predicted_queue_depth: 0,
      backpressure_events: 0,
      interval_adjustments: 0,
      health_score: 1,
      recommendation: 'excellent',
    }),
    close: async () => undefined,
  }
  return { ...empty, ...calls } as Store
}
