// The Open English WordNet, imported and compared with its file concept by concept and association
// by association: from memory, from segments, after opening again, and after merges. Takes about a
// minute, so it runs with SUTRA_TEST_LONG=1 only: `npm run proof:oewn`.
import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { conceptIdOf, openStore, type Store, type StoreOptions } from '../../src/index.js'
import { importFile } from '../../src/transfer/index.js'
import { untilQuiet } from '../layers/background.js'
import { oewnPath } from '../oewn-data.js'
import { temporaryFolder } from '../store/temporary-store.js'

const PROBLEMS_MAX = 10
const MERGING_THRESHOLD = 10_000

const path = oewnPath()

/** What the file says, in the words of the store. */
interface Wanted {
  /** By id: content and attributes. */
  readonly concepts: Map<string, string>
  /** By both ends, type and label: confidence. */
  readonly edges: Map<string, number>
}

async function readWanted(): Promise<Wanted> {
  const wanted: Wanted = { concepts: new Map(), edges: new Map() }
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()) })
  for await (const line of lines) {
    const record = JSON.parse(line) as Record<string, string> & { confidence?: number }
    if (record.kind === 'concept') {
      const { key = '', content, attributes = {} } = record
      wanted.concepts.set(conceptIdOf({ key }), JSON.stringify([key, content, attributes]))
      continue
    }
    const [source, target] = [record.source!, record.target!].map((key) => conceptIdOf({ key }))
    const name = `${source} ${target} ${record.type} ${record.label ?? ''}`
    wanted.edges.set(name, record.confidence ?? 1)
  }
  return wanted
}

/** Everything that the store does not have as the file does. */
function problemsOf(store: Store, { concepts, edges }: Wanted): string[] {
  const problems: string[] = []
  const halves = { out: 0, in: 0 }
  for (const [id, text] of concepts) {
    const concept = store.get(id)
    const { key, content, attributes } = concept ?? {}
    const found = JSON.stringify([key, content, attributes])
    if (found !== text) problems.push(`${id} is ${found}, not ${text}`)
    for (const direction of ['out', 'in'] as const) {
      for (const edge of store.neighbors(id, { direction })) {
        const name = `${edge.source} ${edge.target} ${edge.type} ${edge.label ?? ''}`
        const isHere = (direction === 'out' ? edge.source : edge.target) === id
        const isSame = isHere && edges.get(name) === edge.confidence && edge.weight === 1
        if (!isSame) problems.push(`${direction} ${name} is not in the file`)
        halves[direction]++
      }
    }
  }
  const counts = store.stats()
  for (const [what, count, of] of [
    ['concepts', counts.concepts, concepts.size],
    ['associations', counts.edges, edges.size],
    ['outgoing halves', halves.out, edges.size],
    ['incoming halves', halves.in, edges.size],
  ] as const) {
    if (count !== of) problems.push(`${count} ${what}, not ${of}`)
  }
  return problems.slice(0, PROBLEMS_MAX)
}

/** Imports the file into a new store, and says how fast. */
async function imported(
  t: ExecutionContext,
  options: StoreOptions,
): Promise<{ store: Store; folder: string }> {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, options)
  const { lines, tookMs, problemCount } = await importFile(store, path)
  t.is(problemCount, 0)
  const rate = Math.round(lines / (tookMs / 1000))
  t.log(`${rate} lines per second (${JSON.stringify(options)})`)
  return { store, folder }
}

if (process.env.SUTRA_TEST_LONG !== '1') {
  test.skip('WordNet over layers: takes long, npm run proof:oewn', () => {})
} else if (!existsSync(path)) {
  // Whoever asks for it must not take nothing for a proof.
  test('WordNet over layers', (t) => t.fail(`${path} is absent, see __test__/oewn-data.ts`))
} else {
  test.serial('the whole WordNet is the same in memory, flushed, and opened again', async (t) => {
    t.timeout(300_000)
    const wanted = await readWanted()
    const { store, folder } = await imported(t, { memoryThreshold: 10_000_000 })
    t.is(store.stats().background.flushes, 0)
    t.deepEqual(problemsOf(store, wanted), [], 'in memory')
    await store.flush()
    t.deepEqual(problemsOf(store, wanted), [], 'flushed')
    await store.close()
    await using again = await openStore(folder)
    t.is(again.stats().recovery.commits, 0)
    t.log(`opened in ${again.stats().recovery.durationUs / 1000} ms`)
    t.deepEqual(problemsOf(again, wanted), [], 'opened again')
  })

  test.serial('the whole WordNet is the same after flushes and merges', async (t) => {
    t.timeout(300_000)
    const wanted = await readWanted()
    const { store, folder } = await imported(t, { memoryThreshold: MERGING_THRESHOLD })
    t.deepEqual(problemsOf(store, wanted), [], 'while segments are merged')
    await store.flush()
    await untilQuiet(store)
    const { background } = store.stats()
    t.true(background.flushes > 5 && background.compactions > 0)
    t.deepEqual(problemsOf(store, wanted), [], 'merged')
    await store.close()
    await using again = await openStore(folder)
    t.deepEqual(problemsOf(again, wanted), [], 'opened again')
  })
}
