// The options of openStore: every range, all problems in one error, and what must match the folder.
import test from 'ava'
import { conceptIdOf, openStore } from '../../src/index.js'
import { refusal, temporaryFolder, temporaryStore } from './temporary-store.js'

const NO_NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, '5', null, true, {}, 5n]
/** Option, values outside of its range, values inside. */
const NUMBERS: [name: string, outside: unknown[], inside: number[]][] = [
  ['vectorDimension', [0, 4097, 1.5, -1], [1, 4096]],
  ['shards', [0, 65, 1.5, 2], [1]],
  ['memoryThreshold', [999, 10_000_001], [1000, 10_000_000]],
  ['memoryBytesMax', [0, 2 ** 24 - 1], [2 ** 24, 2 ** 30]],
  ['writeTimeoutMs', [0, 3_600_001, 1.5], [1, 3_600_000]],
  ['transactionTimeoutMs', [0, 3_600_001], [1, 3_600_000]],
  ['reconciler.intervalMsMin', [0, -1, 60_001], [0.5]],
  ['reconciler.emaAlpha', [0, 1.01, -1], [0.01, 1]],
  ['reconciler.queueCapacity', [0, 10_000_001, 1.5], [1, 10_000_000]],
  ['reconciler.queueWarning', [0, 1.01], [0.5, 1]],
  ['reconciler.queueCritical', [0, 1.01], [0.5, 1]],
  ['limits.contentBytesMax', [0, 64 * 2 ** 20 + 1, 1.5], [1, 64 * 2 ** 20]],
  ['limits.vectorDimensionMax', [0, 4097], [1, 4096]],
  ['limits.batchOperationsMax', [0, 10_001], [1, 10_000]],
  ['limits.frameBytesMax', [0, 512 * 2 ** 20 + 1], [1000, 512 * 2 ** 20]],
  ['limits.pathHopsMax', [0, 65], [1, 64]],
  ['limits.searchKMax', [0, 10_001], [1, 10_000]],
  ['limits.attributesBytesMax', [0, 2 ** 20 + 1], [1, 2 ** 20]],
  ['vectorIndex.connectivity', [1, 257, 1.5], [2, 256]],
  ['vectorIndex.efConstruction', [1, 10_001], [2, 10_000]],
  ['vectorIndex.efSearch', [0, 10_001], [1, 10_000]],
  ['history.keepMs', [0, -1, 1.5, 2 ** 53], [1, 86_400_000, Number.MAX_SAFE_INTEGER]],
]
const OTHERS: [name: string, outside: unknown[]][] = [
  ['metric', ['euclid', 7, null]],
  ['durability', ['sync', true, null]],
  ['readOnly', ['yes', 1, null]],
  ['reconciler', [7, null, []]],
  ['limits', [7, null, []]],
  ['embedder', [7, null, {}, { name: 'x', dimension: 3 }]],
  ['vectorIndex', [7, null, []]],
  ['vectorIndex.quantization', ['b1', 8, null]],
  ['vectorIndex.unknown', [1]],
  ['history', [7, true, 'on', null, []]],
  ['history.keepMs', [undefined]],
  ['history.unknown', [1]],
  ['unknown', [1]],
  ['limits.unknown', [1]],
  ['reconciler.unknown', [1]],
]

function optionsWith(name: string, value: unknown): never {
  const [group, inner] = name.split('.')
  return (inner === undefined ? { [name]: value } : { [group!]: { [inner]: value } }) as never
}

test('an option outside of its range is refused by name, value and origin', async (t) => {
  const folder = temporaryFolder(t)
  const outside = [
    ...NUMBERS.map(([name, values]) => [name, [...values, ...NO_NUMBERS]] as const),
    ...OTHERS,
  ]
  for (const [name, values] of outside) {
    for (const value of values) {
      const error = await refusal(() => openStore(folder, optionsWith(name, value)))
      t.is(error.code, 'ERR_CONFIG', name)
      t.is(error.field, name, error.message)
      t.true(error.message.startsWith(`${name}: `), error.message)
      t.true(error.message.endsWith('(from argument)'), error.message)
    }
  }
})

test('an option inside of its range is taken', async (t) => {
  for (const [name, , values] of NUMBERS) {
    for (const value of values) {
      const store = await openStore(temporaryFolder(t), optionsWith(name, value))
      await store.close()
    }
  }
  t.pass()
})

