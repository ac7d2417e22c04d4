import { decimal, EMBEDDER_SETTINGS, wholeNumber } from '../../config/index.js'
import { hitShape } from '../../server/shapes.js'
import type { SearchQuery } from '../../types.js'
import { defineCommand, flag } from '../command.js'
import { REFERENCE_FLAGS } from '../find-concept.js'
import { oneLine, ratio } from '../text.js'

const TOP_K_DEFAULT = 10

/** Finds the concepts nearest to a text. */
export const searchCommand = defineCommand({
  name: 'search',
  arguments: '<text...>',
  summary: 'find the concepts nearest to a text',
  description:
    'Compares vectors, best first: of words and parts of words, unless another embedder is chosen;\n' +
    'then the one the store was learned with. No hit is no error.',
  settings: ['data', ...EMBEDDER_SETTINGS],
  flags: {
    topK: flag('-k, --top-k <count>', wholeNumber(1, 1000), 'hits at most, default 10'),
    threshold: flag('--threshold <similarity>', decimal(0, 1), 'leave out less similar ones'),
    namespace: REFERENCE_FLAGS.namespace,
  },
  examples: [
    'sutra search how is a crash survived',
    "sutra search 'group commit' -k 3 --json",
    'sutra search durable writes --threshold 0.2',
  ],
  run: (call) =>
    call.withStore('read', async (store) => {
      const text = call.arguments.join(' ')
      const { topK = TOP_K_DEFAULT, threshold, namespace } = call.flags
      const query: SearchQuery = { text, k: topK, signal: call.signal }
      if (threshold !== undefined) query.minScore = threshold
      if (namespace !== undefined) query.namespace = namespace
      const { hits } = await store.search(query)
      if (call.out.json) {
        call.out.document({ query: text, results: hits.map(hitShape), total_found: hits.length })
        return
      }
      for (const { id, score, concept } of hits) {
        call.out.line(`${ratio(score)}  ${id}  ${oneLine(concept.content, 80)}`)
      }
    }),
})
