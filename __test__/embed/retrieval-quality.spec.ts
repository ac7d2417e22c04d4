// How well the embedder finds: mean reciprocal rank on labelled sets, against stated thresholds.
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { hashedLexicalEmbedder } from '../../src/embed/index.js'
import { oewnPath } from '../oewn-data.js'

const embedder = hashedLexicalEmbedder()

/** Texts of our own, with questions that share words or parts of words, never all of them. */
const OWN: [text: string, ...questions: string[]][] = [
  ['Aspirin inhibits the enzyme COX-1 and thins the blood', 'what does aspirin inhibit'],
  ['A write is acknowledged after the log was synced to disk', 'when are writes acknowledged'],
  ['Photosynthesis turns light, water and carbon dioxide into sugar', 'how plants use light'],
  ['The Great Wall of China was built over many centuries', 'chinese wall building'],
  ['Snapshots show the store as it was at one sequence number', 'snapshot sequence'],
  ['To install the package, run npm install sutra-storage', 'package installation'],
  ['Bees communicate the place of flowers by dancing', 'bee dance', 'communication of bees'],
  ['The heart pumps blood through arteries and veins', 'pumping blood', 'artery'],
  ['Deleting a concept removes its associations too', 'delete concepts and associations'],
  ['Volcanoes erupt when magma reaches the surface', 'volcanic eruption', 'volcano magma'],
  ['A hash table finds an entry in constant time', 'hashing tables', 'constant time lookup'],
  ['Bread rises because yeast makes carbon dioxide', 'why does bread rise', 'yeast baking bread'],
  ['The moon causes the tides of the sea', 'tide and moon', 'tidal moon'],
  ['Penicillin was discovered by Alexander Fleming', 'discovery of penicillin', 'flemings mould'],
  ['The server listens on the loopback address by default', 'default listening address'],
  ['Vectors are compared by cosine, dot product or distance', 'cosine vector comparison'],
  ['Steel is an alloy of iron and carbon', 'iron alloys', 'carbon steel'],
  ['Whales are mammals that live in the ocean', 'ocean mammal', 'whale'],
  ['A failed sync closes the shard for writing until it is reopened', 'sync failure reopening'],
  ['The violin has four strings tuned in fifths', 'violin string tuning', 'violinist'],
]

test('questions find our own texts: mean reciprocal rank at least 0.9', async (t) => {
  const questions = OWN.flatMap(([, ...asked], at) =>
    asked.map((one): [string, number] => [one, at]),
  )
  const rank = await meanReciprocalRank(
    OWN.map(([text]) => text),
    questions,
  )
  t.log(`mean reciprocal rank ${rank.toFixed(3)} of ${questions.length} questions`)
  t.true(rank >= 0.9, `${rank}`)
})

const path = oewnPath()
if (!existsSync(path)) {
  test.skip('WordNet: the data is absent, see __test__/oewn-data.ts', () => {})
} else {
  const { texts, halves, examples } = wordNet(path)

  test('half a definition finds its concept: mean reciprocal rank at least 0.8', async (t) => {
    const rank = await meanReciprocalRank(texts, halves)
    t.log(`mean reciprocal rank ${rank.toFixed(3)} of ${halves.length} among ${texts.length}`)
    t.true(rank >= 0.8, `${rank}`)
  })

  test('a sentence with a word finds the word: mean reciprocal rank at least 0.5', async (t) => {
    const rank = await meanReciprocalRank(texts, examples)
    t.log(`mean reciprocal rank ${rank.toFixed(3)} of ${examples.length} among ${texts.length}`)
    t.true(rank >= 0.5, `${rank}`)
  })
}

interface WordNetConcept {
  content: string
  attributes: { examples?: string[] }
}

/** Every 27th concept, about 4,000; as questions every other word of a definition, and examples. */
function wordNet(file: string): {
  texts: string[]
  halves: [string, number][]
  examples: [string, number][]
} {
  const concepts = gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .filter((line, at) => at % 27 === 0 && line.startsWith('{"kind":"concept"'))
    .map((line) => JSON.parse(line) as WordNetConcept)
  const halves: [string, number][] = []
  const examples: [string, number][] = []
  for (const [at, { content, attributes }] of concepts.entries()) {
    const words = content.slice(content.indexOf(': ') + 2).split(' ')
    if (at % 20 === 0 && words.length >= 6) {
      halves.push([words.filter((_, place) => place % 2 === 0).join(' '), at])
    }
    const example = attributes.examples?.[0]
    if (example !== undefined && examples.length < 200) examples.push([example, at])
  }
  return { texts: concepts.map(({ content }) => content), halves, examples }
}

/** Mean of 1 / rank of the right text, by exact comparison with all texts. */
async function meanReciprocalRank(
  texts: readonly string[],
  questions: readonly [string, number][],
): Promise<number> {
  const stored = await embedder.embed([...texts], {})
  const asked = await embedder.embed(
    questions.map(([question]) => question),
    {},
  )
  let sum = 0
  for (const [at, [, right]] of questions.entries()) {
    const scores = stored.map((vector) => dot(vector, asked[at]!))
    const better = scores.filter((score, place) => place !== right && score >= scores[right]!)
    sum += 1 / (1 + better.length)
  }
  return sum / questions.length
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!
  return sum
}
