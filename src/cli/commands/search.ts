import { decimal, EMBEDDER_SETTINGS, jsonObject, wholeNumber } from '../../config/index.js'
import { hitShape, nearEnough, similarityOf } from '../../server/shapes.js'
import type { SearchQuery } from '../../types.js'
import { defineCommand, flag } from '../command.js'
import { REFERENCE_FLAGS } from '../find-concept.js'
import { oneLine, ratio } from '../text.js'

const TOP_K_DEFAULT = 10

/** Finds the concepts that answer a text best. */
export const searchCommand = defineCommand({
  name: 'search',
  arguments: '<text...>',
  summary: 'find the concepts that answer a text best',
  description:
    'Compares words ("phrases in quotes" and begin* as well) and vectors, best first: those of\n' +
    'words and parts of words, unless another embedder is chosen; then the one the store was\n' +
    'learned with. No hit is no error.',
  settings: ['data', ...EMBEDDER_SETTINGS],
  flags: {
    topK: flag('-k, --top-k <count>', wholeNumber(1, 1000), 'hits at most, default 10'),
    threshold: flag('--threshold <similarity>', decimal(0, 1), 'leave out less similar ones'),
    filter: flag('--filter <json>', jsonObject, 'conditions, for example {"year":{"$gte":2020}}'),
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
      const { topK = TOP_K_DEFAULT, threshold, filter, namespace } = call.flags
      const query: SearchQuery = { text, k: topK, explain: true, signal: call.signal }
      if (filter !== undefined) query.filter = filter
      if (namespace !== undefined) query.namespace = namespace
      const hits = nearEnough((await store.search(query)).hits, threshold)
      if (call.out.json) {
        call.out.document({ query: text, results: hits.map(hitShape), total_found: hits.length })
        return
      }
      for (const hit of hits) {
        const line = oneLine(hit.concept.content, 80)
        call.out.line(`${ratio(similarityOf(hit))}  ${hit.id}  ${line}`)
      }
    }),
})
