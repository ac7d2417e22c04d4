// `npm run proof:scale -- 10000000`: writes so many small concepts in a loop and shows that memory
// stays flat, that the store takes little more room on disk than what is in it, how often a byte is
// written, and how long reads take meanwhile. Ends with 1 if it does not hold.
//
// `--folder` says where (what is written is removed again if it holds), `--seconds` how often a
// line is shown, `--threshold` is `memoryThreshold`, `--memory-mib` is `memoryBytesMax`.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type * as Package from '../../src/index.js'
import type { Store } from '../../src/index.js'
import { bringToRest } from '../at-rest.js'
import { bytesWritten, hasProcessFigures, settledAnonymousBytes } from '../process-figures.js'
import { packageFile } from '../sutra.js'
import { DataBytes } from './data-bytes.js'
import { describeReads, mebibytes, Samples } from './samples.js'
import { hash, keyOf, ROUND, SmallConcepts } from './small-concepts.js'

const CONCEPTS_DEFAULT = 1_000_000
const MIB = 2 ** 20

/** Files over what is alive in them, both as records: see data-bytes.ts. */
const DISK_OVER_LIVE_MAX = 1.5
/**
 * The log is a few files of at most 64 MiB that do not grow with the store: below so many concepts
 * they would hide what the segments take.
 */
const CONCEPTS_WITH_LOG = 5_000_000
/** Growth of the peak of RssAnon from the first third of the concepts to the last. */
const ANONYMOUS_GROWTH_MAX = 64 * MIB
/** What a commit under way may be over `memoryBytesMax`. */
const BOUND_EXCEEDED_MAX = 1.1
const READS_PER_ROUND = 50
const LOOK_MS = 50

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: tmpdir() },
    seconds: { type: 'string', default: '5' },
    threshold: { type: 'string', default: '50000' },
    'memory-mib': { type: 'string', default: '256' },
  },
})

const { openStore, conceptIdOf } = (await import(packageFile('index.js'))) as typeof Package
const count = Number(positionals[0] ?? CONCEPTS_DEFAULT)
const data = new SmallConcepts(count, (key) => conceptIdOf({ key }))
const memoryBytesMax = Number(values['memory-mib']) * MIB
const written = new DataBytes()
const problems: string[] = []

function say(name: string, text: string): void {
  console.log(`${name.padEnd(28)} ${text}`)
}

function must(isRight: boolean, problem: string): void {
  if (!isRight) problems.push(problem)
}

async function writeRound(store: Store, round: number): Promise<void> {
  const { concepts, associations, updates, deletions } = data.round(round)
  await store.learnMany(concepts)
  if (associations.length > 0) await store.associateMany(associations)
  await Promise.all([
    ...updates.map(({ id, content }) => store.update(id, { content })),
    ...deletions.map((id) => store.delete(id)),
  ])
  for (const { key = '', content } of concepts) written.addConcept(key, content)
  for (const _ of associations) written.addAssociation()
  for (const { key, content } of updates) written.addConcept(key, content)
  for (const _ of deletions) written.addDeletion()
}

/** Reads any concepts that were written so far, deleted ones as well. */
function readSome(samples: Samples, rounds: number): void {
  const numbers = Array.from({ length: READS_PER_ROUND }, (_, read) => {
    return hash(rounds, 100 + read) % (rounds * ROUND)
  })
  const ids = numbers.map((number) => data.id(number))
  samples.timeReads(
    ids,
    numbers.map((number) => data.textAfter(number, rounds)),
  )
}

async function writeAll(store: Store, samples: Samples): Promise<void> {
  const started = performance.now()
  let shown = started
  let looked = 0
  for (let round = 0; round < data.rounds; round++) {
    await writeRound(store, round)
    readSome(samples, round + 1)
    const now = performance.now()
    if (now - looked >= LOOK_MS || round === data.rounds - 1) {
      samples.look((round + 0.5) / data.rounds)
      looked = now
    }
    if (now - shown >= 1000 * Number(values.seconds) || round === data.rounds - 1) {
      console.log(samples.describe((round + 1) * ROUND, (now - started) / 1000))
      shown = now
    }
  }
}

