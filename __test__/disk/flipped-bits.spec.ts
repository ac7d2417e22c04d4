// Bits of a small store that was closed in order, turned over one at a time: each time the store is
// refused with file and offset, or reads as before. In its log a bit that does no harm is behind
// the last record, and counted as an unfinished write.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openStore, SutraError } from '../../src/index.js'
import { readContents } from '../kill/contents.js'
import type { Flip, FlipOptions, Outcome } from './flipper.js'
import { digestsOf, endOf, filesOf, segmentsOf } from './logs.js'

const BATCH = 2500
const PAGE = 4096
/** Zeros between two that are tried, in files whose blocks are filled up with them. */
const FILLING = 128
const COPIES = 40
const FLIPPER = fileURLToPath(new URL('flipper.ts', import.meta.url))
const REGISTER = import.meta.resolve('@oxc-node/core/register')

interface Small {
  readonly root: string
  readonly folder: string
  readonly contents: string
}

/** A store of every kind of record, in about two kilobytes. */
async function smallStore(t: ExecutionContext): Promise<Small> {
  const root = mkdtempSync(join(tmpdir(), 'sutra-flip-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const folder = join(root, 'store')
  const first = await openStore(folder, { vectorDimension: 3 })
  const learned = await first.learnMany([
    { content: 'one', vector: [1, 0, 0], attributes: { a: [1, 'two'] } },
    { content: 'two', key: 'second', strength: 0.5, namespace: 'notes' },
    { content: 'three', id: '3'.repeat(32), validFrom: new Date(0) },
  ])
  const [a = '', b = '', c = ''] = learned.map(({ id }) => id)
  await first.associate({ source: a, target: b, type: 'causal', label: 'l', confidence: 0.5 })
  await first.flush()
  await first.learn({ content: 'after the flush', vector: [1, 1, 0] })
  await first.close()
  // A second run, so that there is more than one beginning and end in the log.
  const second = await openStore(folder)
  await second.associate({ source: b, target: c, type: 'temporal', attributes: { x: null } })
  await second.update(a, { vector: [0, 0, 1], confidence: 0.25 })
  await second.delete(c)
  await second.learn({ content: 'four', vector: [0, 1, 0] })
  const lines = [...(await readContents(second))]
  await second.close()
  const contents = join(root, 'contents.json')
  writeFileSync(contents, JSON.stringify(lines))
  return { root, folder, contents }
}

/** Each byte that says something, and of the zeros behind the records one a page. */
function flipsOf(folder: string): Flip[] {
  const logs = segmentsOf(folder)
  const flips: Flip[] = []
  for (const file of filesOf(folder).filter((path) => !/LOCK$|\.text$/.test(path))) {
    if (isSealed(file)) {
      flips.push(...sealedFlips(file))
      continue
    }
    const { size } = statSync(file)
    const end = logs.includes(file) ? endOf(file) : size < PAGE ? size : 0
    for (let byte = 0; byte < end + 64 && byte < size; byte++) {
      for (let bit = 0; bit < 8; bit++) flips.push({ file, byte, bit })
    }
    for (let byte = end + 64; byte < size; byte += PAGE) flips.push({ file, byte, bit: byte % 7 })
  }
  return flips
}

/** A file of concepts and associations, or of vectors. */
function isSealed(file: string): boolean {
  return /\.(seg|vec)$/.test(file)
}

/** One bit of each byte that is not zero, and of some that are. */
function sealedFlips(file: string): Flip[] {
  const bytes = [...readFileSync(file).entries()]
  const chosen = bytes.filter(([at, byte]) => byte !== 0 || at % FILLING === 0)
  return chosen.map(([byte]) => ({ file, byte, bit: byte % 8 }))
}

/** Tries flips in a process of its own. */
async function outcomesOf(small: Small, flips: readonly Flip[], name: string): Promise<Outcome[]> {
  const options: FlipOptions = { folder: small.folder, contents: small.contents, flips }
  const file = join(small.root, `${name}.json`)
  writeFileSync(file, JSON.stringify(options))
  const child = spawn(process.execPath, [`--import=${REGISTER}`, FLIPPER, file])
  const outcomes: Outcome[] = []
  let errors = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    outcomes.push(JSON.parse(line) as Outcome)
  })
  child.stderr.on('data', (chunk) => (errors += String(chunk)))
  const [code, signal] = await new Promise<unknown[]>((done) => {
    child.once('close', (...result) => done(result))
  })
  if (code !== 0 || outcomes.length !== flips.length) {
    const flip = JSON.stringify(flips[outcomes.length])
    throw new Error(`the process ended (${String(code)}, ${String(signal)}) at ${flip}: ${errors}`)
  }
  return outcomes
}

