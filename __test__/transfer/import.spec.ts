// Import: good lines in, bad lines reported by number, in any order, compressed or not.
import { gzipSync } from 'node:zlib'
import test from 'ava'
import { emptyStore } from '../learn/playground.js'
import { importFile } from '../../src/transfer/index.js'

const lines = (...items: (string | object)[]): Buffer[] => [
  Buffer.from(items.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('\n')),
]
const concept = (key: string, more: object = {}): object => ({
  kind: 'concept',
  key,
  content: `content of ${key}`,
  ...more,
})
const edge = (source: string, target: string, more: object = {}): object => ({
  kind: 'association',
  source,
  target,
  type: 'causal',
  ...more,
})

test('concepts and associations, ends by key, by id, and before they are there', async (t) => {
  const store = await emptyStore(t)
  const id = 'ab'.repeat(16)
  const report = await importFile(
    store,
    lines(
      edge('a', 'late', { label: 'l', confidence: 0.5, weight: 2, attributes: { x: 1 } }),
      concept('a', { attributes: { n: 1 }, strength: 0.5 }),
      '',
      { kind: 'concept', id, content: 'by id' },
      { kind: 'association', sourceId: id, target: 'a', type: 'semantic' },
      edge('a', id),
      concept('late'),
      { kind: 'concept', content: 'by content' },
    ),
  )
  t.like(report, {
    lines: 8,
    concepts: { created: 4, updated: 0 },
    associations: { created: 3, updated: 0 },
    problemCount: 0,
    complete: true,
  })
  const a = store.getByKey('a')!
  t.deepEqual(a.attributes, { n: 1 })
  t.is(a.strength, 0.5)
  t.is(a.vector?.length, 256)
  const [late] = store.neighbors(a.id, { direction: 'out', label: 'l' })
  t.like(late, { target: store.getByKey('late')!.id, confidence: 0.5, weight: 2 })
  t.is(store.neighbors(id, { direction: 'out' })[0]?.target, a.id)
  const again = await importFile(store, lines(concept('a'), edge('a', 'late', { label: 'l' })))
  t.like(again, { concepts: { created: 0, updated: 1 }, associations: { created: 0, updated: 1 } })
})

test('a key that looks like an id is a key', async (t) => {
  const store = await emptyStore(t)
  const hex = 'cd'.repeat(16)
  await importFile(
    store,
    lines(concept('a'), concept(hex), { kind: 'concept', id: hex, content: 'id' }, edge('a', hex)),
  )
  const [found] = store.neighbors(store.getByKey('a')!.id, { direction: 'out' })
  t.is(found?.target, store.getByKey(hex)!.id)
})

test('bad lines are reported with number, code and field; good ones are imported', async (t) => {
  const store = await emptyStore(t)
  const report = await importFile(
    store,
    lines(
      concept('a'),
      'nonsense',
      concept('b', { strength: 2 }),
      concept('c', { content: '' }),
      edge('a', 'nowhere'),
      edge('a', 'a', { type: 'magical' }),
      concept('d', { vector: [1, 2] }),
      concept('e', { id: 'f'.repeat(32) }),
      concept('f', { content: '\ud800' }),
      edge('a', 'g', { confidence: -1 }),
      { kind: 'association', sourceId: 'no id', target: 'a', type: 'causal' },
      concept('g'),
    ),
  )
  t.is(store.stats().concepts, 2)
  t.is(store.stats().edges, 0)
  t.is(report.problemCount, 10)
  t.deepEqual(
    report.problems.map(({ line, code }) => [line, code]),
    [
      [2, 'ERR_INVALID'],
      [3, 'ERR_INVALID'],
      [4, 'ERR_INVALID'],
      [5, 'ERR_NOT_FOUND'],
      [6, 'ERR_INVALID'],
      [7, 'ERR_INVALID'],
      [8, 'ERR_INVALID'],
      [9, 'ERR_INVALID'],
      [10, 'ERR_INVALID'],
      [11, 'ERR_INVALID'],
    ],
  )
  t.true(report.problems.every(({ message }) => message !== ''))
  t.true(report.problems[1]!.field!.includes('strength'))
})

test('strict stops at the first bad line, with its number', async (t) => {
  const store = await emptyStore(t)
  const input = lines(concept('a'), concept('b', { strength: 2 }), concept('c'))
  const error = await t.throwsAsync(importFile(store, input, { strict: true }))
  t.like(error, { code: 'ERR_INVALID', value: 2 })
  t.regex(error.message, /^line 2: /)
  const missing = importFile(store, lines(concept('a'), edge('a', 'x')), { strict: true })
  await t.throwsAsync(missing, { code: 'ERR_NOT_FOUND', message: /^line 2: / })
})

test('of two lines with one name the later counts', async (t) => {
  const store = await emptyStore(t)
  const many = Array.from({ length: 2500 }, (_, at) => concept('same', { content: `${at}` }))
  const report = await importFile(store, lines(...many.slice(0, 30), concept('x'), many[2499]!))
  t.is(store.getByKey('same')?.content, '2499')
  t.deepEqual(report.concepts, { created: 2, updated: 30 })
})

test('thousands of lines in batches, with a bad one in the middle', async (t) => {
  const store = await emptyStore(t)
  const items: object[] = []
  for (let at = 0; at < 3000; at++) {
    items.push(concept(`k${at}`, at === 1500 ? { confidence: 'x' } : {}))
    if (at > 0) items.push(edge(`k${at}`, `k${at - 1}`))
  }
  const report = await importFile(store, [gzipSync(Buffer.concat(lines(...items)))])
  t.is(store.stats().concepts, 2999)
  t.is(store.stats().edges, 2997)
  t.deepEqual(
    report.problems.map(({ line }) => line),
    [3000, 3001, 3003],
  )
})

