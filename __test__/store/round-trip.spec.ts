// Every field of the API, written, read back, and read again after the store was opened anew.
import test from 'ava'
import { openStore } from '../../src/index.js'
import type { ConceptInput, Store } from '../../src/index.js'
import { temporaryFolder, temporaryStore } from './temporary-store.js'

const INPUT = {
  content: 'Aspirin inhibits COX-1: grüße, 你好, 🙂',
  namespace: 'medicine',
  vector: new Float32Array([0.5, -1.25, 3]),
  attributes: {
    domain: 'medical',
    year: 2020,
    big: 2 ** 40,
    negative: -7,
    fraction: 0.1,
    minusZero: -0,
    flag: true,
    nothing: null,
    tags: ['a', 'b', [1, { deep: 'x' }]],
    ключ: 'значение',
    __proto__: undefined,
  },
  strength: 0.25,
  confidence: 0.75,
  validFrom: new Date('1969-07-20T20:17:40.000Z'),
  validTo: new Date('2030-01-01T00:00:00.001Z'),
} satisfies ConceptInput

function checkConcept(t: import('ava').ExecutionContext, store: Store, id: string): void {
  const concept = store.get(id)
  t.truthy(concept)
  if (concept === undefined) return
  t.is(concept.content, INPUT.content)
  t.is(concept.namespace, 'medicine')
  t.deepEqual(concept.vector, INPUT.vector)
  t.deepEqual(concept.attributes, { ...INPUT.attributes })
  t.is(concept.strength, 0.25)
  t.is(concept.confidence, 0.75)
  t.deepEqual(concept.validFrom, INPUT.validFrom)
  t.deepEqual(concept.validTo, INPUT.validTo)
  t.is(concept.key, undefined)
  t.true(Math.abs(Date.now() - concept.createdAt.getTime()) < 60_000)
  t.deepEqual(concept.updatedAt, concept.createdAt)
}

test('every field of a concept comes back, also after opening again', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3 })
  const learned = await store.learn(INPUT)
  t.true(learned.created)
  t.regex(learned.id, /^[0-9a-f]{32}$/)
  t.is(store.get(learned.id)?.sequence, learned.sequence)
  checkConcept(t, store, learned.id)
  await store.close()
  await using again = await openStore(folder, { vectorDimension: 3 })
  checkConcept(t, again, learned.id)
  t.is(again.stats().concepts, 1)
})

test('fields left out have their defaults', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'plain' })
  const concept = store.get(id)
  t.is(concept?.namespace, 'default')
  t.deepEqual(concept?.attributes, {})
  t.is(concept?.strength, 1)
  t.is(concept?.confidence, 1)
  t.is(concept?.vector, undefined)
  t.is(concept?.validFrom, undefined)
  t.is(store.get('0'.repeat(32)), undefined)
  t.false(store.has('0'.repeat(32)))
  t.true(store.has(id))
})

test('a concept can be read by key, by namespace and many at a time', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'a', key: 'the key', namespace: 'n' })
  t.is(store.getByKey('the key', { namespace: 'n' })?.id, id)
  t.is(store.getByKey('the key', { namespace: 'n' })?.key, 'the key')
  t.is(store.getByKey('the key'), undefined)
  t.is(store.get(id, { namespace: 'n' })?.id, id)
  t.is(store.get(id, { namespace: 'default' }), undefined)
  const concepts = store.getMany([id, 'f'.repeat(32), id])
  t.deepEqual(
    concepts.map((concept) => concept?.content),
    ['a', undefined, 'a'],
  )
  t.deepEqual(store.getMany([]), [])
})

test('learning the same text again updates one concept and keeps its associations', async (t) => {
  const store = await temporaryStore(t)
  const [a, b] = await store.learnMany([{ content: 'a' }, { content: 'b' }])
  await store.associate({ source: a!.id, target: b!.id, type: 'causal' })
  const again = await store.learn({ content: 'a', attributes: { x: 1 } })
  t.false(again.created)
  t.is(again.id, a!.id)
  t.is(store.neighbors(a!.id).length, 1)
  t.deepEqual(store.get(a!.id)?.attributes, { x: 1 })
  const { sequence } = await store.update(a!.id, { strength: 0.5 })
  t.is(store.get(a!.id)?.sequence, sequence)
  t.deepEqual(store.get(a!.id)?.attributes, { x: 1 }, 'fields left out stay')
  await store.update(a!.id, { content: 'changed', vector: [1, 2, 3] })
  t.is(store.get(a!.id)?.content, 'changed')
  t.deepEqual(store.get(a!.id)?.vector, new Float32Array([1, 2, 3]))
})

