// `embed: 'later'`: stored at once, filled in behind; what the filler must never do to a concept
// that was changed meanwhile.
import test, { type ExecutionContext } from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import { functionEmbedder, openStore } from '../../src/index.js'
import type { Embedder, Store, StoreOptions } from '../../src/index.js'
import { refusal, temporaryFolder, temporaryStore } from '../store/temporary-store.js'
import { vectorOf } from './fake-service.js'

/** An embedder that is up, down, or holds what it is asked until it is let go. */
class Switched implements Embedder {
  readonly name = 'switched'
  readonly dimension = 3
  readonly asked: string[][] = []
  state: 'up' | 'down' | 'held' = 'up'
  /** Texts that it never embeds. */
  readonly poison = new Set<string>()
  readonly #held: (() => void)[] = []

  async embed(texts: string[]): Promise<Float32Array[]> {
    this.asked.push(texts)
    if (this.state === 'held') await new Promise<void>((resolve) => this.#held.push(resolve))
    if (this.state === 'down') throw new Error('no network')
    if (texts.some((text) => this.poison.has(text))) throw new Error('not this text')
    return texts.map((text) => Float32Array.from(vectorOf(text)))
  }

  letGo(): void {
    this.state = 'up'
    for (const go of this.#held.splice(0)) go()
  }

  /** Resolves once a call with this text is held. */
  async holds(text: string): Promise<void> {
    await until(() => this.asked.some((texts) => texts.includes(text)))
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const endsAt = Date.now() + 30_000
  while (!isSo()) {
    if (Date.now() > endsAt) throw new Error('it did not become so')
    await sleep(5)
  }
}

/** Waits until every concept has a vector. */
async function filled(store: Store): Promise<void> {
  await until(() => store.stats().embedding.waiting === 0)
}

function laterStore(t: ExecutionContext, embedder: Embedder, more?: StoreOptions): Promise<Store> {
  return temporaryStore(t, { embedder, embed: 'later', ...more })
}

async function allVectorsAreRight(t: ExecutionContext, store: Store): Promise<void> {
  const { items } = await store.list({ limit: 1000 })
  for (const { content, vector } of items) {
    t.deepEqual(vector, Float32Array.from(vectorOf(content)), content)
  }
}

test('a concept is there at once without its vector, which is filled in behind', async (t) => {
  const embedder = new Switched()
  embedder.state = 'held'
  const store = await laterStore(t, embedder)
  const { id, sequence } = await store.learn({ content: 'a', attributes: { one: 1 } })
  await store.learnMany([{ content: 'bb' }, { content: 'cc', vector: [9, 9, 9] }])
  t.is(store.get(id)?.content, 'a')
  t.is(store.get(id)?.vector, undefined)
  t.like(store.stats(), { concepts: 3, vectors: 1 })
  t.deepEqual(store.stats().embedding, { waiting: 2, filled: 0, failed: 0 })
  embedder.letGo()
  await until(() => store.stats().embedding.filled === 2)
  t.deepEqual(store.stats().embedding, { waiting: 0, filled: 2, failed: 0 })
  const concept = store.get(id)
  t.deepEqual(concept?.vector, Float32Array.from(vectorOf('a')))
  t.deepEqual(concept?.attributes, { one: 1 })
  t.true((concept?.sequence ?? 0) > sequence)
  const { hits } = await store.search({ text: 'bb', k: 1 })
  t.is(hits[0]?.concept.content, 'bb')
})

test('one write may ask for later, another for now, whatever the store does', async (t) => {
  const embedder = new Switched()
  embedder.state = 'down'
  const store = await temporaryStore(t, { embedder })
  const { id } = await store.learn({ content: 'a' }, { embed: 'later' })
  await store.learnMany([{ content: 'b' }, { content: 'c' }], { embed: 'later' })
  t.is((await refusal(() => store.learn({ content: 'd' }))).code, 'ERR_IO')
  await until(() => store.stats().embedding.failed > 0)
  const { waiting, lastError } = store.stats().embedding
  t.is(waiting, 3)
  t.regex(lastError ?? '', /no network/)
  embedder.state = 'up'
  await filled(store)
  t.is(store.stats().embedding.lastError, undefined)
  t.truthy(store.get(id)?.vector)
  const later = await laterStore(t, embedder)
  const now = await later.learn({ content: 'd' }, { embed: 'now' })
  t.truthy(later.get(now.id)?.vector)
  t.is(later.stats().embedding.filled, 0)
})

test('a service that is down for a while loses nothing, and writes go on', async (t) => {
  const embedder = new Switched()
  embedder.state = 'down'
  const store = await laterStore(t, embedder)
  const contents = Array.from({ length: 600 }, (_, at) => `text ${at}`)
  await store.learnMany(contents.map((content) => ({ content })))
  await until(() => store.stats().embedding.failed >= 2)
  await store.flush()
  t.like(store.stats(), { concepts: 600, vectors: 0 })
  t.is(store.stats().embedding.waiting, 600)
  embedder.state = 'up'
  await until(() => store.stats().embedding.filled === 600)
  t.is(store.stats().vectors, 600)
  await allVectorsAreRight(t, store)
})

test('what is left is found again after opening, if the store is opened with later', async (t) => {
  const folder = temporaryFolder(t)
  const embedder = new Switched()
  embedder.state = 'down'
  const options: StoreOptions = { durability: 'os', embedder, embed: 'later' }
  const first = await openStore(folder, options)
  const contents = Array.from({ length: 2500 }, (_, at) => ({ content: `text ${at}` }))
  for (let at = 0; at < 2500; at += 500) await first.learnMany(contents.slice(at, at + 500))
  await first.learn({ content: 'has one', vector: [1, 2, 3] })
  await first.close()
  embedder.state = 'up'
  const plain = await openStore(folder, { ...options, embed: 'now' })
  t.deepEqual(plain.stats().embedding, { waiting: 0, filled: 0, failed: 0 })
  t.is(plain.stats().vectors, 1)
  await plain.close()
  const store = await openStore(folder, options)
  t.teardown(() => store.close())
  t.true(store.stats().embedding.waiting > 0)
  await until(() => store.stats().embedding.filled === 2500)
  t.like(store.stats(), { concepts: 2501, vectors: 2501 })
  t.deepEqual((await store.search({ text: 'text 7', k: 1 })).hits[0]?.concept.content, 'text 7')
})

test('a concept that was changed, deleted or got a vector meanwhile is left as it is', async (t) => {
  const embedder = new Switched()
  embedder.state = 'held'
  const store = await laterStore(t, embedder)
  const keys = ['kept', 'changed', 'deleted', 'given', 'renewed', 'touched']
  const learned = await store.learnMany(keys.map((key) => ({ key, content: `old ${key}` })))
  const id = (key: string): string => learned[keys.indexOf(key)]?.id ?? ''
  await embedder.holds('old kept')
  embedder.state = 'down'
  await store.update(id('changed'), { content: 'new text' })
  await store.delete(id('deleted'))
  await store.update(id('given'), { vector: [7, 7, 7] })
  await store.learn({ key: 'renewed', content: 'with its own', vector: [8, 8, 8] })
  await store.update(id('touched'), { attributes: { seen: true } })
  embedder.letGo()
  await filled(store)
  t.deepEqual(store.get(id('kept'))?.vector, Float32Array.from(vectorOf('old kept')))
  t.deepEqual(store.get(id('changed'))?.vector, Float32Array.from(vectorOf('new text')))
  t.false(store.has(id('deleted')))
  t.deepEqual(store.get(id('given'))?.vector, Float32Array.of(7, 7, 7))
  t.deepEqual(store.get(id('renewed'))?.vector, Float32Array.of(8, 8, 8))
  t.deepEqual(store.get(id('touched'))?.vector, Float32Array.from(vectorOf('old touched')))
  t.deepEqual(store.get(id('touched'))?.attributes, { seen: true })
  t.is(store.stats().concepts, 5)
})

test('a concept that was deleted and learned again is not forgotten', async (t) => {
  const embedder = new Switched()
  const store = await laterStore(t, embedder)
  const { id } = await store.learn({ content: 'again' })
  await filled(store)
  const [, learned] = await Promise.all([store.delete(id), store.learn({ content: 'again' })])
  t.true(learned.created)
  await filled(store)
  t.deepEqual(store.get(id)?.vector, Float32Array.from(vectorOf('again')))
})

test('a text in the place of one that has a vector is embedded at once, or not stored', async (t) => {
  const embedder = new Switched()
  const store = await laterStore(t, embedder)
  const { id } = await store.learn({ key: 'k', content: 'old' })
  await filled(store)
  embedder.state = 'down'
  for (const call of [
    () => store.learn({ key: 'k', content: 'new' }),
    () => store.update(id, { content: 'new' }),
    () => store.learnMany([{ content: 'other' }, { key: 'k', content: 'new' }]),
  ]) {
    t.is((await refusal(call)).code, 'ERR_IO')
  }
  t.is(store.get(id)?.content, 'old')
  t.is(store.stats().concepts, 1)
  // The same text needs nothing.
  await store.learn({ key: 'k', content: 'old', attributes: { a: 1 } })
  embedder.state = 'up'
  await store.learn({ key: 'k', content: 'new' })
  t.deepEqual(store.get(id)?.vector, Float32Array.from(vectorOf('new')))
})

test('writes to one concept that do not wait for each other end with the right vector', async (t) => {
  const embedder = new Switched()
  const store = await laterStore(t, embedder)
  // The store does not show the vector of the first yet when the second is called.
  await Promise.all([
    store.learn({ key: 'k', content: 'first', vector: [1, 1, 1] }),
    store.learn({ key: 'k', content: 'second' }),
  ])
  t.deepEqual(store.getByKey('k')?.vector, Float32Array.from(vectorOf('second')))
  await store.learnMany([
    { key: 'l', content: 'first', vector: [1, 1, 1] },
    { key: 'l', content: 'second' },
  ])
  await filled(store)
  await allVectorsAreRight(t, store)
})

test('at no commit, whatever races, has a concept the vector of another text', async (t) => {
  const embedder = functionEmbedder({
    name: 'slow',
    dimension: 3,
    batchTextsMax: 7,
    embed: async (texts) => {
      await sleep(texts.length % 5)
      return texts.map(vectorOf)
    },
  })
  const store = await laterStore(t, embedder, { history: { keepMs: 3_600_000 } })
  const keys = Array.from({ length: 12 }, (_, at) => `key ${at}`)
  let seed = 7
  const dice = (sides: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % sides
  }
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let round = 0; round < 150; round++) {
      const key = keys[dice(keys.length)] ?? ''
      const content = `${'x'.repeat(dice(30))} ${writer} ${round}`
      const found = store.getByKey(key)
      const action = dice(10)
      if (action === 0 && found !== undefined) await store.delete(found.id)
      else if (action === 1) {
        await store.learn({ key, content, vector: Float32Array.from(vectorOf(content)) })
      } else if (action === 2) await store.learn({ key, content }, { embed: 'now' })
      else if (action === 3) {
        await store.learnMany([
          { key, content: `${content}.` },
          { key, content },
        ])
      } else await store.learn({ key, content })
      if (dice(4) === 0) await sleep(dice(4))
      // Two calls for one concept at once: the store does not show the first yet.
      if (dice(4) === 0) {
        await Promise.all([
          store.learn({ key, content: `${content}!` }, { embed: dice(2) === 0 ? 'now' : 'later' }),
          store.learn({ key, content: `${content}?` }),
        ])
      }
    }
  })
  await Promise.all(writers)
  await filled(store)
  t.true(store.stats().embedding.filled > 0)
  await allVectorsAreRight(t, store)
  t.is(store.stats().vectors, store.stats().concepts)
  let checked = 0
  for (let sequence = 1; sequence <= store.stats().sequence; sequence++) {
    using view = store.at(sequence)
    for (const key of keys) {
      const concept = view.getByKey(key)
      if (concept?.vector === undefined) continue
      checked++
      const right = vectorOf(concept.content)
      if (right.every((number, at) => number === concept.vector?.[at])) continue
      t.fail(`commit ${sequence}: ${concept.content} has the vector ${concept.vector.join()}`)
      return
    }
  }
  t.true(checked > 1000)
})

