import { statsShape } from '../../shapes.js'
import type { Route } from '../route.js'

/** Counts of the store, under the checklist's names and the earlier API's. */
export const statsRoute: Route = {
  method: 'GET',
  path: '/stats',
  handle: ({ store, embedder }) => statsShape(store, embedder),
}