/** Reads everything back, compares it with what it has to be, and adds it up. */
async function readAll(store: Store): Promise<DataBytes> {
  const live = new DataBytes()
  let [concepts, associations, wrong] = [0, 0, 0]
  for (let number = 0; number < data.count; number++) {
    const id = data.id(number)
    const content = store.get(id)?.content
    if (content !== data.textAfter(number, data.rounds)) wrong += 1
    const link = data.linkAfter(number, data.rounds)
    const targets = store.neighbors(id).map(({ target }) => target)
    if (targets.join() !== (link === undefined ? '' : data.id(link))) wrong += 1
    if (content !== undefined) live.addConcept(keyOf(number), content)
    for (const _ of targets) live.addAssociation()
    concepts += content === undefined ? 0 : 1
    associations += targets.length
    if (number % ROUND === 0) await new Promise(setImmediate)
  }
  const stats = store.stats()
  must(wrong === 0, `${wrong} answers are other than what was written`)
  must(
    stats.concepts === concepts && stats.edges === associations,
    `stats count ${stats.concepts} concepts and ${stats.edges} associations`,
  )
  say('read back', `${concepts} concepts, ${associations} associations, ${wrong} of them wrong`)
  return live
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

function judgeDisk(store: Store, folder: string, live: DataBytes): void {
  const { log = 0, segments = 0 } = store.stats().diskBytes
  const all = folderBytes(folder)
  const counted = data.count >= CONCEPTS_WITH_LOG ? all : all - log
  const ratio = counted / live.records
  const what = counted === all ? 'the whole folder' : 'the folder without the log'
  say('disk', `${mebibytes(all)}: segments ${mebibytes(segments)}, log ${mebibytes(log)}`)
  say('live, as records', `${mebibytes(live.records)} (as docs/format/segment.md encodes them)`)
  say('live, as fields', `${mebibytes(live.fields)} (plain size of what the API gives back)`)
  say('live, texts only', mebibytes(live.texts))
  say(
    'disk / live, as records',
    `${ratio.toFixed(3)} for ${what}; ${(all / live.records).toFixed(3)} with all`,
  )
  say('segments / live, as fields', (segments / live.fields).toFixed(3))
  must(ratio <= DISK_OVER_LIVE_MAX, `${what} takes ${ratio.toFixed(3)} times what is alive`)
  const other = Math.abs(all - log - segments)
  must(other < MIB, `stats tell of ${mebibytes(other)} more or less than the folder has`)
}

function tellWrites(store: Store, allWritten: number): void {
  const { flushBytes, compactionBytes, flushes, compactions } = store.stats().background
  const files = flushBytes + compactionBytes
  const over = (bytes: number): string =>
    `${(bytes / written.records).toFixed(2)} (as fields: ${(bytes / written.fields).toFixed(2)})`
  say(
    'data written',
    `${mebibytes(written.records)} as records, ${mebibytes(written.fields)} as fields`,
  )
  say('flushed', `${mebibytes(flushBytes)} by ${flushes} flushes`)
  say('merged', `${mebibytes(compactionBytes)} by ${compactions} merges`)
  say('write amplification', over(files))
  say(
    '  with the log',
    `${over(allWritten)}; all write calls of the process, zeros of new log files too`,
  )
}

function judgeMemory(samples: Samples): void {
  const { thirds, anonymousPeak, anonymousGrowth, boundedPeak } = samples
  say('peak RssAnon', `${mebibytes(anonymousPeak)}; by thirds: ${thirds.map(mebibytes).join(', ')}`)
  say(
    'growth of RssAnon',
    `${mebibytes(anonymousGrowth)}, first third to last; at most ${mebibytes(ANONYMOUS_GROWTH_MAX)}`,
  )
  say(
    'memory not in files yet',
    `at most ${mebibytes(boundedPeak)}; bound ${mebibytes(memoryBytesMax)}`,
  )
  say('most segments', String(samples.segmentsPeak))
  const growth = mebibytes(anonymousGrowth)
  must(anonymousGrowth <= ANONYMOUS_GROWTH_MAX, `RssAnon grew by ${growth}`)
  const isBounded = boundedPeak <= BOUND_EXCEEDED_MAX * memoryBytesMax
  must(isBounded, `${mebibytes(boundedPeak)} were held in memory`)
}

/** Everything is written into the folder. Problems that can be counted do not stop it. */
async function prove(folder: string): Promise<void> {
  const memoryThreshold = Number(values.threshold)
  const options = { durability: 'os', memoryThreshold, memoryBytesMax } as const
  const store = await openStore(folder, options)
  const samples = new Samples(store)
  const before = bytesWritten()
  await writeAll(store, samples)
  const flushStarted = performance.now()
  await bringToRest(store, folder)
  const allWritten = bytesWritten() - before
  console.log(samples.describe(data.count))
  say('flush and last merges', `${((performance.now() - flushStarted) / 1000).toFixed(1)} s`)
  say('reads during merges', describeReads(samples.readsMerging))
  say('reads otherwise', describeReads(samples.readsResting))
  tellWrites(store, allWritten)
  judgeMemory(samples)
  const live = await readAll(store)
  say('RssAnon after reading all', mebibytes(await settledAnonymousBytes()))
  judgeDisk(store, folder, live)
  await store.close()
}

if (hasProcessFigures()) {
  const folder = mkdtempSync(join(values.folder, 'sutra-scale-'))
  await prove(folder)
  for (const problem of problems) console.error(`problem: ${problem}`)
  if (problems.length === 0) rmSync(folder, { recursive: true })
  console.log(`scale: ${problems.length === 0 ? 'holds' : `DOES NOT HOLD, kept in ${folder}`}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} else {
  console.error('error: this proof needs Linux: only there RssAnon can be read')
  process.exitCode = 2
}
