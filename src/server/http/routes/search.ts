import type { Filter, SearchQuery } from '../../../types.js'
import { hitShape, nearEnough } from '../../shapes.js'
import type { Route } from '../route.js'
import { SHARE, bodyOf } from '../route.js'

interface SearchBody {
  query: string
  top_k?: number
  threshold?: number
  filter?: Filter
  namespace?: string
}

const TOP_K_DEFAULT = 5
const TOP_K_MAX = 100
/** Embedding a query is work on the thread that serves everybody. */
const QUERY_CHARACTERS_MAX = 65_536

/**
 * The concepts that answer a text best, by its words and its vector. Without a threshold nothing is
 * cut off: see
 * docs/decisions/search-threshold.md.
 */
export const searchRoute: Route<SearchBody> = {
  method: 'POST',
  path: '/search',
  schema: {
    body: bodyOf(
      {
        query: { type: 'string', minLength: 1, maxLength: QUERY_CHARACTERS_MAX },
        top_k: { type: 'integer', minimum: 1, maximum: TOP_K_MAX },
        threshold: SHARE,
        filter: { type: 'object' },
        namespace: { type: 'string' },
      },
      ['query'],
    ),
  },
  fields: { text: 'query', k: 'top_k' },
  async handle({ store, body, signal }) {
    const k = body.top_k ?? TOP_K_DEFAULT
    const query: SearchQuery = { text: body.query, k, explain: true, signal }
    if (body.namespace !== undefined) query.namespace = body.namespace
    if (body.filter !== undefined) query.filter = body.filter
    const hits = nearEnough((await store.search(query)).hits, body.threshold)
    return { query: body.query, results: hits.map(hitShape), total_found: hits.length }
  },
}
