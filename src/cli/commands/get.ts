import { conceptShape } from '../../server/shapes.js'
import { defineCommand, switchFlag } from '../command.js'
import { REFERENCE_FLAGS, findConcept } from '../find-concept.js'
import { pairs, printable } from '../text.js'

/** Shows one concept. */
export const getCommand = defineCommand({
  name: 'get',
  arguments: '<concept>',
  summary: 'show one concept by its id or key',
  settings: ['data'],
  flags: {
    ...REFERENCE_FLAGS,
    vector: switchFlag('--vector', 'with its vector'),
  },
  examples: [
    'sutra get b8bc3f2949e6caf420d78059be8838b6',
    'sutra get --key doc:README.md --json',
    'sutra get --key doc:README.md --vector --json',
  ],
  run: (call) =>
    call.withStore('read', async (store) => {
      const concept = findConcept(store, call.arguments[0] ?? '', call.flags)
      const vector = call.flags.vector === true ? Array.from(concept.vector ?? []) : undefined
      const { content, ...rest } = conceptShape(concept)
      if (call.out.json) {
        call.out.document({ content, ...rest, vector })
        return
      }
      for (const line of pairs(Object.entries({ ...rest, vector }))) call.out.line(line)
      call.out.line()
      call.out.line(printable(String(content)))
    }),
})
