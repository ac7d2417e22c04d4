// The commands on a store of a small folder of documents, as a shell runs them.
import test from 'ava'
import type { TestFn } from 'ava'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { COMMANDS } from '../../src/cli/command-list.js'
import { EXIT } from '../../src/cli/exit-codes.js'
import { conceptIdOf, openStore } from '../../src/index.js'
import { folder, start, startLine, sutra } from './sutra.js'
import type { Outcome } from './sutra.js'

const it = test as TestFn<{ cwd: string; run: (...args: string[]) => Promise<Outcome> }>

/** Key of the part of the README that links to the other page. */
const SECTION = 'section:README.md#library'

/** What the examples of import find. */
const CONCEPTS = '{"kind": "concept", "key": "a", "content": "Aspirin"}\n'

/** A folder with a README, a page it links to, and a store that has learned them. */
async function library(): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'sutra-cli-'))
  mkdirSync(join(cwd, 'docs'))
  writeFileSync(
    join(cwd, 'README.md'),
    '# Library\n\nHow a crash is survived: see [the log](docs/log.md).\n\n## Use\n\nOpen it.\n',
  )
  writeFileSync(
    join(cwd, 'docs/log.md'),
    '# Log\n\nGroup commit syncs once for many writes.\n\n## Recovery\n\nThe log is read again.\n',
  )
  const { code, stderr } = await sutra(['learn', '.'], { cwd })
  if (code !== 0) throw new Error(stderr)
  return cwd
}

it.beforeEach(async (t) => {
  t.context.cwd = await library()
  t.context.run = (...args) => sutra(args, { cwd: t.context.cwd })
})

it.afterEach.always((t) => {
  rmSync(t.context.cwd, { recursive: true, force: true })
})

it('learn reports what it did, and nothing changes the second time', async (t) => {
  const { code, stdout } = await t.context.run('learn', '.', '--json')
  t.is(code, 0)
  const report = JSON.parse(stdout) as { concepts: Record<string, number>; filesFound: number }
  t.is(report.filesFound, 2)
  t.like(report.concepts, { created: 0, updated: 0, deleted: 0 })
  t.true((report.concepts['unchanged'] ?? 0) >= 4)
})

it('get shows a concept by key and by id, as text and as JSON', async (t) => {
  const { run } = t.context
  const text = await run('get', '--key', 'doc:README.md')
  t.is(text.code, 0)
  t.regex(text.stdout, /^concept_id +[0-9a-f]{32}\n/)
  const id = /[0-9a-f]{32}/.exec(text.stdout)?.[0] ?? ''
  t.is(id, conceptIdOf({ key: 'doc:README.md' }))
  const json = await run('get', id, '--json', '--vector')
  const concept = JSON.parse(json.stdout) as Record<string, unknown>
  t.is(concept['concept_id'], id)
  t.is(concept['key'], 'doc:README.md')
  t.is((concept['vector'] as number[]).length, 768)
})

it('get of what is not there has its own code, of a malformed id another', async (t) => {
  const { run } = t.context
  const absent = await run('get', '0'.repeat(32))
  t.is(absent.code, EXIT.notFound)
  t.regex(absent.stderr, /^sutra: ERR_NOT_FOUND: [^\n]+\n$/)
  t.is((await run('get', '--key', 'none')).code, EXIT.notFound)
  t.is((await run('get', '--key', 'doc:README.md', '-n', 'other')).code, EXIT.notFound)
  const malformed = await run('get', 'README.md')
  t.is(malformed.code, EXIT.usage)
  t.regex(malformed.stderr, /^sutra: ERR_INVALID: /)
  t.is((await run('neighbors', '0'.repeat(32))).code, EXIT.notFound)
  t.is((await run('paths', '--key', 'doc:README.md', 'none')).code, EXIT.notFound)
})

it('search ranks by words and honours its flags', async (t) => {
  const { run } = t.context
  const text = await run('search', 'group', 'commit')
  t.is(text.code, 0)
  t.regex(text.stdout.split('\n')[0] ?? '', /^\d\.\d{3} {2}[0-9a-f]{32} {2}.*Group commit/)
  const json = await run('search', 'group commit', '-k', '1', '--json')
  const found = JSON.parse(json.stdout) as {
    results: { similarity: number }[]
    total_found: number
  }
  t.is(found.total_found, 1)
  t.is(found.results.length, 1)
  const none = await run('search', 'group commit', '--threshold', '1')
  t.is(none.code, 0)
  t.is(none.stdout, '')
})

