// Search by text, by filters, by both rankings made one, and by what associations lead to.
import test, { type ExecutionContext } from 'ava'
import { openStore, type SearchQuery, type Store } from '../../src/index.js'
import { temporaryFolder, temporaryStore } from './temporary-store.js'

const TEXTS = [
  'Aspirin relieves pain',
  'Ibuprofen relieves pain and fever',
  'A train to Paris is running late',
  'Paris is the capital of France',
  'Crème brûlée is a dessert from France',
  '東京 is the capital of Japan',
]

async function filled(t: ExecutionContext): Promise<Store> {
  const store = await temporaryStore(t)
  for (const [index, content] of TEXTS.entries()) {
    const angle = (index * Math.PI) / 12
    await store.learn({
      key: `${index}`,
      content,
      vector: [Math.cos(angle), Math.sin(angle), 0.1],
      attributes: { index, even: index % 2 === 0, tags: [`t${index % 3}`, 'all'] },
    })
  }
  return store
}

async function found(store: Store, query: SearchQuery): Promise<(string | undefined)[]> {
  return (await store.search(query)).hits.map(({ concept }) => concept.key)
}

test('words, phrases and beginnings of words find texts, whatever their accents', async (t) => {
  const store = await filled(t)
  t.deepEqual((await found(store, { text: 'pain' })).toSorted(), ['0', '1'])
  t.deepEqual(await found(store, { text: '"pain and fever"' }), ['1'])
  t.deepEqual(await found(store, { text: '"fever and pain"' }), [])
  t.deepEqual(await found(store, { text: 'creme BRULEE' }), ['4'])
  t.deepEqual((await found(store, { text: 'par*' })).toSorted(), ['2', '3'])
  t.deepEqual(await found(store, { text: '東京' }), ['5'])
  t.deepEqual(await found(store, { text: '?!' }), [])
})

test('a language finds other forms of a word, and none does not', async (t) => {
  const plain = await filled(t)
  t.deepEqual(await found(plain, { text: 'runs' }), [])
  const folder = temporaryFolder(t)
  const first = await openStore(folder, { vectorDimension: 3 })
  await first.learn({ key: '2', content: 'A train to Paris is running late' })
  await first.flush()
  await first.close()
  // The index of the run before read words otherwise: it is made anew.
  const english = await openStore(folder, { textIndex: { language: 'english' } })
  t.deepEqual(await found(english, { text: 'runs' }), ['2'])
  await english.flush()
  t.is(english.stats().index.filesDropped, 1)
  await english.close()
})

test('a filter is honoured by every kind of search and by lists', async (t) => {
  const store = await filled(t)
  const filter = { even: true, index: { $gt: 0 } }
  t.deepEqual((await found(store, { text: 'paris france japan', filter })).toSorted(), ['2', '4'])
  t.deepEqual((await found(store, { vector: [1, 0, 0], filter })).toSorted(), ['2', '4'])
  t.deepEqual(await found(store, { text: 'paris', vector: [1, 0, 0], filter, k: 1 }), ['2'])
  const listed = await store.list({ filter: { tags: { $in: ['t1'] } } })
  t.deepEqual(
    listed.items.map(({ key }) => key),
    ['4', '1'],
  )
  const since = { createdAt: { $gte: listed.items[1]?.createdAt, $lt: '9999-01-01' } }
  t.is((await store.list({ filter: { ...since, index: 1 } })).items.length, 1)
  t.is((await store.list({ filter: { createdAt: { $lt: new Date(0) } } })).items.length, 0)
  t.deepEqual((await store.list({ filter: { missing: { $exists: true } } })).items, [])
})

