// How many of the right neighbours are found when a filter allows from a half of all concepts to
// one in ten thousand. As many hits as there can be is no figure but a promise: it is checked.

import type { Store } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { numbersById } from '../recall.js'
import {
  makeSearchData,
  NEAREST,
  QUERIES,
  type SearchData,
  SELECTIVITIES,
  type Selectivity,
} from '../search-data.js'
import { indexOf, openSearchStore, truthOf } from '../search-stores.js'
import { recallOf, type Truth } from '../truth.js'

const CONCEPTS = 100_000
const CONCEPTS_QUICK = 10_000
const TARGET = 0.99

export const questions: Question[] = [
  {
    name: 'filtered-recall',
    title: 'Share of the ten nearest that are found when a filter allows 50 to 0.01 %',
    unit: 'share',
    conditions: `100,000 concepts with a vector of 768 dimensions, a text of 8 to 30 words and attributes, in files and indexed; ${QUERIES} queries for each filter, all settings as they are by default; recall@${NEAREST} against a comparison with every vector that is allowed; every answer has as many hits as there can be`,
    target: { kind: 'at least', value: TARGET },
    roundsMax: 1,
    open,
  },
]

async function open(setting: Setting): Promise<Contender[]> {
  const data = makeSearchData(setting.isQuick ? CONCEPTS_QUICK : CONCEPTS)
  const store = await openSearchStore(setting, data)
  const parts = SELECTIVITIES.map((selectivity) => {
    const name = `share-${selectivity.percent}`
    const truth = truthOf(setting, data, name, selectivity.allows)
    return { selectivity, truth }
  })
  const recalls = new Map<number, number>()
  const least: Contender = {
    name: 'sutra',
    detail: `the least of these; quantization i8; ${indexOf(store)}`,
    run: async () => {
      for (const { selectivity, truth } of parts) {
        recalls.set(selectivity.percent, await ask(store, data, selectivity, truth))
      }
      return { share: Math.min(...recalls.values()) }
    },
    close: () => store.close(),
  }
  // They tell what the first one found.
  const each = parts.map(({ selectivity: { percent, filter, allows } }): Contender => {
    const count = data.ids.filter((_, number) => allows(number)).length
    return {
      name: `sutra, ${percent} %`,
      detail: `search({ vector, k: ${NEAREST}, filter: ${JSON.stringify(filter)} }): ${count.toLocaleString('en')} are allowed`,
      run: () => ({ share: recalls.get(percent) ?? Number.NaN }),
      close: () => {},
    }
  })
  return [least, ...each]
}

async function ask(
  store: Store,
  data: SearchData,
  { percent, filter }: Selectivity,
  truth: Truth,
): Promise<number> {
  const numbers = numbersById(data)
  const found: number[][] = []
  for (const [query, vector] of data.queries.entries()) {
    const { hits } = await store.search({ vector, k: NEAREST, filter })
    const wanted = truth[query]?.length ?? 0
    if (hits.length !== wanted) {
      throw new Error(`${hits.length} hits of ${wanted} with ${percent} % allowed`)
    }
    found.push(hits.map(({ id }) => numbers.get(id) ?? -1))
  }
  return recallOf(found, truth)
}
