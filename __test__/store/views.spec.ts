// What reads hand out: plain where it is shown, valid for as long as it is held.
import { inspect } from 'node:util'
import test from 'ava'
import type { Concept } from '../../src/index.js'
import { temporaryStore } from './temporary-store.js'

test('a concept shows every field in JSON and on the console', async (t) => {
  const store = await temporaryStore(t)
  const { id, sequence } = await store.learn({
    content: 'text',
    key: 'k',
    vector: [1, 2, 3],
    attributes: { a: 1 },
  })
  const concept = store.get(id)!
  t.deepEqual(Object.keys(concept), ['id', 'sequence'])
  const plain = JSON.parse(JSON.stringify(concept)) as Record<string, unknown>
  t.like(plain, {
    id,
    key: 'k',
    namespace: 'default',
    content: 'text',
    attributes: { a: 1 },
    vector: [1, 2, 3],
    strength: 1,
    confidence: 1,
    sequence,
  })
  t.true(inspect(concept).startsWith('Concept {'))
  t.true(inspect(concept).includes("content: 'text'"))
  const { id: other } = await store.learn({ content: 'other' })
  await store.associate({ source: id, target: other, type: 'causal', label: 'l' })
  const [edge] = store.neighbors(id)
  t.like(JSON.parse(JSON.stringify(edge)), {
    source: id,
    target: other,
    type: 'causal',
    label: 'l',
  })
  t.true(inspect(edge).startsWith('Association {'))
})

test('a view keeps what it was made of, through updates, deletion and close', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'old', key: 'k', vector: [1, 0, 0] })
  const { id: other } = await store.learn({ content: 'other' })
  await store.associate({ source: id, target: other, type: 'causal', attributes: { n: 1 } })
  const untouched = store.get(id)!
  const [edge] = store.neighbors(id)
  await store.update(id, { content: 'new', vector: [0, 1, 0], attributes: { x: 1 } })
  t.is(store.get(id)?.content, 'new')
  await store.delete(id)
  await store.close()
  t.is(untouched.content, 'old')
  t.deepEqual(untouched.vector, new Float32Array([1, 0, 0]))
  t.deepEqual(untouched.attributes, {})
  t.is(untouched.key, 'k')
  t.deepEqual(edge!.attributes, { n: 1 })
  t.is(edge!.weight, 1)
})

test('a field is decoded once, and a vector is a copy', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'c', vector: [1, 2, 3], attributes: { list: [] } })
  const concept = store.get(id)!
  t.is(concept.attributes, concept.attributes)
  t.is(concept.vector, concept.vector)
  concept.vector!.fill(9)
  t.deepEqual(store.get(id)?.vector, new Float32Array([1, 2, 3]))
})

test('a field cannot be assigned', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'c' })
  const concept = store.get(id) as Concept
  t.throws(() => {
    concept.content = 'other'
  })
  t.is(store.get(id)?.content, 'c')
})
