// Help, usage and configuration: what needs no store.
import test from 'ava'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMMANDS } from '../../src/cli/command-list.js'
import { EXIT } from '../../src/cli/exit-codes.js'
import { VERSION } from '../../src/version.js'
import { folder, sutra } from './sutra.js'

test('--version is the version of the package', async (t) => {
  const { code, stdout } = await sutra(['--version'])
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.is(code, 0)
  t.is(stdout.trim(), VERSION)
  t.is(VERSION, manifest.version)
})

test('--help lists every command', async (t) => {
  const { code, stdout } = await sutra(['--help'])
  t.is(code, 0)
  // Long summaries are wrapped.
  const words = stdout.replace(/\s+/g, ' ')
  for (const { name, summary } of COMMANDS) {
    t.true(words.includes(name) && words.includes(summary), name)
  }
})

for (const command of COMMANDS) {
  test(`${command.name} --help has its flags and examples`, async (t) => {
    const { code, stdout, stderr } = await sutra([command.name, '--help'])
    t.is(code, 0)
    t.is(stderr, '')
    t.true(command.examples.length > 0)
    for (const example of command.examples) t.true(stdout.includes(example), example)
    for (const { syntax } of Object.values(command.flags)) t.true(stdout.includes(syntax), syntax)
    t.true(stdout.includes('--json'))
  })
}

test('without a command the help goes to standard error, code 2', async (t) => {
  const { code, stdout, stderr } = await sutra([])
  t.is(code, EXIT.usage)
  t.is(stdout, '')
  t.regex(stderr, /Usage: sutra/)
})

const USAGE: [args: string[], message: RegExp][] = [
  [['serch', 'x'], /unknown command 'serch' \(Did you mean search\?\)/],
  [['get'], /missing required argument 'concept'/],
  [['get', 'a', 'b'], /too many arguments/],
  [['paths', 'a'], /missing required argument 'to'/],
  [['search'], /missing required argument 'text'/],
  [['stats', '--bogus'], /unknown option '--bogus'/],
  [['search', 'x', '-k'], /argument missing/],
  [['search', 'x', '-k', '0'], /argument --top-k is "0": must be a whole number from 1 to 1000/],
  [['search', 'x', '--threshold', 'high'], /argument --threshold/],
  [['neighbors', 'x', '--direction', 'up'], /argument --direction is "up": must be one of/],
  [['neighbors', 'x', '--type', 'causal,magic'], /argument --type/],
  [['paths', 'a', 'b', '--hops', '21'], /argument --hops/],
  [['paths', 'a', 'b', '--valid-at', 'May'], /argument --valid-at is "May": must be a day like/],
  [['neighbors', 'a', '--valid-at', '2024-02-30'], /argument --valid-at/],
  [['get', 'x', '--namespace', '../x'], /argument --namespace/],
  [['serve', '--port', '65536'], /httpPort \(argument --port\) is "65536"/],
  [['serve', '--dimension', '0'], /vectorDimension \(argument --dimension\)/],
  [['stats', '--config', '/nowhere.json'], /config \(argument --config\).*no such file/],
]

for (const [args, message] of USAGE) {
  test(`sutra ${args.join(' ')} is one line and code 2`, async (t) => {
    const { code, stdout, stderr } = await sutra(args, { cwd: folder(t) })
    t.is(code, EXIT.usage)
    t.is(stdout, '')
    t.regex(stderr, /^sutra: ERR_CONFIG: [^\n]+\n$/)
    t.regex(stderr, message)
  })
}

test('usage errors are JSON when asked for', async (t) => {
  for (const args of [
    ['serch', '--json'],
    ['search', 'x', '-k', '0', '--json'],
  ]) {
    const { code, stderr } = await sutra(args, { cwd: folder(t) })
    t.is(code, EXIT.usage)
    t.is((JSON.parse(stderr) as { error: string }).error, 'ERR_CONFIG')
  }
})

test('all problems of arguments, environment and file are told together', async (t) => {
  const cwd = folder(t)
  writeFileSync(join(cwd, 'sutra.json'), '{"logLevel": "loud", "colour": 1}')
  const { code, stderr } = await sutra(['search', 'x', '-k', '0', '--config', 'sutra.json'], {
    cwd,
    env: { VECTOR_DIMENSION: '0', EVENT_STORAGE: 'nowhere', SUTRA_STORAGE_MODE: 'sharded' },
  })
  t.is(code, EXIT.usage)
  const lines = stderr.trim().split('\n')
  t.is(lines.length, 6)
  for (const word of [
    'argument --top-k',
    'environment variable VECTOR_DIMENSION',
    'environment variable EVENT_STORAGE',
    'environment variable SUTRA_STORAGE_MODE',
    'file sutra.json',
    'colour',
  ]) {
    t.true(
      lines.some((line) => line.includes(word)),
      word,
    )
  }
})

test('docs/cli.md names every command and every exit code', (t) => {
  const page = readFileSync('docs/cli.md', 'utf8')
  for (const { name } of COMMANDS) t.true(page.includes(`\`sutra ${name}`), name)
  for (const code of Object.values(EXIT)) t.regex(page, new RegExp(`^\\| ${code} \\|`, 'm'))
})