test('history without a time to keep is refused, not taken for off', async (t) => {
  for (const history of [{}, { keepMs: undefined }, { keep: 5 }]) {
    const error = await refusal(() => openStore('x', { history } as never))
    t.is(error.code, 'ERR_CONFIG')
    t.true(error.message.includes('history.keepMs: missing'), error.message)
  }
})

test('all problems are told at once, with where each came from', async (t) => {
  const options = { vectorDimension: 0, durability: 'x', limits: { searchKMax: 0 }, typo: 1 }
  const origins = { vectorDimension: 'environment variable VECTOR_DIMENSION' }
  const error = await refusal(() => openStore('x', options as never, origins))
  t.is(error.field, 'typo')
  for (const name of ['vectorDimension', 'durability', 'limits.searchKMax', 'typo']) {
    t.true(error.message.includes(`${name}: `), error.message)
  }
  t.true(error.message.includes('(from environment variable VECTOR_DIMENSION)'))
})

test('intervals have to be min <= base <= max', async (t) => {
  const folder = temporaryFolder(t)
  for (const reconciler of [{ intervalMsBase: 200 }, { intervalMsMin: 20 }, { intervalMsMax: 5 }]) {
    const error = await refusal(() => openStore(folder, { reconciler }))
    t.is(error.code, 'ERR_CONFIG')
    t.true(error.message.includes('min <= base <= max'), error.message)
  }
})

test('options unlike the folder are refused; left out, they are the folder’s', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3, metric: 'dot' })
  const { id } = await store.learn({ content: 'c', vector: [1, 2, 3] })
  await store.close()
  for (const [field, options] of [
    ['vectorDimension', { vectorDimension: 4 }],
    ['metric', { metric: 'l2' }],
  ] as const) {
    const error = await refusal(() => openStore(folder, options))
    t.is(error.code, 'ERR_CONFIG')
    t.is(error.field, field, error.message)
  }
  const again = await openStore(folder)
  t.is((await again.search({ vector: [1, 1, 1] })).hits[0]?.id, id)
  await again.close()
})

test('a path that is none is refused', async (t) => {
  for (const path of [undefined, null, 7, '', 'a\0b', '\ud800', {}]) {
    const error = await refusal(() => openStore(path as never))
    t.is(error.code, 'ERR_INVALID')
    t.is(error.field, 'path')
  }
  for (const options of [7, 'x', null, []]) {
    const error = await refusal(() => openStore(temporaryFolder(t), options as never))
    t.is(error.code, 'ERR_CONFIG')
    t.is(error.field, 'options')
  }
})

test('an embedder whose dimension is not the store’s is refused', async (t) => {
  const embedder = { name: 'e', dimension: 4, embed: () => Promise.resolve([]) }
  const error = await refusal(() => openStore('x', { vectorDimension: 3, embedder }))
  t.is(error.code, 'ERR_CONFIG')
  t.is(error.field, 'embedder.dimension')
})

test('a name that was made up is shown in at most 80 characters', async (t) => {
  const long = 'n'.repeat(5_000)
  const store = await temporaryStore(t)
  for (const call of [
    () => openStore(temporaryFolder(t), { [long]: 1 }),
    () => openStore(temporaryFolder(t), { limits: { [long]: 1 } }),
    () => conceptIdOf({ key: 'k', [long]: 1 } as never),
    () => store.learn({ content: 'c', [long]: 1 } as never),
    () => store.list({ [long]: 1 } as never),
  ]) {
    const error = await refusal(call)
    t.true(error.message.includes('n'.repeat(80)))
    t.false(error.message.includes('n'.repeat(81)))
    t.true((error.field ?? '').length < 100)
  }
})

test('a store that was opened for reading refuses every write by name, and reads', async (t) => {
  const folder = temporaryFolder(t)
  const written = await openStore(folder, { vectorDimension: 3 })
  const { id } = await written.learn({ content: 'kept' })
  await written.close()
  await using store = await openStore(folder, { readOnly: true })
  const edge = { source: id, target: id, type: 'causal' } as const
  for (const call of [
    () => store.learn({ content: 'c' }),
    () => store.learnMany([{ content: 'c' }]),
    () => store.update(id, { strength: 0.5 }),
    () => store.delete(id),
    () => store.associate(edge),
    () => store.associateMany([edge]),
    () => store.dissociate(edge),
  ]) {
    const error = await refusal(call)
    t.is(error.code, 'ERR_INVALID')
    t.is(error.field, 'readOnly')
  }
  t.is(store.get(id)?.content, 'kept')
})
