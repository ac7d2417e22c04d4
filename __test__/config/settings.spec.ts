import test from 'ava'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ConfigurationError,
  SETTINGS,
  resolveConfiguration,
  settingEntries,
  storageFolder,
} from '../../src/config/index.js'
import type { Sources } from '../../src/config/index.js'

function problemsOf(sources: Sources): ConfigurationError['problems'] {
  try {
    resolveConfiguration(sources)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

const BAD_VARIABLES: [variable: string, values: string[]][] = [
  [
    'VECTOR_DIMENSION',
    ['0', '4097', '-1', '1.5', 'x', '1e3', '0x10', ' 7', '7 ', 'NaN', 'Infinity'],
  ],
  ['MEMORY_THRESHOLD', ['999', '10000001', 'many', '1_000']],
  ['SUTRA_MEMORY_BYTES_MAX', ['16777215', '1099511627777', '16MiB', '1e9']],
  ['SUTRA_HISTORY_KEEP_MS', ['0', '-1', '1.5', '3155760000001', '1h', 'on']],
  ['RECONCILE_BASE_INTERVAL_MS', ['0', '101', '10ms']],
  ['SUTRA_NUM_SHARDS', ['0', '65', 'four']],
  ['SUTRA_STORAGE_MODE', ['Single', 'cluster', 'sharded']],
  ['STORAGE_NODE_ID', ['a b', 'x'.repeat(65), 'a/b']],
  ['STORAGE_PATH', ['a\0b']],
  ['STORAGE_HOST', ['not a host', '-', 'a..-']],
  ['STORAGE_PORT', ['65536', '-1', 'http']],
  ['SUTRA_HTTP_PORT', ['65536', '80a']],
  ['SUTRA_HTTP_HOST', ['a b', 'http://x']],
  ['EVENT_STORAGE', ['host', 'host:', ':1', 'host:0', 'host:65536', '::1:50', 'a:b:1']],
  [
    'SUTRA_EMBEDDING_SERVICE_URL',
    ['embedder:8888', 'ftp://x', 'http://', 'http://u:p@x/', 'nonsense'],
  ],
  ['SUTRA_EMBEDDING_TIMEOUT_SEC', ['0', '301', '30s', '1.5']],
  ['SUTRA_EMBEDDING_MODEL', ['a model', 'x'.repeat(201), 'a\nb']],
  ['SUTRA_EMBEDDER', ['OpenAI', 'none', 'mock']],
  ['SUTRA_EMBED', ['soon', 'Later', 'true']],
  ['LOG_LEVEL', ['verbose', 'INFO']],
]

for (const [variable, values] of BAD_VARIABLES) {
  test(`${variable} outside its range is refused by name`, (t) => {
    for (const value of values) {
      const problems = problemsOf({ environment: { [variable]: value } })
      t.is(problems.length, 1, `${variable}=${JSON.stringify(value)}`)
      t.is(problems[0]?.origin, `environment variable ${variable}`)
      t.is(problems[0]?.value, value)
      t.true(problems[0]?.message.includes(JSON.stringify(value)))
    }
  })
}

const GOOD_VARIABLES: [variable: string, name: string, values: [string, unknown][]][] = [
  [
    'VECTOR_DIMENSION',
    'vectorDimension',
    [
      ['1', 1],
      ['768', 768],
      ['4096', 4096],
    ],
  ],
  [
    'MEMORY_THRESHOLD',
    'memoryThreshold',
    [
      ['1000', 1000],
      ['10000000', 10_000_000],
    ],
  ],
  [
    'SUTRA_MEMORY_BYTES_MAX',
    'memoryBytesMax',
    [
      ['16777216', 16_777_216],
      ['1099511627776', 1_099_511_627_776],
    ],
  ],
  [
    'SUTRA_HISTORY_KEEP_MS',
    'historyKeepMs',
    [
      ['1', 1],
      ['3155760000000', 3_155_760_000_000],
    ],
  ],
  [
    'RECONCILE_BASE_INTERVAL_MS',
    'intervalMsBase',
    [
      ['1', 1],
      ['100', 100],
    ],
  ],
  [
    'SUTRA_NUM_SHARDS',
    'shards',
    [
      ['1', 1],
      ['16', 16],
      ['64', 64],
    ],
  ],
  ['SUTRA_STORAGE_MODE', 'mode', [['single', 'single']]],
  ['STORAGE_NODE_ID', 'nodeId', [['node-1', 'node-1']]],
  [
    'STORAGE_PORT',
    'tcpPort',
    [
      ['50051', 50_051],
      ['0', 0],
    ],
  ],
  [
    'STORAGE_HOST',
    'tcpHost',
    [
      ['0.0.0.0', '0.0.0.0'],
      ['::', '::'],
      ['[::1]', '[::1]'],
    ],
  ],
  [
    'EVENT_STORAGE',
    'eventStorage',
    [
      ['events:50052', 'events:50052'],
      ['[::1]:1', '[::1]:1'],
    ],
  ],
  [
    'SUTRA_EMBEDDING_SERVICE_URL',
    'embeddingServiceUrl',
    [['http://embedder:8888/', 'http://embedder:8888/']],
  ],
  [
    'SUTRA_EMBEDDING_TIMEOUT_SEC',
    'embeddingTimeoutSec',
    [
      ['1', 1],
      ['300', 300],
    ],
  ],
  ['SUTRA_EMBEDDING_MODEL', 'embeddingModel', [['BAAI/bge-m3:latest', 'BAAI/bge-m3:latest']]],
  ['SUTRA_EMBEDDER', 'embedder', [['ollama', 'ollama']]],
  ['SUTRA_EMBED', 'embed', [['later', 'later']]],
]

for (const [variable, name, values] of GOOD_VARIABLES) {
  test(`${variable} is read into ${name}`, (t) => {
    for (const [value, expected] of values) {
      const { settings, origins } = resolveConfiguration({ environment: { [variable]: value } })
      t.deepEqual((settings as Record<string, unknown>)[name], expected)
      t.is((origins as Record<string, string>)[name], `environment variable ${variable}`)
    }
  })
}

test('nothing given gives the defaults', (t) => {
  const { settings, origins } = resolveConfiguration({})
  t.is(settings.data, './data')
  t.is(settings.httpPort, 8000)
  t.is(settings.vectorDimension, undefined)
  t.true(Object.values(origins).every((origin) => origin === 'default'))
})

test('an empty variable counts as not set', (t) => {
  const { settings } = resolveConfiguration({ environment: { MEMORY_THRESHOLD: '' } })
  t.is(settings.memoryThreshold, 50_000)
})

test('an argument wins over the environment, that over the file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'sutra.json')
  writeFileSync(file, JSON.stringify({ httpPort: 1, memoryThreshold: 2000, data: './file' }))
  const environment = { SUTRA_HTTP_PORT: '2', MEMORY_THRESHOLD: '3000' }
  const { settings, origins } = resolveConfiguration({
    arguments: { httpPort: '3' },
    environment,
    file,
  })
  t.is(settings.httpPort, 3)
  t.is(settings.memoryThreshold, 3000)
  t.is(settings.data, './file')
  t.is(origins.httpPort, 'argument --port')
  t.is(origins.memoryThreshold, 'environment variable MEMORY_THRESHOLD')
  t.is(origins.data, `file ${file}`)
})

test('all problems of all sources are reported together', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'sutra.json')
  writeFileSync(file, JSON.stringify({ httpPort: 'x', unknown: 1, __proto__: 1 }))
  const problems = problemsOf({
    arguments: { httpPort: '-1' },
    environment: { VECTOR_DIMENSION: '0', EVENT_STORAGE: 'x', SUTRA_STORAGE_MODE: 'sharded' },
    file,
  })
  const origins = problems.map(({ option, origin }) => [option, origin])
  t.deepEqual(origins.toSorted(), [
    ['eventStorage', 'environment variable EVENT_STORAGE'],
    ['httpPort', 'argument --port'],
    ['httpPort', `file ${file}`],
    ['mode', 'environment variable SUTRA_STORAGE_MODE'],
    ['unknown', `file ${file}`],
    ['vectorDimension', 'environment variable VECTOR_DIMENSION'],
  ])
  const sharded = problems.find(({ option }) => option === 'mode')
  t.regex(sharded?.message ?? '', /not available in this version/)
})