it('neighbors and paths follow what the documents say', async (t) => {
  const { run } = t.context
  const text = await run('neighbors', '--key', 'doc:README.md')
  t.is(text.code, 0)
  t.regex(text.stdout, /^(->|<-) \w+/)
  const semantic = await run('neighbors', '--key', SECTION, '--type', 'semantic', '--json')
  const target = conceptIdOf({ key: 'doc:docs/log.md' })
  const { neighbors } = JSON.parse(semantic.stdout) as { neighbors: { target_id: string }[] }
  t.true(neighbors.some(({ target_id }) => target_id === target))
  const paths = await run(
    'paths',
    '--key',
    'folder:.',
    'doc:docs/log.md',
    '--direction',
    'both',
    '--json',
  )
  const document = JSON.parse(paths.stdout) as { paths: { concepts: string[] }[] }
  t.is(document.paths.length, 3)
  t.is(document.paths[0]?.concepts.at(-1), target)
  const shown = await run('paths', '--key', 'folder:.', 'doc:docs/log.md', '--direction', 'both')
  t.regex(shown.stdout, /^confidence \d\.\d{3}, \d hops?\n/)
  t.is((await run('paths', '--key', 'doc:README.md', 'folder:.', '--type', 'causal')).code, 0)
})

it('neighbors and paths at a moment show what held then', async (t) => {
  const { cwd, run } = t.context
  const lines = [
    { kind: 'concept', key: 'ada', content: 'Ada' },
    { kind: 'concept', key: 'acme', content: 'Acme' },
    {
      kind: 'association',
      source: 'ada',
      target: 'acme',
      type: 'semantic',
      label: 'works at',
      validFrom: '2020-01-01T00:00:00Z',
      validTo: '2024-01-01T00:00:00Z',
    },
  ]
  writeFileSync(join(cwd, 'ada.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'))
  t.is((await run('import', 'ada.jsonl')).code, 0)
  const counts = async (...at: string[]): Promise<number[]> => {
    const near = await run('neighbors', '--key', 'ada', '--json', ...at)
    const ways = await run('paths', '--key', 'ada', 'acme', '--json', ...at)
    const { total_found } = JSON.parse(near.stdout) as { total_found: number }
    return [total_found, (JSON.parse(ways.stdout) as { paths: unknown[] }).paths.length]
  }
  t.deepEqual(await counts(), [1, 1])
  t.deepEqual(await counts('--valid-at', '2019-12-31'), [0, 0])
  t.deepEqual(await counts('--valid-at', '2020-01-01'), [1, 1])
  t.deepEqual(await counts('--valid-at', '2024-01-01T00:30:00+01:00'), [1, 1])
  t.deepEqual(await counts('--valid-at', '2024-01-01'), [0, 0])
})

it('stats counts what is there', async (t) => {
  const { run } = t.context
  const { stdout } = await run('stats', '--json')
  const stats = JSON.parse(stdout) as Record<string, number | string>
  t.true((stats['concepts'] as number) >= 6)
  t.is(stats['concepts'], stats['total_concepts'])
  t.is(stats['embedding_dimension'], 768)
  t.regex((await run('stats')).stdout, /^concepts +\d+$/m)
})

it('a reader that has seen enough is no error', async (t) => {
  const { child, outcome } = start(['export'], { cwd: t.context.cwd })
  child.stdout?.once('data', () => child.stdout?.destroy())
  const { code, stderr } = await outcome
  t.is(code, 0)
  t.is(stderr, '')
})

it('contents cannot command the terminal', async (t) => {
  const { cwd, run } = t.context
  const store = await openStore(join(cwd, 'data'))
  await store.learn({ content: 'red \u001b[31m\u009b and \u202eback', key: 'evil' })
  await store.close()
  const { stdout } = await run('get', '--key', 'evil')
  // eslint-disable-next-line no-control-regex -- that there are none is the point
  t.notRegex(stdout, /[\u001b\u009b\u202e]/)
  const json = await run('get', '--key', 'evil', '--json')
  t.is(
    (JSON.parse(json.stdout) as { content: string }).content,
    'red \u001b[31m\u009b and \u202eback',
  )
})

