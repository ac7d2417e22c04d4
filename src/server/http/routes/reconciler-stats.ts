import type { Route } from '../route.js'

/** What the background work does and how far behind it is. */
export const reconcilerStatsRoute: Route = {
  method: 'GET',
  path: '/reconciler-stats',
  handle: ({ store }) => store.reconcilerStats(),
}
