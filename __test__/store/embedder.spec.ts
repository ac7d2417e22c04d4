// The embedder: who calls it, with what, and what becomes of a write when it fails.
import test from 'ava'
import type { Embedder } from '../../src/index.js'
import { refusal, temporaryStore } from './temporary-store.js'

interface Recorded extends Embedder {
  calls: string[][]
}

/** Counts letters, so that equal texts have equal vectors. */
function recorded(embed?: (texts: string[]) => Promise<Float32Array[]>): Recorded {
  const calls: string[][] = []
  const standard = (texts: string[]): Promise<Float32Array[]> =>
    Promise.resolve(texts.map((text) => Float32Array.of(text.length, text.charCodeAt(0), 1)))
  return {
    name: 'letters',
    dimension: 3,
    calls,
    embed: (texts) => {
      calls.push(texts)
      return (embed ?? standard)(texts)
    },
  }
}

test('concepts without a vector are embedded, all of one turn in one call', async (t) => {
  const embedder = recorded()
  const store = await temporaryStore(t, { embedder })
  const [one, two] = await Promise.all([
    store.learn({ content: 'one' }),
    store.learn({ content: 'three' }),
    store.learn({ content: 'with', vector: [1, 2, 3] }),
    store.learnMany([{ content: 'a' }, { content: 'bb', vector: [3, 2, 1] }, { content: 'c' }]),
  ])
  t.deepEqual(embedder.calls, [['one', 'three', 'a', 'c']])
  t.deepEqual(store.get(one.id)?.vector, Float32Array.of(3, 111, 1))
  t.deepEqual(store.get(two.id)?.vector, Float32Array.of(5, 116, 1))
  t.is(store.stats().vectors, 6)
})

test('an update of the content embeds it anew; other updates keep the vector', async (t) => {
  const embedder = recorded()
  const store = await temporaryStore(t, { embedder })
  const { id } = await store.learn({ content: 'a' })
  await store.update(id, { strength: 0.5 })
  t.is(embedder.calls.length, 1)
  t.deepEqual(store.get(id)?.vector, Float32Array.of(1, 97, 1))
  await store.update(id, { content: 'bb' })
  t.deepEqual(store.get(id)?.vector, Float32Array.of(2, 98, 1))
})