test('a text that cannot be embedded holds up none of the others', async (t) => {
  const embedder = new Switched()
  embedder.poison.add('poison')
  const store = await laterStore(
    t,
    functionEmbedder({ name: 'f', dimension: 3, embed: (texts) => embedder.embed(texts) }),
  )
  const contents = ['a', 'poison', ...Array.from({ length: 30 }, (_, at) => `text ${at}`)]
  await store.learnMany(contents.map((content) => ({ content })))
  await until(() => store.stats().embedding.waiting === 1)
  t.is(store.stats().vectors, 31)
  // Halves find it: that takes a few calls, not one for each text.
  t.true(embedder.asked.length < 25, `${embedder.asked.length} calls`)
  embedder.poison.clear()
  await filled(store)
  await allVectorsAreRight(t, store)
})

test('closing does not wait for an embedder that never answers', async (t) => {
  const embedder = new Switched()
  embedder.state = 'held'
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { embedder, embed: 'later', durability: 'os' })
  const { id } = await store.learn({ content: 'a' })
  await embedder.holds('a')
  await store.close()
  embedder.letGo()
  await sleep(20)
  const again = await openStore(folder, { durability: 'os' })
  t.teardown(() => again.close())
  t.is(again.get(id)?.vector, undefined)
})

test('a flush does not wait for vectors that are filled in later', async (t) => {
  const embedder = new Switched()
  embedder.state = 'held'
  const store = await laterStore(t, embedder)
  await store.learn({ content: 'a' })
  await embedder.holds('a')
  t.is((await store.flush()).sequence, 1)
  embedder.letGo()
  await filled(store)
})

test('bad values of embed are refused by name', async (t) => {
  const store = await temporaryStore(t, { embedder: new Switched() })
  const plain = await temporaryStore(t)
  for (const [field, call] of [
    ['embed', () => store.learn({ content: 'a' }, { embed: 'soon' as 'now' })],
    ['embed', () => store.learnMany([{ content: 'a' }], { embed: 1 as never })],
    ['colour', () => store.learn({ content: 'a' }, { colour: 1 } as never)],
    ['embed', () => plain.learn({ content: 'a' }, { embed: 'later' })],
  ] as const) {
    const error = await refusal(call)
    t.is(error.code, 'ERR_INVALID')
    t.is(error.field, field)
  }
  const error = await refusal(() => openStore(temporaryFolder(t), { embed: 'later' }))
  t.is(error.code, 'ERR_CONFIG')
  t.is(error.field, 'embed')
  t.is(store.stats().written + plain.stats().written, 0)
})
