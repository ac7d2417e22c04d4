import { statsShape } from '../../server/shapes.js'
import { defineCommand } from '../command.js'
import { pairs } from '../text.js'

/** Shows the numbers of a store. */
export const statsCommand = defineCommand({
  name: 'stats',
  summary: 'show how much the store holds and uses',
  settings: ['data'],
  flags: {},
  examples: ['sutra stats', 'sutra stats --json'],
  run: (call) =>
    call.withStore('read', async (store, embedder) => {
      const stats = statsShape(store, embedder)
      if (call.out.json) call.out.document(stats)
      else for (const line of pairs(Object.entries(stats))) call.out.line(line)
    }),
})
