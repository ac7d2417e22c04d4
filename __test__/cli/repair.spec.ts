// `sutra repair` as a shell runs it: a plan first, then the deed.
import test from 'ava'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/index.js'
import type { RepairReport } from '../../src/index.js'
import { folder, sutra } from './sutra.js'

/** Two segments of twenty concepts each, the second one damaged. The ids of the second. */
async function damaged(path: string): Promise<string[]> {
  const store = await openStore(path, { vectorDimension: 3, durability: 'os' })
  const texts = (from: number) =>
    Array.from({ length: 20 }, (_, index) => ({ content: `text ${from + index}` }))
  const [first] = await store.learnMany(texts(0))
  await store.flush()
  const second = await store.learnMany(texts(20))
  await store.associate({ source: first!.id, target: second[0]!.id, type: 'causal', label: 'l' })
  await store.flush()
  await store.close()
  const segments = join(path, 'shard-00/segments')
  const file = join(segments, readdirSync(segments).sort().at(-1)!)
  const bytes = readFileSync(file)
  // A concept's record, in the middle of the file.
  const at = bytes.indexOf('text 25')
  bytes[at] = bytes[at]! ^ 8
  writeFileSync(file, bytes)
  return second.map(({ id }) => id)
}

test('without --yes it says what is lost and changes nothing', async (t) => {
  const cwd = folder(t)
  const ids = await damaged(join(cwd, 'data'))
  const text = await sutra(['repair'], { cwd })
  t.is(text.code, 1, text.stderr)
  for (const id of ids) t.true(text.stdout.includes(`concept ${id}`), id)
  t.regex(text.stdout, /nothing was changed; --yes does it\n$/)
  const json = await sutra(['repair', '--json'], { cwd })
  const report = JSON.parse(json.stdout) as RepairReport
  t.false(report.done)
  t.deepEqual(report.concepts.map(({ id }) => id).sort(), ids.sort())
  t.deepEqual(
    report.associations.map(({ type, label }) => [type, label]),
    [['causal', 'l']],
  )
  t.is((await sutra(['check'], { cwd })).code, 1)
})

test('with --yes the store is sound again, without what was listed, and the files are kept', async (t) => {
  const cwd = folder(t)
  const ids = await damaged(join(cwd, 'data'))
  const { code, stdout, stderr } = await sutra(['repair', 'data', '--yes', '--json'], { cwd })
  t.is(code, 0, stderr)
  const report = JSON.parse(stdout) as RepairReport
  t.true(report.done)
  t.true(existsSync(report.aside!))
  t.true(readdirSync(report.aside!, { recursive: true }).length > 0)
  t.is((await sutra(['check'], { cwd })).code, 0)
  const store = await openStore(join(cwd, 'data'))
  t.is(store.stats().concepts, 20)
  t.is(store.stats().edges, 0)
  t.is(store.getMany(ids).filter((concept) => concept !== undefined).length, 0)
  await store.learn({ content: 'after the repair' })
  await store.close()
  const again = await sutra(['repair'], { cwd })
  t.is(again.code, 0)
  t.regex(again.stdout, /nothing to repair/)
})

test('what cannot be repaired: exit code 2, and why', async (t) => {
  const cwd = folder(t)
  const { code, stderr } = await sutra(['repair', 'none', '--yes'], { cwd })
  t.is(code, 2)
  t.regex(stderr, /there is no such folder/)
})
