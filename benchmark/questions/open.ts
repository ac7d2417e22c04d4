// How long it takes from nothing to the first answer, with data on disk.

import { makeIds, makeVectors } from '../data.js'
import { LmdbStore } from '../peers/lmdb.js'
import type { Store } from '../../src/index.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import { fillSutra, openSutra } from '../sutra.js'
import { timeEach } from '../timing.js'

export const questions: Question[] = [
  {
    name: 'open-search',
    title: 'Open 100,000 concepts, then find the ten nearest of a vector',
    unit: 'ms',
    conditions:
      '100,000 concepts of 200 bytes of text and a vector of 768 dimensions, closed in order before; files are in the memory of the system',
    target: { kind: 'at most', value: 100 },
    open: (setting) => open(setting, true),
  },
  {
    name: 'open-get',
    title: 'Open 100,000 concepts, then get one',
    unit: 'ms',
    conditions:
      '100,000 concepts of 200 bytes of text and a vector of 768 dimensions, closed in order before; files are in the memory of the system',
    open: (setting) => open(setting, false),
  },
]

async function open(setting: Setting, isSearch: boolean): Promise<Contender[]> {
  const { folder, isQuick } = setting
  const ids = makeIds(isQuick ? 10_000 : 100_000)
  const vectors = makeVectors(ids.length)
  const wanted = ids[ids.length >> 1] ?? ''
  const store = await openSutra(folder)
  await fillSutra(store, ids, vectors)
  await store.close()
  const ours = isSearch ? search(folder, vectors[5] ?? new Float32Array()) : get(folder, wanted)
  if (isSearch || !setting.hasPeers) return [ours]
  const filled = new LmdbStore(folder)
  filled.fill(ids, vectors)
  await filled.close()
  return [ours, getFromPeer(folder, wanted)]
}

/** The time is that of `open`; what it opened is closed outside of the time. */
export async function timeOpening<T>(
  open: () => Promise<T>,
  close: (opened: T) => Promise<void>,
): Promise<Run> {
  const opened: T[] = []
  const run = await timeEach(1, async () => opened.push(await open()))
  for (const one of opened) await close(one)
  return run
}

function search(folder: string, vector: Float32Array): Contender {
  const openAndSearch = async (): Promise<Store> => {
    const store = await openSutra(folder)
    const { hits } = await store.search({ vector, k: 10 })
    if (hits.length !== 10) throw new Error(`sutra found ${hits.length} of 10`)
    return store
  }
  return {
    name: 'sutra',
    detail: 'openStore, search of 10 by vector, exact',
    run: () => timeOpening(openAndSearch, (store) => store.close()),
    close: () => {},
  }
}

function get(folder: string, id: string): Contender {
  const openAndGet = async (): Promise<Store> => {
    const store = await openSutra(folder)
    if (store.get(id)?.content === undefined) throw new Error('sutra lost a concept')
    return store
  }
  return {
    name: 'sutra',
    detail: 'openStore, get(id).content',
    run: () => timeOpening(openAndGet, (store) => store.close()),
    close: () => {},
  }
}

function getFromPeer(folder: string, id: string): Contender {
  const openAndGet = async (): Promise<LmdbStore> => {
    const peer = new LmdbStore(folder)
    if (peer.notes.get(id) === undefined) throw new Error('lmdb lost a concept')
    return peer
  }
  return {
    name: 'lmdb',
    detail: 'open of five databases, get(id).content',
    run: () => timeOpening(openAndGet, (peer) => peer.close()),
    close: () => {},
  }
}
