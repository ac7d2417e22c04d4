// `sutra check` as a shell runs it: its exit codes are its own.
import test from 'ava'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/index.js'
import type { CheckReport } from '../../src/index.js'
import { folder, sutra } from './sutra.js'

async function makeStore(path: string): Promise<void> {
  const store = await openStore(path, { vectorDimension: 3, durability: 'os' })
  await store.learnMany(Array.from({ length: 20 }, (_, index) => ({ content: `text ${index}` })))
  await store.flush()
  await store.close()
}

function damage(path: string): string {
  const segments = join(path, 'shard-00/segments')
  const file = join(segments, readdirSync(segments)[0]!)
  const bytes = readFileSync(file)
  bytes[4200] = bytes[4200]! ^ 8
  writeFileSync(file, bytes)
  return file
}

test('a sound store: exit code 0, in text and as JSON', async (t) => {
  const cwd = folder(t)
  await makeStore(join(cwd, 'data'))
  const text = await sutra(['check'], { cwd })
  t.is(text.code, 0, text.stderr)
  t.regex(text.stdout, /20 concepts, 0 associations and 0 vectors in segments\nsound\n$/)
  const json = await sutra(['check', join(cwd, 'data'), '--json'], { cwd })
  t.is(json.code, 0)
  const report = JSON.parse(json.stdout) as CheckReport
  t.true(report.sound)
  t.deepEqual(report.problems, [])
})

test('a damaged store: exit code 1, with file, byte and advice', async (t) => {
  const cwd = folder(t)
  await makeStore(join(cwd, 'data'))
  const file = damage(join(cwd, 'data'))
  const text = await sutra(['check', '--data', 'data'], { cwd })
  t.is(text.code, 1)
  t.true(text.stdout.includes(`CHECKSUM ${file} at 4096: `), text.stdout)
  t.regex(text.stdout, /damaged\n$/)
  const json = await sutra(['check', '--json'], { cwd })
  t.is(json.code, 1)
  t.false((JSON.parse(json.stdout) as CheckReport).sound)
})

test('what cannot be checked: exit code 2, and why', async (t) => {
  const cwd = folder(t)
  const none = await sutra(['check', 'none'], { cwd })
  t.is(none.code, 2)
  t.regex(none.stderr, /there is no such folder/)
  const store = await openStore(join(cwd, 'data'), { vectorDimension: 3 })
  const locked = await sutra(['check'], { cwd })
  await store.close()
  t.is(locked.code, 2)
  t.regex(locked.stderr, /ERR_LOCKED/)
})
