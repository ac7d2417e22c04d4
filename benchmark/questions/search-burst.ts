// How long the slowest searches take while vectors are written, and whether each vector is found as
// soon as it is acknowledged. Each caller writes one and then looks for it, with the others writing
// and searching beside it; in the meantime vectors go to files, and graphs are made of them.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../src/index.js'
import { makeIds, makeVectors } from '../data.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import { NEAREST } from '../search-data.js'
import { openSutra } from '../sutra.js'

const CALLERS = 4
const VECTORS = 50_000
const VECTORS_QUICK = 4000
/** Concepts in memory before they go to a file: few, so that a burst makes files and graphs. */
const THRESHOLD = 10_000
const THRESHOLD_QUICK = 1000
/** More than a burst writes: nothing goes to a file. */
const THRESHOLD_RESTING = 10_000_000

export const questions: Question[] = [
  {
    name: 'search-burst',
    title: 'Search while 50,000 vectors are written, P99',
    unit: 'ms',
    figure: 'p99',
    conditions: `an empty store, ${CALLERS} callers at once: each writes a concept with a vector of 768 dimensions, waits until it is on disk, and searches the ${NEAREST} nearest of that vector; the concept must be the first hit`,
    target: { kind: 'at most', value: 50 },
    roundsMax: 3,
    open,
  },
]

async function open({ folder, isQuick }: Setting): Promise<Contender[]> {
  const count = isQuick ? VECTORS_QUICK : VECTORS
  const [ids, vectors] = [makeIds(count), makeVectors(count)]
  const threshold = isQuick ? THRESHOLD_QUICK : THRESHOLD
  return [
    contender('sutra', join(folder, 'merging'), threshold, { ids, vectors }),
    contender('sutra, in memory', join(folder, 'resting'), THRESHOLD_RESTING, { ids, vectors }),
  ]
}

interface Burst {
  readonly ids: readonly string[]
  readonly vectors: readonly Float32Array[]
}

function contender(name: string, folder: string, memoryThreshold: number, burst: Burst): Contender {
  const run = { perSecond: 0, graphs: 0 }
  return {
    name,
    get detail() {
      return `learn, then search({ vector, k: ${NEAREST} }), durability 'fsync', memoryThreshold ${memoryThreshold.toLocaleString('en')}; ${Math.round(run.perSecond).toLocaleString('en')} of both a second, ${run.graphs} graphs made in the meantime; each vector was found`
    },
    run: async () => {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
      const store = await openSutra(folder, { memoryThreshold })
      const started = performance.now()
      const latencies = await writeAndSearch(store, burst)
      run.perSecond = (1000 * burst.ids.length) / (performance.now() - started)
      run.graphs = store.stats().background.graphsBuilt
      await store.close()
      return latencies
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Times of the searches. */
async function writeAndSearch(store: Store, { ids, vectors }: Burst): Promise<Run> {
  const latenciesMs = new Float64Array(ids.length)
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < ids.length) {
      const at = next++
      const [id = '', vector = new Float32Array()] = [ids[at], vectors[at]]
      await store.learn({ id, content: `concept ${at}`, vector })
      const started = performance.now()
      const { hits } = await store.search({ vector, k: NEAREST })
      latenciesMs[at] = performance.now() - started
      if (hits[0]?.id !== id) throw new Error(`vector ${at} was not found when acknowledged`)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return { latenciesMs }
}