/** What is wrong with the outcome of a flip. */
function complaint(small: Small, flip: Flip, outcome: Outcome): string | undefined {
  const where = `${basename(flip.file)} byte ${flip.byte} bit ${flip.bit}`
  if ('wrong' in outcome) return `${where}: reads otherwise: ${outcome.wrong[0]}`
  if ('code' in outcome) {
    const { code, file, offset } = outcome
    // A flip in the number of the format version makes it that of a newer one.
    const isCoded = code === 'ERR_CORRUPT' ? offset !== undefined : code === 'ERR_CONFIG'
    const isOfLog = segmentsOf(small.folder).includes(flip.file)
    const isNamed = file === flip.file || (isOfLog && file === segmentsOf(small.folder).at(-1))
    return isCoded && isNamed ? undefined : `${where}: ${code} ${file} ${offset}`
  }
  const isSpare = basename(flip.file).startsWith('spare')
  // What is in no block that is read does no harm.
  if (outcome.tornBytes > 0 || isSpare || isSealed(flip.file)) return undefined
  return `${where}: not noticed`
}

test('every flipped bit of a small closed store is refused or counted, none is read', async (t) => {
  t.timeout(240_000)
  const small = await smallStore(t)
  const before = digestsOf(small.folder)
  const flips = flipsOf(small.folder)
  t.true(flips.length > 5000)
  const complaints: string[] = []
  let refused = 0
  let harmless = 0
  for (let from = 0; from < flips.length; from += BATCH) {
    const batch = flips.slice(from, from + BATCH)
    const outcomes = await outcomesOf(small, batch, `batch ${from}`)
    refused += outcomes.filter((outcome) => 'code' in outcome).length
    harmless += batch.filter((flip, at) => isSealed(flip.file) && !('code' in outcomes[at]!)).length
    complaints.push(
      ...batch.flatMap((flip, at) => complaint(small, flip, outcomes[at] as Outcome) ?? []),
    )
  }
  t.deepEqual(complaints, [])
  const rest = `${harmless} in blocks that are not read, the rest behind the last commit`
  t.log(`${flips.length} bits flipped: ${refused} refused, ${rest}`)
  t.true(refused > 5000)
  t.deepEqual(digestsOf(small.folder), before, 'opened for reading, nothing was written')
})

test('a store that is refused as damaged is left as it was found', async (t) => {
  const { root, folder } = await smallStore(t)
  const flips = flipsOf(folder).filter(({ file }) => segmentsOf(folder).includes(file))
  const end = endOf(segmentsOf(folder)[0] ?? '')
  let refused = 0
  for (let at = 0; at < COPIES; at++) {
    const { file, byte, bit } = flips[Math.floor((at * 8 * end) / COPIES)] as Flip
    const copy = join(root, `copy ${at}`)
    cpSync(folder, copy, { recursive: true })
    const damaged = file.replace(folder, copy)
    const bytes = readFileSync(damaged)
    bytes[byte]! ^= 1 << bit
    writeFileSync(damaged, bytes)
    const before = digestsOf(copy)
    try {
      await (await openStore(copy)).close()
    } catch (error) {
      t.true(error instanceof SutraError, String(error))
      t.deepEqual(digestsOf(copy), before)
      refused++
    }
    rmSync(copy, { recursive: true })
  }
  t.true(refused > COPIES / 2)
})