test('a filtered list goes on where its page ended, in both orders', async (t) => {
  const store = await filled(t)
  for (const order of ['recent', 'id'] as const) {
    const whole = await store.list({ order, filter: { even: false } })
    const pages: unknown[] = []
    let cursor: string | undefined
    do {
      const filter = { even: false }
      const page = await store.list({ order, filter, limit: 1, ...(cursor && { cursor }) })
      pages.push(...page.items.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    t.deepEqual(
      pages,
      whole.items.map(({ id }) => id),
    )
    t.is(pages.length, 3)
  }
})

test('two rankings are made one, and a hit says where it stands in each', async (t) => {
  const store = await filled(t)
  const { hits } = await store.search({ text: 'pain', vector: [1, 0, 0], explain: true })
  t.is(hits.length, TEXTS.length)
  const [first, second, third] = hits
  t.is(first?.score, 1)
  t.deepEqual([first?.explain?.vector?.rank, first?.explain?.text?.rank], [1, 1])
  t.deepEqual([second?.explain?.vector?.rank, second?.explain?.text?.rank], [2, 2])
  t.is(third?.explain?.text, undefined)
  t.is((await found(store, { text: 'capital', vector: [1, 0, 0], minScore: 0.6 })).length, 2)
  const vectorOnly = await store.search({
    text: 'capital',
    vector: [1, 0, 0],
    weights: { text: 0 },
  })
  t.is(vectorOnly.hits[0]?.concept.key, '0')
  t.true((vectorOnly.hits[0]?.score ?? 0) > 0.9)
})

test('associations bring in concepts that nothing else finds, and say how', async (t) => {
  const store = await filled(t)
  const [a, b, c] = ['0', '2', '5'].map((key) => store.getByKey(key)?.id ?? '')
  if (a === undefined || b === undefined || c === undefined) return t.fail()
  await store.associate({ source: a, target: b, type: 'causal', confidence: 0.9 })
  await store.associate({ source: c, target: b, type: 'temporal', confidence: 0.5 })
  t.deepEqual(await found(store, { text: 'aspirin', expand: { hops: 1 } }), ['0', '2'])
  const far = await store.search({ text: 'aspirin', expand: { hops: 2 }, explain: true })
  t.deepEqual(
    far.hits.map(({ concept }) => concept.key),
    ['0', '2', '5'],
  )
  const way = far.hits[2]?.explain?.graph?.map(({ source, target, type }) => [source, target, type])
  t.deepEqual(way, [
    [a, b, 'causal'],
    [c, b, 'temporal'],
  ])
  const causal = { hops: 2, types: ['causal' as const] }
  t.deepEqual(await found(store, { text: 'aspirin', expand: causal }), ['0', '2'])
  const filter = { index: { $ne: 2 } }
  t.deepEqual(await found(store, { text: 'aspirin', expand: { hops: 2 }, filter }), ['0'])
})

test('k means k, with what was written a moment ago', async (t) => {
  const store = await temporaryStore(t)
  const write = (from: number, count: number): Promise<unknown> =>
    store.learnMany(
      Array.from({ length: count }, (_, index) => ({
        content: `word number ${from + index}`,
        vector: [1, (from + index) / 1000, 0],
        attributes: { n: from + index },
      })),
    )
  for (let from = 0; from < 900; from += 300) {
    await write(from, 300)
    for (const k of [1, 10, 1000]) {
      const there = Math.min(k, from + 300)
      t.is((await store.search({ text: 'word', k })).hits.length, there)
      const filter = { n: { $lt: 100 } }
      const few = await store.search({ vector: [1, 0, 0], k, filter })
      t.is(few.hits.length, Math.min(k, 100))
      t.is((await store.search({ text: 'word', vector: [1, 0, 0], k })).hits.length, there)
    }
    if (from === 300) await store.flush()
  }
})

test('the same query gives the same bytes at the same commit, whatever became of the files', async (t) => {
  const folder = temporaryFolder(t)
  let store = await openStore(folder, { vectorDimension: 3 })
  for (let round = 0; round < 5; round++) {
    const concepts = Array.from({ length: 40 }, (_, index) => ({
      key: `${index}`,
      content: `round ${round} of ${index % 7} words ${'more '.repeat(index % 5)}`,
      vector: [1, index / 50, round / 10],
    }))
    await store.learnMany(concepts)
    if (round % 2 === 1) await store.flush()
  }
  const ask = async (): Promise<string> => {
    const queries = [{ text: 'more words 3' }, { text: 'round', vector: [1, 0.5, 0.2] }]
    const found = await Promise.all(queries.map((query) => store.search({ ...query, k: 30 })))
    return JSON.stringify(found.map(({ hits }) => hits.map(({ id, score }) => [id, score])))
  }
  const before = await ask()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.is(await ask(), before)
  await store.flush()
  t.is(await ask(), before)
  await store.close()
  store = await openStore(folder)
  t.is(await ask(), before)
  await store.close()
})

test('a snapshot finds what was there, not what came after', async (t) => {
  const store = await filled(t)
  using snapshot = store.snapshot()
  await store.update(store.getByKey('0')?.id ?? '', { content: 'Paracetamol' })
  await store.delete(store.getByKey('3')?.id ?? '')
  await store.flush()
  const keys = async (text: string, reads: Pick<Store, 'search'>): Promise<unknown> =>
    (await reads.search({ text })).hits.map(({ concept }) => concept.key)
  t.deepEqual(await keys('aspirin', snapshot), ['0'])
  t.deepEqual(await keys('paracetamol', snapshot), [])
  t.deepEqual(await keys('"capital of france"', snapshot), ['3'])
  t.deepEqual(await keys('aspirin', store), [])
  t.deepEqual(await keys('paracetamol', store), ['0'])
  t.deepEqual(await keys('"capital of france"', store), [])
})

test('an idle store works no rounds', async (t) => {
  const store = await filled(t)
  await store.flush()
  const { reconciliations, current_interval_ms: interval } = store.reconcilerStats()
  t.is(interval, 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.is(store.reconcilerStats().reconciliations, reconciliations)
})
