import type { Route } from '../route.js'
import { bodyOf } from '../route.js'

/** Everything written so far is on disk when this answers. */
export const flushRoute: Route = {
  method: 'POST',
  path: '/flush',
  writes: true,
  schema: { body: bodyOf({}), bodyOptional: true },
  async handle({ store }) {
    const { sequence } = await store.flush()
    return { flushed: true, sequence }
  },
}
