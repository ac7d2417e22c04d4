// What a fresh machine lacks is said in one line, and the sum of all tests is counted right.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { countCargo, countPlain, countSim, countTap } from '../scripts/counts.mjs'
import { ROOT } from './tidy/project.js'

const OLD_NODE =
  "const versions = { ...process.versions, node: '18.20.0' };" +
  "Object.defineProperty(process, 'versions', { value: versions })"

/** A clone without anything installed, on a machine with only the given tools. */
function freshClone(t: ExecutionContext, tools: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-fresh-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['scripts', 'package.json', 'package-lock.json', 'Cargo.toml']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
  mkdirSync(join(folder, 'bin'))
  for (const [name, answer] of Object.entries(tools)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 })
  }
  return folder
}

interface Ran {
  readonly status: number
  readonly lines: readonly string[]
}

function run(folder: string, script: string, nodeArguments: string[] = []): Ran {
  const path = [join(folder, 'bin'), '/bin-that-is-not-there'].join(delimiter)
  const env = { PATH: path, HOME: folder, CARGO_HOME: join(folder, 'cargo') }
  const args = [...nodeArguments, join(folder, 'scripts', script)]
  const ran = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' })
  return { status: ran.status ?? -1, lines: `${ran.stdout}${ran.stderr}`.trim().split('\n') }
}

const LACKS: [string, Record<string, string>, RegExp][] = [
  ['no Rust compiler', {}, /^error: no Rust compiler found: .*rustup/],
  [
    'an old Rust compiler',
    { cargo: 'cargo 1.70.0', rustc: 'rustc 1.70.0' },
    /^error: Rust 1\.\d+ or newer is needed, this is 1\.70: .*rustup update/,
  ],
  [
    'no C compiler',
    { cargo: 'cargo 1.95.0', rustc: 'rustc 1.95.0' },
    /^error: no C compiler \(cc\) found: install one/,
  ],
]

for (const [title, tools, wanted] of LACKS) {
  test(`a machine with ${title} is told so in one line`, (t) => {
    const { status, lines } = run(freshClone(t, tools), 'bootstrap.mjs')
    t.is(status, 1)
    t.is(lines.length, 1, lines.join('\n'))
    t.regex(lines[0] ?? '', wanted)
  })
}

test('an old Node is told so in one line', (t) => {
  const folder = freshClone(t, {})
  writeFileSync(join(folder, 'old-node.cjs'), OLD_NODE)
  const before = ['--require', join(folder, 'old-node.cjs')]
  const { status, lines } = run(folder, 'bootstrap.mjs', before)
  t.is(status, 1)
  t.is(lines.length, 1, lines.join('\n'))
  t.regex(lines[0] ?? '', /^error: Node 20\.19 or newer is needed, this is 18\.20\.0/)
})

for (const tool of ['miri', 'fuzz']) {
  test(`a proof is told in one line that ${tool} is missing`, (t) => {
    const { status, lines } = run(freshClone(t, {}), `proof-${tool}.mjs`)
    t.is(status, 1)
    t.is(lines.length, 1, lines.join('\n'))
    t.regex(lines[0] ?? '', new RegExp(`^error: this proof needs .*nightly.* and .*${tool}`))
  })
}

/** Each target was linked with the `main` of another library and ended at once, called clean. */
test('a fuzzer that runs nothing, and miri that finds no test, are no proof', (t) => {
  const folder = freshClone(t, { cargo: 'a_target' })
  const fuzzed = run(folder, 'proof-fuzz.mjs')
  t.is(fuzzed.status, 1)
  t.true(fuzzed.lines.includes('1 targets, 60 s each, 0 executions, 1 failed'))
  t.is(run(folder, 'proof-miri.mjs').status, 1)
})

const none = { passed: 0, failed: 0, skipped: 0 }

function counted(count: (counts: typeof none, line: string) => void, lines: string[]): typeof none {
  const counts = { ...none }
  for (const line of lines) count(counts, line)
  return counts
}

test('cargo: the closing lines of all binaries are summed', (t) => {
  const lines = [
    'running 3 tests',
    'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out',
    'the text "test result: ok. 9 passed; 0 failed; 0 ignored" elsewhere',
  ]
  t.deepEqual(counted(countCargo, lines), { passed: 4, failed: 2, skipped: 1 })
})

test('TAP: every test is counted once', (t) => {
  const lines = [
    'TAP version 13',
    'ok 1 - a',
    'not ok 2 - b',
    'ok 3 - c # SKIP',
    '1..3',
    '# pass 9',
  ]
  t.deepEqual(counted(countTap, lines), { passed: 1, failed: 1, skipped: 1 })
})

test('simulation: a seed is a test, the failing one is told after the sum', (t) => {
  const sum = '100 seeds, 346 crashes, 730 checks in 0.4 s: 293 seeds/s, 1015 crashes/s'
  t.deepEqual(counted(countSim, [sum]), { passed: 100, failed: 0, skipped: 0 })
  const found = [sum, 'seed 99 fails: concept 5 is lost']
  t.deepEqual(counted(countSim, found), { passed: 99, failed: 1, skipped: 0 })
})

test('our own runners: only their closing line counts', (t) => {
  const lines = ['so far 5 passed, 0 failed', 'package: 7 passed, 0 failed']
  t.deepEqual(counted(countPlain, lines), { passed: 7, failed: 0, skipped: 0 })
  t.deepEqual(counted(countPlain, ['3 passed, 1 failed, 2 skipped']), {
    passed: 3,
    failed: 1,
    skipped: 2,
  })
})
