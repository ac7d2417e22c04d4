// The newest log file of a process that was killed, damaged by hand: what a write can leave that
// never finished is cut off and counted; anything else is refused with file and offset.
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openStore, SutraError } from '../../src/index.js'
import { findState, type Report } from '../kill/checker.js'
import { runWriter } from '../kill/child.js'
import { readContents } from '../kill/contents.js'
import { Dice } from '../kill/dice.js'
import { Model } from '../kill/model.js'
import { operationOf } from '../kill/operations.js'
import { endOf, digestsOf, segmentsOf } from './logs.js'

const SEED = 13
const CALLS = 120
const CASES = 25
/** Of a segment; records follow, each at a multiple of 8. */
const HEADER_BYTES = 64
const RECORD_ALIGNMENT = 8

interface Killed {
  /** A copy of the store, for this case alone. */
  copy(): string
  readonly report: Report
}

/** A store as a process left it that was killed after its last call was acknowledged. */
async function killedStore(t: ExecutionContext): Promise<Killed> {
  const root = mkdtempSync(join(tmpdir(), 'sutra-torn-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const folder = join(root, 'store')
  const { issued, answers } = await runWriter(
    { folder, seed: SEED, round: 0, durability: 'fsync', inFlight: 1, operationsMax: CALLS },
    { signal: 'SIGKILL', from: `done ${lastDone()}`, afterMs: 0 },
  )
  let copies = 0
  const copy = (): string => {
    const path = join(root, `copy ${copies++}`)
    cpSync(folder, path, { recursive: true })
    return path
  }
  return { copy, report: { issued, answers } }
}

/** The last call of the round that is not refused. */
function lastDone(): number {
  const model = new Model()
  const ends = Array.from({ length: CALLS }, (_, index) => model.apply(operation(index)))
  return ends.findLastIndex(({ sequence }) => sequence !== undefined)
}

function operation(index: number) {
  return operationOf(SEED, 0, index)
}

function newestOf(folder: string): string {
  return segmentsOf(folder).at(-1) ?? ''
}

/** Where the next record would be. */
function nextRecordOf(segment: string): number {
  return Math.ceil(endOf(segment) / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
}

function change(file: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  edit(bytes)
  writeFileSync(file, bytes)
}

/** Opens, and gives what is wrong with the contents, and how much was cut off. */
async function opened(
  folder: string,
  report: Report,
): Promise<{ problems: string[]; torn: number }> {
  await using store = await openStore(folder)
  const problems = findState(new Model(), report, operation, await readContents(store))
  return { problems, torn: store.stats().recovery.tornBytes }
}

async function refused(t: ExecutionContext, folder: string): Promise<SutraError> {
  const before = digestsOf(folder)
  const error = await t.throwsAsync(openStore(folder), { instanceOf: SutraError })
  t.is(error?.code, 'ERR_CORRUPT', error?.message)
  t.is(error?.file, newestOf(folder))
  t.is(typeof error?.offset, 'number')
  t.deepEqual(digestsOf(folder), before, 'what is damaged is left as it was found')
  return error as SutraError
}

test('garbage behind the last record is cut off, counted, and gone the next time', async (t) => {
  const { copy, report } = await killedStore(t)
  const dice = new Dice(SEED)
  for (let at = 0; at < CASES; at++) {
    const folder = copy()
    const log = newestOf(folder)
    const start = nextRecordOf(log) + dice.below(3) * dice.below(100)
    const length = dice.between(1, 5000)
    change(log, (bytes) => {
      for (let byte = 0; byte < length; byte++) bytes[start + byte] = dice.between(1, 255)
    })
    const first = await opened(folder, report)
    t.deepEqual(first.problems, [])
    t.true(first.torn >= length && first.torn < length + 400, `${first.torn} of ${length}`)
    t.deepEqual(await opened(folder, report), { problems: [], torn: 0 })
  }
})

test('a log that ends early opens with what was written before', async (t) => {
  // What a crash leaves that lost the last writes: zeros from some byte on.
  const { copy, report } = await killedStore(t)
  const dice = new Dice(SEED, 1)
  const anyPrefix: Report = { issued: report.issued, answers: new Map() }
  for (let at = 0; at < CASES; at++) {
    const folder = copy()
    const log = newestOf(folder)
    const cut = dice.between(HEADER_BYTES, endOf(log))
    change(log, (bytes) => bytes.fill(0, cut))
    const { problems, torn } = await opened(folder, anyPrefix)
    t.deepEqual(problems, [], `cut at ${cut}`)
    t.true(torn < 60_000)
    t.deepEqual(await opened(folder, anyPrefix), { problems: [], torn: 0 })
  }
})

test('damage to what later records say was on disk is refused with file and offset', async (t) => {
  const { copy } = await killedStore(t)
  const dice = new Dice(SEED, 2)
  for (let at = 0; at < CASES; at++) {
    const folder = copy()
    const log = newestOf(folder)
    const place = dice.between(HEADER_BYTES, endOf(log) / 2)
    change(log, (bytes) => {
      for (let byte = place; byte < place + dice.between(1, 500); byte++) bytes[byte]! ^= 0x5a
    })
    const { offset = Infinity } = await refused(t, folder)
    t.true(offset <= place, `damaged at ${place}, said to be at ${offset}`)
  }
})

test('a log file that is shorter than it says is refused', async (t) => {
  const { copy } = await killedStore(t)
  const dice = new Dice(SEED, 3)
  for (const bytes of [0, 1, 63, ...Array.from({ length: CASES }, () => dice.below(1 << 20))]) {
    const folder = copy()
    truncateSync(newestOf(folder), bytes)
    await refused(t, folder)
  }
})
