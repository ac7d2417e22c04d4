// Threads of one process read while another writes, flushes and merges.
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { conceptIdOf, openStore, type Store } from '../../src/index.js'
import { temporaryFolder } from '../store/temporary-store.js'
import { untilQuiet } from './background.js'
import { OPTIONS, Workload } from './workload.js'

const INDEX = new URL('../../src/index.js', import.meta.url).href
const LOADER = '--import=@oxc-node/core/register'
const READERS = 3
const PAIRS = 200
const VERSIONS = 40

interface Said {
  readonly problems: string[]
  readonly reads: number
}

/**
 * Reads pairs of concepts that are always written in one commit, until it is told to stop: both
 * halves of a pair, their associations and what a search finds must be of the same commit.
 */
const READER = `
  import { workerData, parentPort } from 'node:worker_threads'
  import { openStore } from ${JSON.stringify(INDEX)}
  const store = await openStore(workerData.folder)
  const problems = []
  const held = []
  let reads = 0
  for (let pair = 0; Atomics.load(workerData.stop, 0) === 0; pair = (pair + 1) % ${PAIRS}) {
    const snapshot = store.snapshot()
    const [left, right] = ['left', 'right'].map((side) => snapshot.getByKey(side + pair))
    if (left?.sequence !== right?.sequence) problems.push(pair + ': halves of two commits')
    if (left?.attributes.version !== right?.attributes.version) problems.push(pair + ': versions')
    if (left !== undefined) {
      const [edge, ...more] = snapshot.neighbors(left.id)
      if (edge?.target !== right.id || more.length > 0) problems.push(pair + ': association')
      const { hits } = await snapshot.search({ vector: left.vector, k: 1 })
      if (hits[0]?.id !== left.id) problems.push(pair + ': search')
      if (pair % 50 === 0) held.push([left, left.content, right])
    }
    if (store.getByKey('left' + pair) === undefined && left !== undefined) problems.push('gone')
    snapshot[Symbol.dispose]()
    reads++
    if (reads % 64 === 0) await new Promise((done) => setImmediate(done))
  }
  for (const [left, content, right] of held) {
    if (left.content !== content || right.attributes.version === undefined) problems.push('held')
  }
  await store.close()
  parentPort.postMessage({ problems: problems.slice(0, 5), reads })
  parentPort.close()`

/** Each pair in one commit. */
async function writePairs(store: Store, vectors: Float32Array[], version: number): Promise<void> {
  const attributes = { version }
  await Promise.all(
    vectors.map((vector, pair) =>
      store.learnMany([
        { key: `left${pair}`, content: `left ${pair} of ${version}`, vector, attributes },
        { key: `right${pair}`, content: `right ${pair} of ${version}`, attributes },
      ]),
    ),
  )
}

test('worker threads read whole commits while another thread writes, flushes and merges', async (t) => {
  t.timeout(120_000)
  const folder = temporaryFolder(t)
  const store = await openStore(folder, OPTIONS)
  const script = `${folder}-reader.mjs`
  writeFileSync(script, READER)
  t.teardown(() => rmSync(script))
  const work = new Workload(83)
  const vectors = Array.from({ length: PAIRS }, () => work.vector())
  await writePairs(store, vectors, 0)
  for (let pair = 0; pair < PAIRS; pair++) {
    const [source, target] = ['left', 'right'].map((side) => conceptIdOf({ key: side + pair }))
    await store.associate({ source: source!, target: target!, type: 'causal' })
  }
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const workers = Array.from(
    { length: READERS },
    () => new Worker(script, { workerData: { folder, stop }, execArgv: [LOADER] }),
  )
  const answers = workers.map(async (worker) => {
    const [said] = (await once(worker, 'message')) as [Said]
    return said
  })
  await Promise.all(workers.map((worker) => once(worker, 'online')))
  for (let version = 1; version < VERSIONS; version++) {
    await writePairs(store, vectors, version)
    await store.flush()
  }
  await untilQuiet(store)
  Atomics.store(stop, 0, 1)
  for (const { problems, reads } of await Promise.all(answers)) {
    t.deepEqual(problems, [])
    t.true(reads > 20, `${reads} reads`)
  }
  t.true(store.stats().background.compactions > 0)
  await store.close()
})
