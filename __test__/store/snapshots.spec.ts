// A snapshot shows the store as it was, whatever is written later.
import test from 'ava'
import { refusal, temporaryStore } from './temporary-store.js'

test('a snapshot does not change', async (t) => {
  const store = await temporaryStore(t)
  const { id, sequence } = await store.learn({ content: 'one', key: 'k', vector: [1, 0, 0] })
  const { id: other } = await store.learn({ content: 'two', vector: [0, 1, 0] })
  await store.associate({ source: id, target: other, type: 'causal' })
  const snapshot = store.snapshot()
  t.true(snapshot.sequence > sequence)
  await store.update(id, { content: 'changed', vector: [0, 0, 1] })
  await store.learn({ content: 'three', vector: [1, 1, 1] })
  await store.delete(other)
  t.is(snapshot.get(id)?.content, 'one')
  t.is(snapshot.getByKey('k')?.content, 'one')
  t.true(snapshot.has(other))
  t.is(snapshot.neighbors(id).length, 1)
  t.is((await snapshot.list()).items.length, 2)
  t.is((await snapshot.paths(id, other)).length, 1)
  const { hits } = await snapshot.search({ vector: [1, 0, 0], k: 5 })
  t.deepEqual(
    hits.map((hit) => hit.id),
    [id, other],
  )
  t.is(store.get(id)?.content, 'changed')
  t.is(store.neighbors(id).length, 0)
})

test('a snapshot that was given up answers ERR_CLOSED, its views stay', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'one' })
  const snapshot = store.snapshot()
  const concept = snapshot.get(id)
  snapshot[Symbol.dispose]()
  snapshot[Symbol.dispose]()
  t.is((await refusal(() => snapshot.get(id))).code, 'ERR_CLOSED')
  t.is((await refusal(() => snapshot.list())).code, 'ERR_CLOSED')
  t.is(concept?.content, 'one')
})

test('a snapshot can be read by id after its store was closed, but not searched', async (t) => {
  const store = await temporaryStore(t)
  const { id } = await store.learn({ content: 'one', vector: [1, 0, 0] })
  const snapshot = store.snapshot()
  await store.close()
  t.is(snapshot.get(id)?.content, 'one')
  t.is((await refusal(() => snapshot.search({ vector: [1, 0, 0] }))).code, 'ERR_CLOSED')
})
