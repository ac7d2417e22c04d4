import { decimal, moment, oneOf, wholeNumber } from '../../config/index.js'
import { pathShape } from '../../server/shapes.js'
import type { Path, PathOptions, Store } from '../../types.js'
import { TYPES_FLAG } from '../association-types.js'
import { defineCommand, flag } from '../command.js'
import type { FlagValues } from '../command.js'
import { REFERENCE_FLAGS, findConcept } from '../find-concept.js'
import { oneLine, ratio } from '../text.js'

const FLAGS = {
  ...REFERENCE_FLAGS,
  hops: flag('--hops <count>', wholeNumber(1, 20), 'hops at most, default 6'),
  paths: flag('--paths <count>', wholeNumber(1, 100), 'paths at most, default 3'),
  type: TYPES_FLAG,
  direction: flag('--direction <way>', oneOf('out', 'both'), 'which way, default out'),
  confidence: flag('--confidence <least>', decimal(0, 1), 'leave out less certain paths'),
  validAt: flag('--valid-at <moment>', moment(), 'only over what held then: 2024-05-01'),
  timeMs: flag('--time-ms <ms>', wholeNumber(1, 3_600_000), 'time to search at most'),
}

/** Finds paths between two concepts. */
export const pathsCommand = defineCommand({
  name: 'paths',
  arguments: '<from> <to>',
  summary: 'find how one concept leads to another',
  description:
    'Paths come best first: the product of the confidences, times 0.85 per hop after the first.\n' +
    'No path is no error.',
  settings: ['data'],
  flags: FLAGS,
  examples: [
    'sutra paths --key folder:. doc:README.md --direction both',
    'sutra paths --key folder:. doc:README.md --direction both --hops 4 --paths 3 --json',
    'sutra paths --key folder:. doc:README.md --direction both --valid-at 2024-05-01',
  ],
  run: (call) =>
    call.withStore('read', async (store) => {
      const from = findConcept(store, call.arguments[0] ?? '', call.flags)
      const to = findConcept(store, call.arguments[1] ?? '', call.flags)
      const found = await store.paths(from.id, to.id, pathOptions(call.flags, call.signal))
      if (call.out.json) {
        call.out.document({ from: from.id, to: to.id, paths: found.map(pathShape) })
        return
      }
      for (const path of found) {
        for (const line of describe(store, path)) call.out.line(line)
      }
    }),
})

function pathOptions(flags: FlagValues<typeof FLAGS>, signal: AbortSignal): PathOptions {
  const options: PathOptions = { signal }
  if (flags.hops !== undefined) options.hopsMax = flags.hops
  if (flags.paths !== undefined) options.pathsMax = flags.paths
  if (flags.type !== undefined) options.types = flags.type
  if (flags.direction !== undefined) options.direction = flags.direction
  if (flags.confidence !== undefined) options.confidenceMin = flags.confidence
  if (flags.validAt !== undefined) options.validAt = flags.validAt
  if (flags.timeMs !== undefined) options.timeMsMax = flags.timeMs
  return options
}

function* describe(store: Store, path: Path): Generator<string> {
  const hops = path.associations.length
  yield `confidence ${ratio(path.confidence)}, ${hops} ${hops === 1 ? 'hop' : 'hops'}`
  for (const [at, id] of path.concepts.entries()) {
    const association = path.associations[at - 1]
    if (association !== undefined) {
      const { type, label, confidence } = association
      const arrow = association.target === id ? '->' : '<-'
      const name = label === undefined ? type : `${type} ${oneLine(label, 40)}`
      yield `    ${arrow} ${name} ${ratio(confidence)}`
    }
    yield `  ${id}  ${oneLine(store.get(id)?.content ?? '', 60)}`
  }
}
