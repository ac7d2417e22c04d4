// Checking the files of a store, open and closed.
import test from 'ava'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkFolder, openStore } from '../../src/index.js'
import type { Store } from '../../src/index.js'
import { refusal, temporaryFolder } from './temporary-store.js'

const SEGMENTS = 'shard-00/segments'

/** A store with a segment, a file of vectors, and a few commits that are in the log only. */
async function filled(folder: string): Promise<Store> {
  const store = await openStore(folder, { vectorDimension: 3, durability: 'os' })
  const concepts = Array.from({ length: 50 }, (_, index) => ({
    content: `concept ${index}`,
    vector: [1, index, 2],
  }))
  const ids = (await store.learnMany(concepts)).map(({ id }) => id)
  const [source] = ids
  const targets = ids.slice(1)
  await store.associateMany(
    targets.map((target) => ({ source: source!, target, type: 'causal', label: 'l' })),
  )
  await store.flush()
  await store.learn({ content: 'in the log' })
  return store
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file)
  bytes[offset] = bytes[offset]! ^ 1
  writeFileSync(file, bytes)
}

test('a sound store is sound, while it is open and afterwards', async (t) => {
  const folder = temporaryFolder(t)
  const store = await filled(folder)
  const open = await store.check()
  t.deepEqual(open.problems, [])
  t.true(open.sound)
  t.deepEqual([open.concepts, open.edges, open.vectors], [50, 49, 50])
  t.true(open.filesChecked >= 5)
  t.true(open.bytesChecked > 10_000)
  await store.close()
  const closed = await checkFolder(folder)
  t.true(closed.sound)
  t.deepEqual(closed.problems, [])
  t.is(closed.concepts, 50)
})

test('damage is found with file, byte, meaning and advice, and nothing is changed', async (t) => {
  const folder = temporaryFolder(t)
  await (await filled(folder)).close()
  const name = readdirSync(join(folder, SEGMENTS)).find((file) => file.endsWith('.seg'))!
  const file = join(folder, SEGMENTS, name)
  flip(file, 5000)
  const before = readFileSync(file)
  const report = await checkFolder(folder)
  t.false(report.sound)
  const [problem] = report.problems
  t.is(problem?.code, 'CHECKSUM')
  t.is(problem?.file, file)
  t.is(problem?.offset, 4096)
  t.true(problem!.message.length > 10)
  t.true(problem!.advice.length > 10)
  t.deepEqual(readFileSync(file), before)
})

test('damage is found while the store is open', async (t) => {
  const folder = temporaryFolder(t)
  const store = await filled(folder)
  t.teardown(() => store.close())
  const name = readdirSync(join(folder, SEGMENTS)).find((file) => file.endsWith('.vec'))!
  flip(join(folder, SEGMENTS, name), 4100)
  const report = await store.check()
  t.false(report.sound)
  t.true(report.problems.some((problem) => problem.file?.endsWith(name)))
})

test('a missing file is named', async (t) => {
  const folder = temporaryFolder(t)
  await (await filled(folder)).close()
  const manifest = join(folder, 'shard-00/MANIFEST')
  rmSync(manifest)
  const report = await checkFolder(folder)
  t.false(report.sound)
  t.true(report.problems.some(({ code, file }) => code === 'MISSING_FILE' && file === manifest))
})

test('what is no store, or is open elsewhere, cannot be checked', async (t) => {
  const folder = temporaryFolder(t)
  t.is((await refusal(() => checkFolder(folder))).code, 'ERR_CONFIG')
  t.is((await refusal(() => checkFolder(join(folder, 'none')))).code, 'ERR_CONFIG')
  t.is((await refusal(() => checkFolder(7 as never))).field, 'path')
  const store = await filled(folder)
  t.is((await refusal(() => checkFolder(folder))).code, 'ERR_LOCKED')
  await store.close()
  t.is((await refusal(() => store.check())).code, 'ERR_CLOSED')
})

test('every code that a check can give is explained', (t) => {
  const source = readFileSync('crates/shard/src/check/report.rs', 'utf8')
  const table = source.slice(
    source.indexOf('codes! {'),
    source.indexOf('impl Code {\n    /// As in'),
  )
  const codes = Array.from(table.matchAll(/^ {4}([A-Z_]+): /gm), ([, code]) => code!)
  t.true(codes.length > 20)
  const page = readFileSync('docs/operations.md', 'utf8')
  for (const code of codes) t.true(page.includes(`| \`${code}\` |`), code)
})