test('associations come back with every field, in both directions', async (t) => {
  const store = await temporaryStore(t)
  const [a, b] = (await store.learnMany([{ content: 'a' }, { content: 'b' }])).map(({ id }) => id)
  const validFrom = new Date(5)
  const input = {
    source: a!,
    target: b!,
    type: 'causal',
    label: 'inhibits',
    confidence: 0.9,
    weight: -2.5,
    attributes: { n: 1 },
    validFrom,
  } as const
  t.true((await store.associate(input)).created)
  t.false((await store.associate(input)).created)
  await store.associate({ source: a!, target: b!, type: 'semantic' })
  await store.associate({ source: b!, target: b!, type: 'temporal' })
  const [edge] = store.neighbors(a!, { type: 'causal' })
  const { source, target, type, label, confidence, weight, attributes } = edge!
  t.deepEqual(
    { source, target, type, label, confidence, weight, attributes },
    {
      source: a,
      target: b,
      type: 'causal',
      label: 'inhibits',
      confidence: 0.9,
      weight: -2.5,
      attributes: { n: 1 },
    },
  )
  t.deepEqual(edge!.validFrom, validFrom)
  t.is(edge!.validTo, undefined)
  t.true(edge!.sequence > 0)
  t.true(Math.abs(Date.now() - edge!.createdAt.getTime()) < 60_000)
  t.is(store.neighbors(a!).length, 2)
  t.is(store.neighbors(a!, { label: 'inhibits' }).length, 1)
  t.is(store.neighbors(a!, { label: 'inhibit' }).length, 0)
  t.is(store.neighbors(a!, { type: ['causal', 'semantic'] }).length, 2)
  t.is(store.neighbors(a!, { type: 'hierarchical' }).length, 0)
  t.is(store.neighbors(a!, { limit: 1 }).length, 1)
  t.is(store.neighbors(a!, { direction: 'in' }).length, 0)
  t.is(store.neighbors(b!, { direction: 'in', type: 'causal' })[0]?.source, a!)
  t.is(store.neighbors(b!, { direction: 'both' }).length, 3, 'an edge to itself counts once')
  t.true((await store.dissociate({ source: a!, target: b!, type: 'semantic' })).deleted)
  t.false((await store.dissociate({ source: a!, target: b!, type: 'semantic' })).deleted)
  const { deleted } = await store.delete(a!)
  t.true(deleted)
  t.false((await store.delete(a!)).deleted)
  t.is(store.neighbors(b!, { direction: 'in', type: 'causal' }).length, 0)
  t.is(store.get(a!), undefined)
})

test('many neighbours do not fit the shared buffer and come all the same', async (t) => {
  const store = await temporaryStore(t)
  const contents = Array.from({ length: 10_000 }, (_, index) => ({ content: `c${index}` }))
  const ids: string[] = []
  for (let from = 0; from < contents.length; from += 1000) {
    const learned = await store.learnMany(contents.slice(from, from + 1000))
    ids.push(...learned.map(({ id }) => id))
  }
  const hub = ids[0]!
  await Promise.all(
    ids.map((target) => store.associate({ source: hub, target, type: 'semantic', label: 'l' })),
  )
  const targets = store.neighbors(hub, { label: 'l' }).map((edge) => edge.target)
  t.deepEqual(targets, ids)
  t.is(store.getMany(ids).filter((concept) => concept === undefined).length, 0)
  t.is(store.getMany(ids)[9_999]?.content, 'c9999')
})

test('long contents and attributes come back whole', async (t) => {
  const store = await temporaryStore(t)
  const content = `${'é'.repeat(2_000_000)}end`
  const text = 'x'.repeat(60_000)
  const { id } = await store.learn({ content, attributes: { text } })
  t.is(store.get(id)?.content, content)
  t.deepEqual(store.get(id)?.attributes, { text })
})
