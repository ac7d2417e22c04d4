// Search, paths and list through the binding: arguments arrive, answers come back whole.
import test from 'ava'
import { refusal, temporaryStore } from './temporary-store.js'

test('search gives the nearest first, with score, rank and vector as asked', async (t) => {
  const store = await temporaryStore(t)
  const learned = await store.learnMany([
    { content: 'x', vector: [1, 0, 0] },
    { content: 'xy', vector: [1, 1, 0] },
    { content: 'y', vector: [0, 1, 0], namespace: 'other' },
  ])
  const { hits, sequence, tookMs } = await store.search({ vector: [1, 0.1, 0], k: 10 })
  t.deepEqual(
    hits.map((hit) => hit.concept.content),
    ['x', 'xy'],
  )
  t.true(hits[0]!.score > hits[1]!.score && hits[0]!.score <= 1)
  t.is(hits[0]!.id, learned[0]!.id)
  t.is(hits[0]!.concept.vector, undefined)
  t.is(hits[0]!.explain, undefined)
  t.is(sequence, learned[0]!.sequence)
  t.true(tookMs >= 0)
  const one = await store.search({
    vector: Float32Array.of(0, 1, 0),
    namespace: 'other',
    k: 1,
    explain: true,
    include: { vector: true },
    exact: true,
    efSearch: 50,
    consistency: 'strong',
  })
  t.deepEqual(one.hits[0]?.concept.vector, Float32Array.of(0, 1, 0))
  t.is(one.hits[0]?.explain?.vector?.rank, 1)
  t.is((await store.search({ vector: [1, 0, 0], minScore: 0.99 })).hits.length, 1)
})

test('many hits do not fit the shared buffer and come all the same', async (t) => {
  const store = await temporaryStore(t, { limits: { searchKMax: 10_000 } })
  for (let from = 0; from < 8000; from += 1000) {
    await store.learnMany(
      Array.from({ length: 1000 }, (_, i) => ({
        content: `${from + i}`,
        vector: [1, from + i, 2],
      })),
    )
  }
  const { hits } = await store.search({ vector: [0, 1, 0], k: 8000 })
  t.is(new Set(hits.map((hit) => hit.concept.content)).size, 8000)
})

test('paths come with their associations, best first', async (t) => {
  const store = await temporaryStore(t)
  const ids = (await store.learnMany(['a', 'b', 'c', 'd'].map((content) => ({ content })))).map(
    ({ id }) => id,
  )
  const [a, b, c, d] = ids as [string, string, string, string]
  await store.associateMany([
    { source: a, target: b, type: 'causal', confidence: 0.9, label: 'first' },
    { source: b, target: d, type: 'causal', confidence: 0.9 },
    { source: a, target: c, type: 'semantic', confidence: 0.5 },
    { source: c, target: d, type: 'semantic', confidence: 0.5 },
  ])
  const paths = await store.paths(a, d, { pathsMax: 5 })
  t.deepEqual(
    paths.map((path) => path.concepts),
    [
      [a, b, d],
      [a, c, d],
    ],
  )
  t.true(Math.abs(paths[0]!.confidence - 0.9 * 0.9 * 0.85) < 1e-12)
  t.like(paths[0]!.associations[0], { source: a, target: b, type: 'causal', label: 'first' })
  t.is((await store.paths(a, d, { types: ['semantic'] }))[0]?.concepts[1], c)
  t.deepEqual(await store.paths(d, a), [])
  const back = await store.paths(d, a, { direction: 'both' })
  t.deepEqual(back[0]?.concepts, [d, b, a])
  t.like(back[0]?.associations[0], { source: b, target: d })
  t.deepEqual(await store.paths(a, d, { hopsMax: 1 }), [])
})

test('list goes through all concepts page by page, in both orders', async (t) => {
  const store = await temporaryStore(t)
  for (let index = 0; index < 25; index++) {
    await store.learn({ content: `c${index}`, namespace: index % 5 === 0 ? 'n' : 'default' })
  }
  for (const order of ['recent', 'id'] as const) {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.list({ limit: 10, order, ...(cursor !== undefined && { cursor }) })
      t.true(page.items.length <= 10)
      seen.push(...page.items.map((concept) => (order === 'id' ? concept.id : concept.content)))
      cursor = page.cursor
    } while (cursor !== undefined)
    t.is(new Set(seen).size, 25, order)
    if (order === 'id') t.deepEqual(seen, seen.toSorted())
    else t.is(seen[0], 'c24')
  }
  t.is((await store.list({ namespace: 'n' })).items.length, 5)
})

test('a signal that was given ends search and paths with ERR_ABORTED', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'a', vector: [1, 2, 3] })
  const signal = AbortSignal.abort(new Error('changed my mind'))
  for (const call of [
    () => store.search({ vector: [1, 2, 3], signal }),
    () => store.paths(id, id, { signal }),
  ]) {
    const error = await refusal(call)
    t.is(error.code, 'ERR_ABORTED')
    t.is((error.cause as Error).message, 'changed my mind')
  }
})

test('a search under way is cancelled', async (t) => {
  const store = await temporaryStore(t, { vectorDimension: 512, durability: 'none' })
  for (let from = 0; from < 20_000; from += 1000) {
    await store.learnMany(
      Array.from({ length: 1000 }, (_, index) => ({
        content: `${from + index}`,
        vector: new Float32Array(512).fill(from + index + 1),
      })),
    )
  }
  const controller = new AbortController()
  const searches = Array.from({ length: 50 }, () =>
    refusal(() =>
      store.search({ vector: new Float32Array(512).fill(1), signal: controller.signal }),
    ),
  )
  controller.abort()
  const errors = await Promise.all(searches)
  t.true(errors.every((error) => error.code === 'ERR_ABORTED'))
})

test('an answer that comes after the caller gave up is not given', async (t) => {
  const store = await temporaryStore(t, { vectorDimension: 2 })
  await store.learn({ content: 'one', vector: [1, 0] })
  const controller = new AbortController()
  const search = refusal(() => store.search({ vector: [1, 0], signal: controller.signal }))
  // The engine answers while this thread is busy; the answer waits for its turn.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  controller.abort()
  t.is((await search).code, 'ERR_ABORTED')
})
