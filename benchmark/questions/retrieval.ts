// How often a definition finds its word. Stored is what an import of WordNet stores, "members:
// definition"; asked is the definition alone. All its words are there, which suits a text search,
// so it is asked once more without the definitions: "members; examples" is stored, which shares few
// words with the definition, and what is near in the graph has to help.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type * as Package from '../../src/index.js'
import type { SearchQuery, Store } from '../../src/index.js'
import { bringToRest } from '../at-rest.js'
import { DIMENSION, Random } from '../data.js'
import type { Contender, Question, Setting } from '../question.js'
import { connectSutra, openSutra, packageFile } from '../sutra.js'
import { readWordnet, type Synset, type Wordnet } from '../wordnet.js'

const QUERIES = 1000
const QUERIES_QUICK = 100
const SYNSETS_QUICK = 5000
const BATCH = 500
const HITS = 10

type Mode = Pick<SearchQuery, 'weights' | 'expand'>

/** What is compared; the first is how a store is searched when nothing is said. */
const MODES: Readonly<Record<string, Mode>> = {
  sutra: {},
  'sutra, text only': { weights: { vector: 0 } },
  'sutra, vector only': { weights: { text: 0 } },
  'sutra, with graph': { expand: { hops: 1 } },
}

interface Reading {
  readonly name: string
  readonly title: string
  readonly stored: string
  readonly contentOf: (synset: Synset) => string
}

const READINGS: readonly Reading[] = [
  {
    name: 'retrieval',
    title: 'A definition finds its word in WordNet',
    stored: 'stored is "members: definition", as an import does',
    contentOf: ({ content }) => content,
  },
  {
    name: 'retrieval-unseen',
    title: 'A definition that is not stored finds its word in WordNet',
    stored: 'stored is "members; examples" without the definition',
    contentOf: ({ members, examples }) => [members.join(', '), ...examples].join('; '),
  },
]

export const questions: Question[] = READINGS.flatMap((reading) =>
  [1, HITS].map((rank) => question(reading, rank)),
)

function question(reading: Reading, rank: number): Question {
  return {
    name: `${reading.name}-${rank}`,
    title: `${reading.title}, recall@${rank}`,
    unit: 'share',
    conditions: `Open English WordNet: 107,525 concepts and its associations, ${reading.stored}, vectors of the hashed lexical embedder; ${QUERIES.toLocaleString('en')} synsets at random whose definition no other has; asked is the definition without the members; share of them that are among the first ${rank} of ${HITS}`,
    roundsMax: 1,
    open: (setting) => open(setting, reading, rank),
  }
}

async function open(
  setting: Setting,
  reading: Reading,
  rank: number,
): Promise<Contender[] | string> {
  const all = await readWordnet()
  if (all === undefined) return 'oewn.jsonl.gz is not here'
  const wordnet = setting.isQuick ? firstOf(all, SYNSETS_QUICK) : all
  const asked = sample(wordnet, setting.isQuick ? QUERIES_QUICK : QUERIES)
  const store = await openFilled(setting, wordnet, reading)
  return Object.entries(MODES).map(([name, mode], index): Contender => {
    return {
      name,
      detail: `search({ text, k: ${HITS}${described(mode)} })`,
      run: async () => ({ share: await shareFound(store, { wordnet, asked, rank, mode }) }),
      close: () => (index === 0 ? store.close() : undefined),
    }
  })
}

function described(mode: Mode): string {
  const parts = Object.entries(mode).map(([name, value]) => `, ${name}: ${JSON.stringify(value)}`)
  return parts.join('').replaceAll('"', '')
}

function firstOf({ ids, synsets, edges }: Wordnet, count: number): Wordnet {
  return {
    ids: ids.slice(0, count),
    synsets: synsets.slice(0, count),
    edges: edges.filter(({ source, target }) => source < count && target < count),
  }
}

/** Numbers of synsets that can be told by their definition. */
function sample({ synsets }: Wordnet, count: number): number[] {
  const times = new Map<string, number>()
  for (const { definition } of synsets) times.set(definition, (times.get(definition) ?? 0) + 1)
  const random = new Random(37)
  const numbers = new Set<number>()
  while (numbers.size < count) {
    const number = random.below(synsets.length)
    if (times.get(synsets[number]?.definition ?? '') === 1) numbers.add(number)
  }
  return [...numbers]
}

/** The store at rest; the questions about one reading share it. */
async function openFilled(
  { shared }: Setting,
  wordnet: Wordnet,
  { name, contentOf }: Reading,
): Promise<Store> {
  const { hashedLexicalEmbedder } = (await import(packageFile('index.js'))) as typeof Package
  const folder = join(shared, name)
  const finished = join(folder, 'finished')
  const isFilled = existsSync(finished)
  mkdirSync(folder, { recursive: true })
  const embedder = hashedLexicalEmbedder({ dimension: DIMENSION })
  const store = await openSutra(folder, { durability: 'os', embedder })
  if (isFilled) return store
  await fill(store, wordnet, contentOf)
  await bringToRest(store, folder)
  writeFileSync(finished, '')
  return store
}

async function fill(
  store: Store,
  { ids, synsets, edges }: Wordnet,
  contentOf: Reading['contentOf'],
): Promise<void> {
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = synsets.slice(from, from + BATCH)
    const concepts = batch.map((synset, index) => {
      return { id: ids[from + index] ?? '', content: contentOf(synset) }
    })
    await store.learnMany(concepts)
  }
  await connectSutra(store, ids, edges)
}

interface Search {
  readonly wordnet: Wordnet
  readonly asked: readonly number[]
  readonly rank: number
  readonly mode: Mode
}

async function shareFound(
  store: Store,
  { wordnet: { ids, synsets }, asked, rank, mode }: Search,
): Promise<number> {
  let found = 0
  for (const number of asked) {
    const text = synsets[number]?.definition ?? ''
    const { hits } = await store.search({ text, k: HITS, ...mode })
    if (hits.slice(0, rank).some(({ id }) => id === ids[number])) found += 1
  }
  return found / asked.length
}
