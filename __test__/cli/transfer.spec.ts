// import and export as commands: streams, bad lines, Ctrl-C.
import test from 'ava'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { EXIT } from '../../src/cli/exit-codes.js'
import { openStore } from '../../src/index.js'
import { folder, start, sutra } from './sutra.js'

const LINES = [
  { kind: 'concept', key: 'a', content: 'Aspirin' },
  { kind: 'concept', key: 'b', content: 'COX-1' },
  { kind: 'association', source: 'a', target: 'b', type: 'causal', label: 'inhibits' },
]

function jsonl(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

test('import reads a file, a compressed one and standard input', async (t) => {
  for (const [name, bytes] of [
    ['plain.jsonl', jsonl(LINES)],
    ['packed.jsonl.gz', gzipSync(jsonl(LINES))],
    ['-', jsonl(LINES)],
  ] as const) {
    const cwd = folder(t)
    if (name !== '-') writeFileSync(join(cwd, name), bytes)
    const { code, stdout, stderr } = await sutra(['import', name, '--json'], {
      cwd,
      ...(name === '-' ? { stdin: bytes } : {}),
    })
    t.is(code, 0, stderr)
    const report = JSON.parse(stdout) as { concepts: object; associations: object }
    t.like(report.concepts, { created: 2 })
    t.like(report.associations, { created: 1 })
    const got = await sutra(['get', '--key', 'a', '--json'], { cwd })
    t.is((JSON.parse(got.stdout) as { content: string }).content, 'Aspirin')
  }
})

test('import keeps earlier versions for as long as --history-keep-ms says', async (t) => {
  const many = (text: string): string =>
    jsonl(
      Array.from({ length: 1_500 }, (_, at) => ({
        kind: 'concept',
        key: `${at}`,
        content: `${text} ${at}`,
      })),
    )
  for (const flags of [[], ['--history-keep-ms', '3600000']]) {
    const cwd = folder(t)
    const args = ['import', '-', '--memory-threshold', '1000', ...flags]
    t.is((await sutra(args, { cwd, stdin: many('first') })).code, 0)
    const { stdout } = await sutra(['stats', '--json'], { cwd })
    const { sequence } = JSON.parse(stdout) as { sequence: number }
    t.is((await sutra(args, { cwd, stdin: many('second') })).code, 0)
    const history = { keepMs: 3_600_000 }
    await using store = await openStore(join(cwd, 'data'), { history })
    await store.flush()
    t.is(store.getByKey('7')?.content, 'second 7')
    if (flags.length === 0) t.throws(() => store.at(sequence), { code: 'ERR_NOT_FOUND' })
    else t.is(store.at(sequence).getByKey('7')?.content, 'first 7')
  }
})

test('a bad line is reported with its number, the others are imported', async (t) => {
  const cwd = folder(t)
  writeFileSync(join(cwd, 'bad.jsonl'), `${jsonl(LINES)}not JSON\n{"kind":"concept"}\n`)
  const lenient = await sutra(['import', 'bad.jsonl'], { cwd })
  t.is(lenient.code, EXIT.partly)
  t.regex(lenient.stderr, /^sutra: line 4: ERR_INVALID: /m)
  t.regex(lenient.stderr, /^sutra: line 5: ERR_INVALID: /m)
  t.regex(lenient.stdout, /^refused +2$/m)
  const strict = await sutra(['import', 'bad.jsonl', '--strict'], { cwd })
  t.is(strict.code, EXIT.usage)
  t.regex(strict.stderr, /^sutra: ERR_INVALID: [^\n]*4[^\n]*\n$/)
})

test('export writes what import reads, to a file and to standard output', async (t) => {
  const cwd = folder(t)
  await sutra(['import', '-'], { cwd, stdin: jsonl(LINES) })
  const { code, stdout } = await sutra(['export'], { cwd })
  t.is(code, 0)
  const kinds = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind)
  t.deepEqual(kinds, ['concept', 'concept', 'association'])
  const file = await sutra(['export', 'out.jsonl.gz', '--gzip', '--json'], { cwd })
  t.like(JSON.parse(file.stdout), { file: 'out.jsonl.gz', concepts: 2, associations: 1 })
  t.is(gunzipSync(readFileSync(join(cwd, 'out.jsonl.gz'))).toString(), stdout)
  const again = await sutra(['import', '-', '--data', 'copy'], { cwd, stdin: stdout })
  t.is(again.code, 0, again.stderr)
  t.is((await sutra(['export', '--data', 'copy'], { cwd })).stdout, stdout)
})

test('what is to be imported is looked for before a store is made', async (t) => {
  const cwd = folder(t)
  const { code, stderr } = await sutra(['import', 'none.jsonl'], { cwd })
  t.is(code, EXIT.notFound)
  t.regex(stderr, /^sutra: ERR_NOT_FOUND: there is no file none\.jsonl\n$/)
  t.is((await sutra(['import', '.'], { cwd })).code, EXIT.usage)
  t.false(existsSync(join(cwd, 'data')))
})

for (const [signal, expected] of [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const) {
  test(`${signal} during an import keeps what was acknowledged; it can go on`, async (t) => {
    const cwd = folder(t)
    const count = 100_000
    const lines = Array.from({ length: count }, (_, at) => ({
      kind: 'concept',
      key: `key ${at}`,
      content: `concept number ${at} of many`,
    }))
    writeFileSync(join(cwd, 'many.jsonl'), jsonl(lines))
    const running = start(['import', 'many.jsonl'], { cwd })
    await running.seen(/"progress":/)
    running.child.kill(signal)
    const { code, stdout, stderr } = await running.outcome
    t.is(code, expected, stderr)
    t.is(stdout, '')
    t.regex(stderr, /^sutra: ERR_ABORTED: stopped; what was acknowledged is stored$/m)
    const store = await openStore(join(cwd, 'data'))
    const { concepts } = store.stats()
    t.true(concepts > 0 && concepts < count, String(concepts))
    await store.close()
    const rest = await sutra(['import', 'many.jsonl', '--json'], { cwd })
    t.is(rest.code, 0)
    const again = await openStore(join(cwd, 'data'))
    t.is(again.stats().concepts, count)
    await again.close()
  })
}

test('progress is one JSON object a line when standard error is no terminal', async (t) => {
  const cwd = folder(t)
  const lines = Array.from({ length: 20_000 }, (_, at) => ({
    kind: 'concept',
    content: `concept number ${at}`,
  }))
  const { code, stderr } = await sutra(['import', '-'], { cwd, stdin: jsonl(lines) })
  t.is(code, 0)
  const shown = stderr.trim().split('\n')
  for (const line of shown) {
    const { progress } = JSON.parse(line) as { progress: Record<string, unknown> }
    t.is(progress['unit'], 'bytes')
    t.is(typeof progress['per_second'], 'number')
  }
})
