import type { ConceptInput } from '../../../types.js'
import type { Route } from '../route.js'
import { SHARE, bodyOf } from '../route.js'

interface LearnBody {
  content: string
  concept_id?: string
  key?: string
  namespace?: string
  vector?: number[]
  attributes?: Record<string, unknown>
  strength?: number
  confidence?: number
  valid_from?: string
  valid_to?: string
}

const DATE_TIME = { type: 'string', format: 'date-time' }

/** Learns one concept; content alone is enough. Answers 200 once the write is durable. */
export const learnRoute: Route<LearnBody> = {
  method: 'POST',
  path: '/learn',
  writes: true,
  schema: {
    body: bodyOf(
      {
        content: { type: 'string', minLength: 1 },
        concept_id: { type: 'string' },
        key: { type: 'string' },
        namespace: { type: 'string' },
        vector: { type: 'array', items: { type: 'number' } },
        attributes: { type: 'object' },
        strength: SHARE,
        confidence: SHARE,
        valid_from: DATE_TIME,
        valid_to: DATE_TIME,
      },
      ['content'],
    ),
  },
  fields: { id: 'concept_id', validFrom: 'valid_from', validTo: 'valid_to' },
  async handle({ store, body }) {
    const { id, sequence, created } = await store.learn(conceptInput(body))
    return {
      sequence,
      concept_id: id,
      message: created ? 'concept learned' : 'concept updated',
      concepts_created: created ? 1 : 0,
      // Content is stored as it is: no association is drawn from it.
      associations_created: 0,
      created,
    }
  },
}

function conceptInput(body: LearnBody): ConceptInput {
  const { concept_id: id, valid_from: from, valid_to: to, ...same } = body
  const input: ConceptInput = same
  if (id !== undefined) input.id = id
  if (from !== undefined) input.validFrom = new Date(from)
  if (to !== undefined) input.validTo = new Date(to)
  return input
}
