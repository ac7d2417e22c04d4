// What the reconciler's figures are called, as its queue fills.
import test from 'ava'
import { type Figures, reconcilerStats } from '../../src/records/statistics.js'

const ALERTS = { queueWarning: 0.7, queueCritical: 0.9 }

function figures(queueDepth: number, indexError = ''): Figures {
  const index = {
    rounds: 3,
    entries: 40,
    queueDepth,
    queueCapacity: 100,
    intervalUs: 5000,
    intervalChanges: 2,
    arrivalsPerSecond: 2000,
    entriesPerSecond: 10_000,
    waits: 1,
  }
  const background = { flushes: 4, compactions: 5 }
  return { index, indexError, background, hasFailed: 0, refusedBusy: 1 } as unknown as Figures
}

test('the fuller the queue the louder the recommendation', (t) => {
  const at = (depth: number): string => reconcilerStats(figures(depth), ALERTS).recommendation
  t.deepEqual([0, 19, 21, 69, 70, 89, 90, 100].map(at), [
    'excellent',
    'excellent',
    'good',
    'warning',
    'warning',
    'warning',
    'critical',
    'critical',
  ])
  t.is(reconcilerStats(figures(0, 'the disk'), ALERTS).recommendation, 'critical')
  t.false(reconcilerStats(figures(0, 'the disk'), ALERTS).running)
})

test('lag, prediction and counts come from what was measured', (t) => {
  const stats = reconcilerStats(figures(50), ALERTS)
  t.is(stats.queue_utilization, 0.5)
  t.is(stats.current_interval_ms, 5)
  t.is(stats.estimated_lag_ms, 5 + 5)
  t.is(stats.predicted_queue_depth, 60)
  t.is(stats.reconciliations, 3 + 4 + 5)
  t.is(stats.backpressure_events, 2)
  t.is(reconcilerStats(figures(0), ALERTS).estimated_lag_ms, 0)
})
