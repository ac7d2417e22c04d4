// How many concepts are read in a second, by id, when all of them are in mapped segment files: with
// their text, with their vector as well, and whether they are there at all.

import { makeIds, makeOrder, TEXT_BYTES } from '../data.js'
import {
  countOf,
  flushedData,
  type FlushedData,
  openFlushed,
  type Scale,
  SCALES,
  segmentsOf,
} from '../flushed.js'
import { emptyCall } from '../limits.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Store } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { timeLoop } from '../timing.js'

const HOT = 4096
const DIMENSION = 768

/** One way of reading, by us and by the peer. */
interface Reading {
  /** Ids read one after the other. */
  readonly wanted: readonly string[]
  readonly ours: (store: Store) => (id: string) => number
  readonly theirs: (peer: LmdbStore) => (id: string) => number
  readonly details: readonly [ours: string, theirs: string]
  /** What the answers must add up to; without it, to what the first contender found. */
  readonly sum?: number
}

export const questions: Question[] = SCALES.flatMap(questionsOf)

function questionsOf(scale: Scale): Question[] {
  const asked: Question[] = [
    {
      ...named(scale, 'get-hot', 'get and read the text, the same 4,096 concepts again and again'),
      ...(!scale.isLarge && { target: { kind: 'at least', value: 1_500_000 } }),
      open: (setting) => open(setting, scale, (data) => textReading(setting, data, HOT)),
    },
    {
      ...named(scale, 'get-uniform', `get and read the text, any of ${countOf(scale)} concepts`),
      ...(!scale.isLarge && { target: { kind: 'at least', value: 1_000_000 } }),
      open: (setting) =>
        open(setting, scale, (data) => textReading(setting, data, Number.POSITIVE_INFINITY)),
    },
    {
      ...named(scale, 'has-unknown', `has, for ids that none of ${countOf(scale)} concepts has`),
      open: (setting) => open(setting, scale, (data) => unknownReading(setting, data)),
    },
  ]
  return scale.hasVectors ? [...asked, vectorQuestion(scale)] : asked
}

function named(
  scale: Scale,
  name: string,
  title: string,
): Pick<Question, 'name' | 'title' | 'unit' | 'conditions' | 'isLarge'> {
  const { isLarge, data } = scale
  return {
    name: `${scale.name}-${name}`,
    title: `Flushed: ${title}`,
    unit: 'per second',
    conditions: data,
    isLarge,
  }
}

function vectorQuestion(scale: Scale): Question {
  const question = named(scale, 'get-with-vector', 'get, read the text and the vector')
  return {
    ...question,
    conditions: `${question.conditions}; the vector is a copy that stays as it is`,
    target: { kind: 'at least', value: 600_000 },
    open: (setting) => open(setting, scale, (data) => vectorReading(setting, data)),
  }
}

function pick({ isQuick }: Setting, { ids }: FlushedData, count: number, below: number): string[] {
  const order = makeOrder(isQuick ? count / 10 : count, Math.min(below, ids.length), 3)
  return [...order].map((number) => ids[number] ?? '')
}

function textReading(setting: Setting, data: FlushedData, below: number): Reading {
  const wanted = pick(setting, data, 500_000, below)
  return {
    wanted,
    ours: (store) => (id) => store.get(id)?.content.length ?? 0,
    theirs: (peer) => (id) => peer.notes.get(id)?.content.length ?? 0,
    details: ['get(id).content', 'get(id).content, MessagePack with shared structures'],
    sum: wanted.length * TEXT_BYTES,
  }
}

function vectorReading(setting: Setting, data: FlushedData): Reading {
  /** The numbers differ between vectors, and another one is looked at in each. */
  const numberOf = (text: string | undefined, vector: Float32Array | undefined): number =>
    vector?.[(text?.charCodeAt(5) ?? 0) % DIMENSION] ?? Number.NaN
  return {
    wanted: pick(setting, data, 200_000, Number.POSITIVE_INFINITY),
    ours: (store) => (id) => {
      const concept = store.get(id)
      return numberOf(concept?.content, concept?.vector)
    },
    theirs: (peer) => (id) => numberOf(peer.notes.get(id)?.content, peer.vector(id)),
    details: [
      'get(id): content and vector',
      'get(id).content, and the vector by getBinaryFast and a copy',
    ],
  }
}

function unknownReading({ isQuick }: Setting, { ids }: FlushedData): Reading {
  return {
    wanted: makeIds(isQuick ? 50_000 : 500_000, ids.length),
    ours: (store) => (id) => (store.has(id) ? 1 : 0),
    theirs: (peer) => (id) => (peer.notes.doesExist(id) ? 1 : 0),
    details: ['has(id)', 'doesExist(id)'],
    sum: 0,
  }
}

async function open(
  setting: Setting,
  scale: Scale,
  read: (data: FlushedData) => Reading,
): Promise<Contender[]> {
  const data = await flushedData(setting, scale)
  const reading = read(data)
  const store = await openFlushed(data)
  const expected: { sum?: number } = reading.sum === undefined ? {} : { sum: reading.sum }
  const [ours, theirs] = reading.details
  const { wanted } = reading
  const contenders = [
    reader('sutra', `${ours}; ${segmentsOf(store)}`, wanted, reading.ours(store), expected, () =>
      store.close(),
    ),
    await emptyCall(wanted.length),
  ]
  if (setting.hasPeers) {
    const peer = new LmdbStore(data.folder)
    const close = (): Promise<void> => peer.close()
    contenders.push(reader('lmdb', theirs, wanted, reading.theirs(peer), expected, close))
  }
  return contenders
}

function reader(
  name: string,
  detail: string,
  wanted: readonly string[],
  read: (id: string) => number,
  expected: { sum?: number },
  close: () => Promise<void>,
): Contender {
  return {
    name,
    detail,
    run: () => {
      let sum = 0
      const run = timeLoop(wanted.length, () => {
        for (const id of wanted) sum += read(id)
      })
      expected.sum ??= sum
      if (sum !== expected.sum) throw new Error(`${name} read something else`)
      return run
    },
    close,
  }
}