for (const command of COMMANDS) {
  it(`every example of ${command.name} runs`, async (t) => {
    const { cwd } = t.context
    writeFileSync(join(cwd, 'concepts.jsonl'), CONCEPTS)
    writeFileSync(join(cwd, 'concepts.jsonl.gz'), gzipSync(CONCEPTS))
    for (const example of command.examples) {
      const running = startLine(example, cwd, { SUTRA_HTTP_PORT: '0' })
      if (command.name === 'serve') {
        await running.seen(/listening on|"url"/)
        running.child.kill('SIGTERM')
      }
      const { code, stderr } = await running.outcome
      t.is(code, 0, `${example}: ${stderr}`)
    }
  })
}

const CANNOT_OPEN: [title: string, make: (path: string) => void][] = [
  ['nothing there', () => undefined],
  ['a file in its place', (path) => writeFileSync(path, 'text')],
  ['a folder that is not a store', (path) => notAStore(path)],
  ['a newer format', (path) => newerFormat(path)],
]

function notAStore(path: string): void {
  mkdirSync(path)
  writeFileSync(join(path, 'letter.txt'), 'Dear reader')
}

function newerFormat(path: string): void {
  mkdirSync(path)
  const bytes = Buffer.alloc(52)
  bytes.write('SUTRA\r\n\u001a', 'latin1')
  bytes.writeUInt32LE(999, 8)
  writeFileSync(join(path, 'STORE'), bytes)
}

for (const [title, make] of CANNOT_OPEN) {
  test(`a store that cannot be opened is one line: ${title}`, async (t) => {
    const cwd = folder(t)
    make(join(cwd, 'data'))
    for (const args of [['stats'], ['get', '0'.repeat(32)], ['search', 'x']]) {
      const { code, stdout, stderr } = await sutra(args, { cwd })
      t.is(code, EXIT.notOpened, stderr)
      t.is(stdout, '')
      t.regex(stderr, /^sutra: ERR_\w+: [^\n]+\n$/)
      t.true(stderr.includes('data'), stderr)
    }
  })
}

test('a folder without permission is one line', async (t) => {
  if (process.getuid?.() === 0) {
    t.pass('root may read everything')
    return
  }
  const cwd = folder(t)
  mkdirSync(join(cwd, 'data'))
  chmodSync(join(cwd, 'data'), 0o000)
  const { code, stderr } = await sutra(['stats'], { cwd })
  t.is(code, EXIT.notOpened)
  t.regex(stderr, /^sutra: ERR_\w+: [^\n]+\n$/)
})

test('a store in use is one line with the process id of its owner', async (t) => {
  const cwd = folder(t)
  const store = await openStore(join(cwd, 'data'))
  t.teardown(() => store.close())
  const { code, stderr } = await sutra(['stats'], { cwd })
  t.is(code, EXIT.notOpened)
  t.regex(stderr, /^sutra: ERR_LOCKED: [^\n]+\n$/)
  t.true(stderr.includes(String(process.pid)))
})

test('a dimension unlike the folder names where it came from', async (t) => {
  const cwd = folder(t)
  const store = await openStore(join(cwd, 'data'), { vectorDimension: 256 })
  await store.close()
  const { code, stderr } = await sutra(['stats'], { cwd, env: { VECTOR_DIMENSION: '300' } })
  t.is(code, EXIT.usage)
  t.regex(stderr, /^sutra: ERR_CONFIG: [^\n]*VECTOR_DIMENSION[^\n]*\n$/)
  const fits = await sutra(['stats', '--json'], { cwd })
  t.is(fits.code, 0)
  t.is((JSON.parse(fits.stdout) as Record<string, unknown>)['embedding_dimension'], 256)
})

test('STORAGE_PATH of the earlier engine finds the folder', async (t) => {
  const cwd = folder(t)
  const store = await openStore(join(cwd, 'old'))
  await store.close()
  const { code } = await sutra(['stats'], {
    env: { STORAGE_PATH: join(cwd, 'old', 'storage.dat') },
  })
  t.is(code, 0)
})

test('what is to be learned is looked for before a store is made', async (t) => {
  const cwd = folder(t)
  const { code, stderr } = await sutra(['learn', 'nowhere'], { cwd })
  t.is(code, EXIT.notFound)
  t.regex(stderr, /^sutra: ERR_NOT_FOUND: there is no folder nowhere\n$/)
  t.is((await sutra(['stats'], { cwd })).code, EXIT.notOpened)
})
