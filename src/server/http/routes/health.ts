import { VERSION } from '../../../version.js'
import { Answer } from '../route.js'
import type { Route } from '../route.js'

/** 200 while the store reads and writes; 503 with the reason when it refuses writes. */
export const healthRoute: Route = {
  method: 'GET',
  path: '/health',
  handle({ store, writeHealth }) {
    const stats = store.stats()
    const failed = stats.writable ? undefined : 'an earlier write failed; restart to write again'
    const reason = writeHealth.refusal() ?? failed
    const healthy = reason === undefined
    const body = {
      healthy,
      status: healthy ? 'healthy' : 'unhealthy',
      reason,
      version: VERSION,
      uptime_seconds: Math.floor(stats.uptimeSeconds),
      concepts_loaded: stats.concepts,
    }
    return healthy ? body : new Answer(503, body)
  },
}