test('a configuration file that cannot be used is one problem with its reason', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const write = (text: string): string => {
    const file = join(folder, `${Math.random()}.json`)
    writeFileSync(file, text)
    return file
  }
  t.regex(problemsOf({ file: join(folder, 'none') })[0]?.message ?? '', /no such file/)
  t.regex(problemsOf({ file: folder })[0]?.message ?? '', /a folder, not a file/)
  t.regex(problemsOf({ file: write('{') })[0]?.message ?? '', /not JSON/)
  t.regex(problemsOf({ file: write('[]') })[0]?.message ?? '', /one JSON object/)
})

test('STORAGE_PATH of the earlier engine means the folder of its file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-config-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  t.is(storageFolder('/data/storage.dat'), '/data')
  t.is(storageFolder('storage.dat'), '.')
  t.is(storageFolder('/data/store'), '/data/store')
  mkdirSync(join(folder, 'storage.dat'))
  t.is(storageFolder(join(folder, 'storage.dat')), join(folder, 'storage.dat'))
})

test('docs/config.md has every setting with flag, variable, range and default', (t) => {
  const page = readFileSync('docs/config.md', 'utf8')
  for (const [name, setting] of settingEntries()) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    t.truthy(row, `${name} has no row`)
    if (row === undefined) continue
    for (const word of [setting.flag, setting.variable, setting.parser.range]) {
      if (word !== undefined) t.true(row.includes(word), `${name}: ${word} is missing`)
    }
    if (setting.fallback !== undefined)
      t.true(row.includes(`\`${String(setting.fallback)}\``), name)
  }
  t.is(Object.keys(SETTINGS).length, settingEntries().length)
})
