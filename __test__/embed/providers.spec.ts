// One suite for every provider: what an embedder owes its caller, whatever is behind it.
import test from 'ava'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Embedder, ErrorCode } from '../../src/index.js'
import { contentsOf, refusal, temporaryStore } from '../store/temporary-store.js'
import {
  answerVectors,
  deadUrl,
  DIMENSION,
  refuse,
  sendJson,
  vectorOf,
  wrongVectors,
  type Behaviour,
} from './fake-service.js'
import { PROVIDERS, setUp } from './providers.js'

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}${'x'.repeat(at % 17)}${at % 10}`)
}

function expected(given: string[]): Float32Array[] {
  return given.map((text) => Float32Array.from(vectorOf(text)))
}

function embed(embedder: Embedder, given: string[], signal?: AbortSignal): Promise<unknown> {
  return embedder.embed(given, signal === undefined ? {} : { signal })
}

const WRONG: [title: string, behaviour: Behaviour, code: ErrorCode][] = [
  ['too few vectors', wrongVectors((all) => all.slice(1)), 'ERR_IO'],
  ['too many vectors', wrongVectors((all) => [...all, [1, 2, 3]]), 'ERR_IO'],
  ['no vectors', wrongVectors(() => []), 'ERR_IO'],
  ['one vector of another dimension', wrongVectors(([, ...all]) => [[1, 2], ...all]), 'ERR_IO'],
  ['vectors of another dimension', wrongVectors((all) => all.map(() => [1, 2])), 'ERR_CONFIG'],
  ['empty vectors', wrongVectors((all) => all.map(() => [])), 'ERR_IO'],
  ['a vector of zeros', wrongVectors(([, ...all]) => [[0, 0, 0], ...all]), 'ERR_IO'],
  ['null in a vector', wrongVectors(([, ...all]) => [[1, null, 3], ...all]), 'ERR_IO'],
  ['NaN in a vector', wrongVectors(([, ...all]) => [[1, Number.NaN, 3], ...all]), 'ERR_IO'],
  ['a number over 32 bits', wrongVectors(([, ...all]) => [[1, 1e39, 3], ...all]), 'ERR_IO'],
  ['an object for a vector', wrongVectors(([, ...all]) => [{}, ...all]), 'ERR_IO'],
  ['no JSON', (response) => void response.end('<html>'), 'ERR_IO'],
  ['half of JSON', (response) => void response.end('{"embeddings": [[1, 2'), 'ERR_IO'],
  ['JSON null', (response) => sendJson(response, 200, null), 'ERR_IO'],
  ['another object', (response) => sendJson(response, 200, { data: 1, embeddings: 2 }), 'ERR_IO'],
  ['a status of 500', refuse(500), 'ERR_IO'],
  ['a status of 404', refuse(404), 'ERR_IO'],
]

for (const provider of PROVIDERS) {
  const { name } = provider

  test(`${name}: vectors come in the order of the texts, in batches, some at once`, async (t) => {
    const options = { batchTextsMax: 10, concurrency: 3 }
    const { service, embedder } = await setUp(t, provider, options)
    // The later a batch, the sooner its answer; the first wait for as many as there may be.
    service.always = async (response, given, protocol) => {
      for (let turn = 0; turn < 500 && service.peak < 3; turn++) await sleep(10)
      await sleep(40 - 5 * (service.seen.length % 8))
      await answerVectors(response, given, protocol)
    }
    const given = texts(95)
    t.deepEqual(await embed(embedder, given), expected(given))
    const sizes = service.seen.map(({ body }) => provider.protocol.texts(body).length)
    t.deepEqual(
      sizes.toSorted((a, b) => a - b),
      [5, 10, 10, 10, 10, 10, 10, 10, 10, 10],
    )
    t.is(service.peak, 3)
    t.true(service.seen.every(({ path }) => path === provider.path))
  })

  test(`${name}: the bound on requests at once is over all calls`, async (t) => {
    const options = { batchTextsMax: 2, concurrency: 2 }
    const { service, embedder } = await setUp(t, provider, options)
    service.always = async (response, given, protocol) => {
      // Until another one is under way, or there is none left to come.
      for (let turn = 0; turn < 500 && service.peak < 2; turn++) await sleep(10)
      await answerVectors(response, given, protocol)
    }
    const given = texts(7)
    const calls = Array.from({ length: 5 }, () => embed(embedder, given))
    for (const vectors of await Promise.all(calls)) t.deepEqual(vectors, expected(given))
    t.is(service.seen.length, 20)
    t.is(service.peak, 2)
  })

  test.serial(`${name}: many requests at once are no leak to Node`, async (t) => {
    const { embedder } = await setUp(t, provider, { batchTextsMax: 1, concurrency: 40 })
    const warnings: Error[] = []
    const note = (warning: Error): number => warnings.push(warning)
    process.on('warning', note)
    const given = texts(100)
    t.deepEqual(await embed(embedder, given), expected(given))
    process.off('warning', note)
    t.deepEqual(warnings, [])
  })

  test(`${name}: ten thousand texts, and none`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { batchTextsMax: 256 })
    t.deepEqual(await embed(embedder, []), [])
    t.is(service.seen.length, 0)
    const given = texts(10_000)
    t.deepEqual(await embed(embedder, given), expected(given))
    t.is(service.seen.length, 40)
  })

  test(`${name}: long texts make smaller batches`, async (t) => {
    const { service, embedder } = await setUp(t, provider)
    const given = ['a', 'b'.repeat(700_000), 'c'.repeat(700_000), 'd']
    t.deepEqual(await embed(embedder, given), expected(given))
    t.is(service.seen.length, 2)
  })

  test(`${name}: a signal ends the call at once, also one that waits for its turn`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { batchTextsMax: 1, concurrency: 1 })
    const stop = new AbortController()
    const reached = new Promise<void>((done) => (service.always = () => done()))
    const calls = [['a', 'b'], ['c']].map((given) =>
      refusal(() => embed(embedder, given, stop.signal)),
    )
    await reached
    stop.abort(new Error('on purpose'))
    for (const error of await Promise.all(calls)) {
      t.is(error.code, 'ERR_ABORTED')
      t.is((error.cause as Error).message, 'on purpose')
    }
    t.is(service.seen.length, 1)
    service.always = answerVectors
    t.deepEqual(await embed(embedder, ['d']), expected(['d']))
    t.is((await refusal(() => embed(embedder, ['e'], stop.signal))).code, 'ERR_ABORTED')
  })

  // Serial: beside the tests that keep the process busy, no time limit would be long enough.
  test.serial(`${name}: a service that does not answer within the time limit`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { timeoutMs: 1000 })
    service.always = (response, given, protocol) =>
      given.includes('a') ? undefined : answerVectors(response, given, protocol)
    const error = await refusal(() => embed(embedder, ['a']))
    t.is(error.code, 'ERR_IO')
    t.is(error.field, 'embedder')
    t.regex(error.message, /no answer within 1000 ms/)
    t.true(error.cause instanceof Error)
    t.deepEqual(await embed(embedder, ['b']), expected(['b']))
  })

  for (const [title, behaviour, code] of WRONG) {
    test(`${name}: ${title} ${code === 'ERR_IO' ? 'fails' : 'is a mistake'}`, async (t) => {
      const { service, embedder } = await setUp(t, provider)
      service.always = behaviour
      const error = await refusal(() => embed(embedder, ['a', 'b', 'c']))
      t.is(error.code, code, error.message)
      if (code === 'ERR_CONFIG') t.is(error.value, 2)
      else t.true(error.cause instanceof Error)
    })
  }

  test(`${name}: vectors of unit length, if asked`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { normalize: true })
    const [vector] = (await embed(embedder, ['a'])) as Float32Array[]
    // A service that is asked for them is believed.
    const isAsked = service.seen[0]?.body['normalize'] === true
    t.true(isAsked || Math.abs(Math.hypot(...(vector ?? [])) - 1) < 1e-6)
  })

  test(`${name}: zeros are a vector where they can be compared`, async (t) => {
    const options = { metric: 'l2', normalize: false } as const
    const { service, embedder } = await setUp(t, provider, options)
    service.always = wrongVectors((all) => all.map(() => [0, 0, 0]))
    t.deepEqual(await embed(embedder, ['a']), [new Float32Array(3)])
  })

  test(`${name}: a failing service stores nothing, and the writes keep their order`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { batchTextsMax: 1 })
    const store = await temporaryStore(t, { embedder })
    service.always = refuse(500)
    const before = await contentsOf(store)
    for (const call of [
      () => store.learn({ content: 'a' }),
      () => store.learnMany([{ content: 'b' }, { content: 'c', vector: [1, 2, 3] }]),
      () => store.search({ text: 'a' }),
    ]) {
      const error = await refusal(call)
      t.is(error.code, 'ERR_IO')
      t.is(error.field, 'embedder')
      t.true(error.cause instanceof Error)
    }
    t.deepEqual(await contentsOf(store), before)
    service.always = async (response, given, protocol) => {
      if (given.includes('slow')) await sleep(50)
      await answerVectors(response, given, protocol)
    }
    const written = ['slow', 'quick', 'last'].map(async (content) => {
      return (await store.learn({ key: 'k', content })).sequence
    })
    t.deepEqual(
      await Promise.all(written),
      [1, 1, 1].map((one, at) => one + at),
    )
    t.is(store.getByKey('k')?.content, 'last')
    t.deepEqual(store.getByKey('k')?.vector, expected(['last'])[0])
    const { hits } = await store.search({ text: 'last', k: 1 })
    t.is(hits[0]?.concept.content, 'last')
  })

  test(`${name}: nobody listens`, async (t) => {
    const embedder = provider.make({ url: await deadUrl(), dimension: DIMENSION, retries: 0 })
    const store = await temporaryStore(t, { embedder })
    const error = await refusal(() => store.learn({ content: 'a' }))
    t.is(error.code, 'ERR_IO')
    t.is(store.stats().written, 0)
  })
}
