import { SutraError } from '../../../errors.js'
import { conceptShape } from '../../shapes.js'
import type { Route } from '../route.js'
import { bodyOf } from '../route.js'

interface QueryBody {
  concept_id?: string
  key?: string
  namespace?: string
}

/** Reads one concept by its id or key. One that is not there is `found: false`, not an error. */
export const queryRoute: Route<QueryBody> = {
  method: 'POST',
  path: '/query',
  schema: {
    body: bodyOf({
      concept_id: { type: 'string' },
      key: { type: 'string' },
      namespace: { type: 'string' },
    }),
  },
  fields: { id: 'concept_id' },
  handle({ store, body }) {
    const { concept_id: id, key, namespace } = body
    if ((id === undefined) === (key === undefined)) {
      throw new SutraError('ERR_INVALID', 'exactly one of concept_id and key is required', {
        field: 'concept_id',
      })
    }
    const options = namespace === undefined ? {} : { namespace }
    const concept = id === undefined ? store.getByKey(key ?? '', options) : store.get(id, options)
    if (concept === undefined) return { found: false, concept_id: id, key, namespace }
    return { found: true, ...conceptShape(concept) }
  },
}