test('a cut or damaged file gives what was before, and says so', async (t) => {
  const store = await emptyStore(t)
  const items = Array.from({ length: 2000 }, (_, at) => concept(`k${at}`))
  const whole = gzipSync(Buffer.concat(lines(...items)))
  const report = await importFile(store, [whole.subarray(0, whole.length - 5000)])
  t.false(report.complete)
  t.is(report.problemCount, 1)
  t.like(report.problems[0], { code: 'ERR_CORRUPT', line: store.stats().concepts + 1 })
  t.true(store.stats().concepts > 100 && store.stats().concepts < 2000)
  const strict = importFile(store, [whole.subarray(0, 1000)], { strict: true })
  await t.throwsAsync(strict, { code: 'ERR_CORRUPT' })
})

test('lines that are too long or not UTF-8 are passed over', async (t) => {
  const store = await emptyStore(t)
  const input = [
    ...lines(concept('a'), concept('long', { content: 'x'.repeat(2000) })),
    Buffer.from('\n{"kind":"concept","content":"\xff"}\n', 'latin1'),
    ...lines(concept('b')),
  ]
  const report = await importFile(store, input, { lineBytesMax: 1000 })
  t.deepEqual(
    report.problems.map(({ line, code }) => [line, code]),
    [
      [2, 'ERR_LIMIT'],
      [3, 'ERR_INVALID'],
    ],
  )
  t.is(store.stats().concepts, 2)
})

test('associations that wait for their ends are bounded', async (t) => {
  const store = await emptyStore(t)
  const waiting = Array.from({ length: 10 }, (_, at) => edge('a', `k${at}`))
  const later = Array.from({ length: 10 }, (_, at) => concept(`k${at}`))
  const input = lines(concept('a'), ...waiting)
  const report = await importFile(store, input, { deferredMax: 4 })
  t.is(report.problemCount, 10)
  t.is(report.problems.filter(({ code }) => code === 'ERR_LIMIT').length, 6)
  const found = await importFile(store, lines(concept('a'), ...waiting, ...later))
  t.is(found.problemCount, 0)
  t.is(store.stats().edges, 10)
})

test('a namespace for lines that name none', async (t) => {
  const store = await emptyStore(t)
  const input = lines(concept('a'), concept('b', { namespace: 'default' }), edge('a', 'a2'))
  input.push(...lines('', concept('a2')))
  const report = await importFile(store, input, { namespace: 'other' })
  t.is(report.problemCount, 0)
  t.truthy(store.getByKey('a', { namespace: 'other' }))
  t.truthy(store.getByKey('b'))
})

test('an aborted import ends with ERR_ABORTED and can be run again', async (t) => {
  const store = await emptyStore(t)
  const input = lines(...Array.from({ length: 5000 }, (_, at) => concept(`k${at}`)))
  const stop = new AbortController()
  const run = importFile(store, input, {
    signal: stop.signal,
    onProgress: ({ lines: read }) => read === 2000 && stop.abort(),
  })
  await t.throwsAsync(run, { code: 'ERR_ABORTED' })
  await importFile(store, input)
  t.is(store.stats().concepts, 5000)
})

test('refuses options out of range', async (t) => {
  const store = await emptyStore(t)
  await t.throwsAsync(importFile(store, [], { lineBytesMax: 1 }), { code: 'ERR_INVALID' })
  await t.throwsAsync(importFile(store, [], { deferredMax: -1 }), { code: 'ERR_INVALID' })
})

test('a name that is too long is an error of its line, and not shown whole', async (t) => {
  const store = await emptyStore(t)
  const long = 'n'.repeat(5_000)
  const report = await importFile(
    store,
    lines(
      concept('a'),
      concept(long),
      { kind: 'concept', id: long, content: 'x' },
      edge(long, 'a'),
      { kind: 'association', sourceId: 'a', targetId: long, type: 'causal' },
      edge('a', 'a', { namespace: long }),
      edge('a', 'a', { namespace: '../x' }),
      concept('b', { [long]: 1 }),
      concept('c', { attributes: { [long]: { x: '\ud800' } } }),
      edge('\n'.repeat(512), 'a'),
    ),
  )
  t.is(report.concepts.created, 1)
  const byLine = report.problems.toSorted((a, b) => a.line - b.line)
  t.deepEqual(
    byLine.map(({ line, code, field }) => [line, code, field]),
    [
      [2, 'ERR_LIMIT', 'concepts[0].key'],
      [3, 'ERR_INVALID', 'concepts[0].id'],
      [4, 'ERR_LIMIT', 'source'],
      [5, 'ERR_INVALID', 'sourceId'],
      [6, 'ERR_LIMIT', 'namespace'],
      [7, 'ERR_INVALID', 'namespace'],
      [8, 'ERR_INVALID', `${'n'.repeat(80)}…`],
      [9, 'ERR_INVALID', `concepts[0].attributes.${'n'.repeat(80)}….x`],
      [10, 'ERR_NOT_FOUND', 'source'],
    ],
  )
  for (const { message } of byLine) {
    t.false(message.includes('n'.repeat(81)), message.slice(0, 200))
    t.false(message.includes('\\n'.repeat(81)), message.slice(0, 200))
    t.true(message.length < 400, message.slice(0, 200))
  }
})
