import { moment, oneOf, text, wholeNumber } from '../../config/index.js'
import { associationShape } from '../../server/shapes.js'
import type { Association, NeighborsOptions, Store } from '../../types.js'
import { TYPES_FLAG } from '../association-types.js'
import { defineCommand, flag } from '../command.js'
import { REFERENCE_FLAGS, findConcept } from '../find-concept.js'
import { oneLine, ratio } from '../text.js'

/** Lists the associations of one concept. */
export const neighborsCommand = defineCommand({
  name: 'neighbors',
  arguments: '<concept>',
  summary: 'list the associations of a concept',
  settings: ['data'],
  flags: {
    ...REFERENCE_FLAGS,
    direction: flag('--direction <way>', oneOf('out', 'in', 'both'), 'which way, default both'),
    type: TYPES_FLAG,
    label: flag('--label <word>', text('1 to 512 characters', /^.{1,512}$/s), 'with this label'),
    limit: flag('--limit <count>', wholeNumber(1, 1_000_000), 'associations at most'),
    validAt: flag('--valid-at <moment>', moment(), 'only what held then: 2024-05-01'),
  },
  examples: [
    'sutra neighbors --key doc:README.md',
    'sutra neighbors --key doc:README.md --direction out --type semantic,causal',
    'sutra neighbors --key doc:README.md --limit 5 --json',
    'sutra neighbors --key doc:README.md --valid-at 2024-05-01T12:00:00Z',
  ],
  run: (call) =>
    call.withStore('read', async (store) => {
      const concept = findConcept(store, call.arguments[0] ?? '', call.flags)
      const { direction, type, label, limit, validAt } = call.flags
      const options: NeighborsOptions = {}
      if (direction !== undefined) options.direction = direction
      if (type !== undefined) options.type = type
      if (label !== undefined) options.label = label
      if (limit !== undefined) options.limit = limit
      if (validAt !== undefined) options.validAt = validAt
      const found = store.neighbors(concept.id, options)
      if (call.out.json) {
        const neighbors = found.map(associationShape)
        call.out.document({ concept_id: concept.id, neighbors, total_found: found.length })
        return
      }
      for (const association of found) call.out.line(describe(store, concept.id, association))
    }),
})

function describe(store: Store, from: string, association: Association): string {
  const { source, target, type, label, confidence } = association
  const outward = source === from
  const other = outward ? target : source
  const name = label === undefined ? type : `${type} ${oneLine(label, 40)}`
  const content = store.get(other)?.content ?? ''
  return `${outward ? '->' : '<-'} ${name} ${ratio(confidence)}  ${other}  ${oneLine(content, 60)}`
}
