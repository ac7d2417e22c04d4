// How long it takes to find the ten best texts for two words. Stores differ in what they take two
// words to mean: those that know both meanings are asked for both.

import { SEARCH_PEERS } from '../peers/search-peers.js'
import type { Words } from '../peers/peer.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import { numbersById } from '../recall.js'
import { makeSearchData, makeTwoWords, NEAREST, type SearchData } from '../search-data.js'
import { indexOf, openPeer, openSearchStore } from '../search-stores.js'
import { timeEach } from '../timing.js'

const QUERIES = 1000
const QUERIES_QUICK = 200
const CONCEPTS_QUICK = 2000
const MEANINGS: readonly Words[] = ['all', 'any']

export const questions: Question[] = [10_000, 100_000].map((concepts) => ({
  name: `text-search-${concepts}`,
  title: `The ten best of ${concepts.toLocaleString('en')} texts for two words`,
  unit: 'ms',
  conditions: `${concepts.toLocaleString('en')} concepts with a text of 8 to 30 words and attributes, without vectors, in files and indexed; words are as frequent as in a language, and one text at least has both`,
  open: (setting) => open(setting, concepts),
}))

type Find = (text: string) => readonly number[] | Promise<readonly number[]>

async function open(setting: Setting, concepts: number): Promise<Contender[]> {
  const { isQuick } = setting
  const data = makeSearchData(isQuick ? CONCEPTS_QUICK : concepts, false)
  const queries = makeTwoWords(data.texts, isQuick ? QUERIES_QUICK : QUERIES)
  const contenders = [await ours(setting, data, queries)]
  for (const kind of SEARCH_PEERS) {
    const peer = kind.hasWords ? await openPeer(setting, kind, data) : undefined
    if (peer?.words === undefined) continue
    for (const which of MEANINGS) {
      const find: Find = (text) => peer.words?.(text, which) ?? []
      const name = `${kind.name}, ${which === 'all' ? 'both words' : 'any word'}`
      const close = (): void | Promise<void> => (which === 'any' ? peer.close() : undefined)
      contenders.push(new Finder(name, peer.detail, { data, queries, find }, close))
    }
  }
  return contenders
}

async function ours(
  setting: Setting,
  data: SearchData,
  queries: readonly string[],
): Promise<Contender> {
  const store = await openSearchStore(setting, data)
  const numbers = numbersById(data)
  const find: Find = async (text) => {
    const { hits } = await store.search({ text, k: NEAREST, weights: { vector: 0 } })
    return hits.map(({ id }) => numbers.get(id) ?? -1)
  }
  const detail = `search({ text, k: ${NEAREST}, weights: { vector: 0 } }); answers concepts; ${indexOf(store)}`
  return new Finder('sutra', detail, { data, queries, find }, () => store.close())
}

class Finder implements Contender {
  readonly name: string
  readonly close: () => void | Promise<void>
  readonly #detail: string
  readonly #asked: Asked
  /** Numbers that each query found, by the order of the queries. */
  #found: (readonly number[])[] = []

  constructor(name: string, detail: string, asked: Asked, close: Contender['close']) {
    this.name = name
    this.#detail = detail
    this.#asked = asked
    this.close = close
  }

  /** With how right the answers were, which the meaning of two words decides. */
  get detail(): string {
    const { queries, data } = this.#asked
    const right = this.#found.filter(([first], index) => {
      const words = data.texts[first ?? -1]?.split(' ') ?? []
      return (queries[index] ?? '').split(' ').every((word) => words.includes(word))
    })
    const hits = this.#found.reduce((sum, { length }) => sum + length, 0) / queries.length
    const share = (right.length / queries.length).toFixed(3)
    return `${this.#detail}; ${hits.toFixed(1)} hits, the first has both words in ${share} of all queries`
  }

  run(): Promise<Run> {
    const { queries, find } = this.#asked
    this.#found = []
    return timeEach(queries.length, async (index) => {
      const answer = find(queries[index] ?? '')
      this.#found.push(answer instanceof Promise ? await answer : answer)
    })
  }
}

interface Asked {
  readonly data: SearchData
  readonly queries: readonly string[]
  readonly find: Find
}
