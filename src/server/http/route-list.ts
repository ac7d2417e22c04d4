import type { Route } from './route.js'
import { flushRoute } from './routes/flush.js'
import { healthRoute } from './routes/health.js'
import { learnRoute } from './routes/learn.js'
import { queryRoute } from './routes/query.js'
import { reconcilerStatsRoute } from './routes/reconciler-stats.js'
import { searchRoute } from './routes/search.js'
import { statsRoute } from './routes/stats.js'
import { transactionStatsRoute } from './routes/transaction-stats.js'

/** A route whose body type only its own schema knows. */
export type AnyRoute = Route<never>

/** All routes there are. */
export const ROUTES: readonly AnyRoute[] = [
  learnRoute,
  queryRoute,
  searchRoute,
  flushRoute,
  statsRoute,
  transactionStatsRoute,
  reconcilerStatsRoute,
  healthRoute,
]
