import type { Route } from '../route.js'

/** Cumulative counts of transactions since the store was opened. */
export const transactionStatsRoute: Route = {
  method: 'GET',
  path: '/transaction-stats',
  handle: ({ store }) => store.transactionStats(),
}
