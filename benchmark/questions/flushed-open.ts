// How long it takes from nothing to the first answer, when everything is in segment files.

import { makeVectors } from '../data.js'
import {
  countOf,
  flushedData,
  type FlushedData,
  openFlushed,
  type Scale,
  SCALES,
} from '../flushed.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Store } from '../../src/index.js'
import type { Contender, Question, Setting } from '../question.js'
import { timeOpening } from './open.js'

/** The vector that is looked for is the one of this concept. */
const NEAREST = 5
const HITS = 10

export const questions: Question[] = SCALES.flatMap((scale) =>
  scale.hasVectors ? [getQuestion(scale), searchQuestion(scale)] : [getQuestion(scale)],
)

function named(
  scale: Scale,
  name: string,
  title: string,
): Pick<Question, 'name' | 'title' | 'unit' | 'conditions' | 'isLarge'> {
  return {
    name: `${scale.name}-${name}`,
    title: `Flushed: open ${countOf(scale)} concepts, ${title}`,
    unit: 'ms',
    conditions: `${scale.data}, closed in order before; files are in the memory of the system`,
    isLarge: scale.isLarge,
  }
}

function getQuestion(scale: Scale): Question {
  return {
    ...named(scale, 'open-get', 'then get one'),
    ...(!scale.isLarge && { target: { kind: 'at most', value: 20 } }),
    open: (setting) => open(setting, scale, openAndGet),
  }
}

function searchQuestion(scale: Scale): Question {
  return {
    ...named(scale, 'open-search', 'then find the ten nearest of a vector'),
    target: { kind: 'at most', value: 100 },
    open: (setting) => open(setting, scale, openAndSearch),
  }
}

interface Opening {
  readonly detail: string
  readonly ours: (data: FlushedData) => Promise<Store>
  /** Absent where the peer has nothing of the kind. */
  readonly theirs?: (data: FlushedData) => LmdbStore
}

const openAndGet: Opening = {
  detail: 'openStore, get(id).content',
  ours: async (data) => {
    const store = await openFlushed(data)
    if (store.get(middle(data))?.content === undefined) throw new Error('sutra lost a concept')
    return store
  },
  theirs: (data) => {
    const peer = new LmdbStore(data.folder)
    if (peer.notes.get(middle(data)) === undefined) throw new Error('lmdb lost a concept')
    return peer
  },
}

const wanted = makeVectors(NEAREST + 1)[NEAREST] ?? new Float32Array()

const openAndSearch: Opening = {
  detail: 'openStore, search of 10 by vector, exact',
  ours: async (data) => {
    const store = await openFlushed(data)
    const { hits } = await store.search({ vector: wanted, k: HITS })
    const isRight = hits.length === HITS && hits[0]?.id === data.ids[NEAREST]
    if (!isRight) throw new Error('sutra found others')
    return store
  },
}

function middle({ ids }: FlushedData): string {
  return ids[ids.length >> 1] ?? ''
}

async function open(setting: Setting, scale: Scale, opening: Opening): Promise<Contender[]> {
  const data = await flushedData(setting, scale)
  const { detail, ours, theirs } = opening
  const openOurs = (): Promise<Store> => ours(data)
  const contenders: Contender[] = [
    {
      name: 'sutra',
      detail,
      run: () => timeOpening(openOurs, (store) => store.close()),
      close: () => {},
    },
  ]
  if (theirs !== undefined && setting.hasPeers) {
    contenders.push({
      name: 'lmdb',
      detail: 'open of five databases, get(id).content',
      run: () =>
        timeOpening(
          async () => theirs(data),
          (peer) => peer.close(),
        ),
      close: () => {},
    })
  }
  return contenders
}