test('a text is searched by its vector', async (t) => {
  const store = await temporaryStore(t, { embedder: recorded() })
  const { id } = await store.learn({ content: 'zz' })
  await store.learn({ content: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa' })
  const { hits } = await store.search({ text: 'zz', k: 1, explain: true })
  t.is(hits[0]?.id, id)
  t.is(hits[0]?.explain?.vector?.rank, 1)
  const both = await store.search({ text: 'zz', vector: [2, 122, 1], explain: true })
  t.is(both.hits[0]?.id, id)
  t.is(both.hits[0]?.explain?.text?.rank, 1)
})

test('what the embedder throws is the cause, and nothing is stored', async (t) => {
  const cause = new Error('no network')
  const store = await temporaryStore(t, { embedder: recorded(() => Promise.reject(cause)) })
  for (const call of [
    () => store.learn({ content: 'a' }),
    () => store.learnMany([{ content: 'a' }, { content: 'b', vector: [1, 2, 3] }]),
    () => store.search({ text: 'a' }),
  ]) {
    const error = await refusal(call)
    t.is(error.code, 'ERR_IO')
    t.is(error.field, 'embedder')
    t.is(error.cause, cause)
    t.true(error.message.includes('no network'))
  }
  t.is(store.stats().sequence, 0)
})

test('an answer of the wrong form is refused', async (t) => {
  const answers: unknown[] = [
    undefined,
    [],
    [[1, 2, 3]],
    [new Float32Array(4)],
    [new Float32Array(3), new Float32Array(3)],
    'vectors',
  ]
  for (const answer of answers) {
    const embedder = recorded(() => Promise.resolve(answer as Float32Array[]))
    const store = await temporaryStore(t, { embedder })
    for (const call of [() => store.learn({ content: 'a' }), () => store.search({ text: 'a' })]) {
      const error = await refusal(call)
      t.is(error.code, 'ERR_INVALID')
      t.is(error.field, 'embedder')
    }
    t.is(store.stats().sequence, 0)
  }
})

test('an answer that is not finite is refused by the engine', async (t) => {
  const embedder = recorded(() => Promise.resolve([Float32Array.of(1, Number.NaN, 2)]))
  const store = await temporaryStore(t, { embedder })
  const error = await refusal(() => store.learn({ content: 'a' }))
  t.is(error.code, 'ERR_INVALID')
  t.is(error.field, 'vector')
})

test('close waits for what is being embedded', async (t) => {
  const gate = gateOf()
  const embedder = recorded(async (texts) => {
    await gate.promise
    return texts.map(() => Float32Array.of(1, 2, 3))
  })
  const store = await temporaryStore(t, { embedder })
  const learned = store.learn({ content: 'a' })
  const closed = store.close()
  gate.resolve()
  await closed
  t.true((await learned).created)
})

function gateOf(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => (resolve = done))
  return { promise, resolve }
}

test('writes keep their order, however long each of their texts takes', async (t) => {
  const waiting: (() => void)[] = []
  const embedder = recorded((texts) => {
    const vectors = texts.map((text) => Float32Array.of(text.length, 1, 1))
    if (!texts.includes('slow')) return Promise.resolve(vectors)
    return new Promise((resolve) => waiting.push(() => resolve(vectors)))
  })
  const store = await temporaryStore(t, { embedder })
  const slow = store.learn({ key: 'k', content: 'slow' })
  await new Promise(setImmediate)
  const quick = store.learn({ key: 'k', content: 'quick' })
  await new Promise(setImmediate)
  const vectorless = store.learn({ content: 'by hand', vector: [1, 2, 3] })
  await new Promise(setImmediate)
  t.is(store.stats().written, 0)
  for (const answer of waiting) answer()
  const sequences = (await Promise.all([slow, quick, vectorless])).map(({ sequence }) => sequence)
  t.deepEqual(sequences, [1, 2, 3])
  t.is(store.getByKey('k')?.content, 'quick')
  const late = store.learn({ key: 'gone', content: 'late' })
  const { id } = await late
  const again = store.learn({ key: 'gone', content: 'again' })
  const removed = store.delete(id)
  await again
  t.true((await removed).deleted)
  t.false(store.has(id))
})

test('a write that waited for the embedder for longer than writeTimeoutMs gets ERR_BUSY and leaves nothing', async (t) => {
  const signals: (AbortSignal | undefined)[] = []
  const late: ((vectors: Float32Array[]) => void)[] = []
  const embedder: Embedder = {
    name: 'hangs',
    dimension: 3,
    embed: (texts, { signal }) => {
      if (texts[0] === 'quick') return Promise.resolve([Float32Array.of(1, 2, 3)])
      signals.push(signal)
      return new Promise((resolve) => late.push(resolve))
    },
  }
  const store = await temporaryStore(t, { embedder, writeTimeoutMs: 50 })
  const [hung, behind] = await Promise.allSettled([
    store.learn({ key: 'hung', content: 'text' }),
    store.learn({ key: 'behind', content: 'with', vector: [1, 2, 3] }),
  ])
  t.like(hung, { status: 'rejected', reason: { code: 'ERR_BUSY', retryable: true } })
  // Only the text needed the embedder.
  t.is(behind.status, 'fulfilled')
  t.true(signals[0]?.aborted)
  // The answer comes too late, and later writes do not wait for it.
  late[0]?.([Float32Array.of(9, 9, 9)])
  await store.learn({ key: 'quick', content: 'quick' })
  await store.flush()
  t.is(store.getByKey('hung'), undefined)
  t.truthy(store.getByKey('quick'))
  t.is(store.stats().concepts, 2)
})

test('a flush does not wait for texts that are embedded after it', async (t) => {
  const gate = gateOf()
  const embedder = recorded(async (texts) => {
    if (texts.includes('late')) await gate.promise
    return texts.map(() => Float32Array.of(1, 2, 3))
  })
  const store = await temporaryStore(t, { embedder })
  const early = store.learn({ content: 'early' })
  const flushed = store.flush()
  const late = store.learn({ content: 'late' })
  const limit = new Promise((resolve) => setTimeout(resolve, 5_000, 'too long').unref())
  t.deepEqual(await Promise.race([flushed, limit]), { sequence: 1 })
  t.is((await early).sequence, 1)
  gate.resolve()
  t.is((await late).sequence, 2)
})
