// What providers over HTTP do besides: trying again, authorization, answers that get out of hand.
import test from 'ava'
import { inspect } from 'node:util'
import type { Embedder } from '../../src/index.js'
import { refusal, temporaryStore } from '../store/temporary-store.js'
import {
  answerVectors,
  deadUrl,
  DIMENSION,
  fakeService,
  refuse,
  sendJson,
  vectorOf,
  type Behaviour,
} from './fake-service.js'
import { HTTP_PROVIDERS, recordedTiming, setUp } from './providers.js'

const KEY = 'sk-not-to-be-shown-0123456789'

function embed(embedder: Embedder, given: string[]): Promise<Float32Array[]> {
  return embedder.embed(given, {})
}

/** A connection that ends before the answer does. */
const closeHalfWay: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"embeddings":', () => response.destroy())
}

const closeAtOnce: Behaviour = (response) => void response.destroy()

const RETRIED: [title: string, behaviour: Behaviour][] = [
  ['a status of 408', refuse(408)],
  ['a status of 429', refuse(429)],
  ['a status of 500', refuse(500)],
  ['a status of 503', refuse(503)],
  ['a connection closed at once', closeAtOnce],
  ['a connection closed half-way', closeHalfWay],
]

for (const provider of HTTP_PROVIDERS) {
  const { name } = provider

  for (const [title, behaviour] of RETRIED) {
    test(`${name}: ${title} is tried again, each pause twice as long`, async (t) => {
      const timing = recordedTiming()
      const { service, embedder } = await setUp(t, provider, { retries: 3 }, timing)
      service.next.push(behaviour, behaviour, behaviour)
      t.deepEqual(await embed(embedder, ['a']), [Float32Array.from(vectorOf('a'))])
      t.deepEqual(timing.pauses, [500, 1000, 2000])
      t.is(service.seen.length, 4)
    })
  }

  for (const status of [302, 400, 401, 403, 404, 413, 422]) {
    test(`${name}: a status of ${status} is not tried again`, async (t) => {
      const timing = recordedTiming()
      const { service, embedder } = await setUp(t, provider, { retries: 3 }, timing)
      service.always = refuse(status, status === 302 ? { location: '/elsewhere' } : {})
      const error = await refusal(() => embed(embedder, ['a']))
      t.is(error.code, 'ERR_IO')
      t.regex(error.message, new RegExp(`HTTP ${status}: status ${status}`))
      t.is(service.seen.length, 1)
    })
  }

  test(`${name}: after the last try the caller is told what it was`, async (t) => {
    const timing = recordedTiming()
    const { service, embedder } = await setUp(t, provider, { retries: 7 }, timing)
    service.always = refuse(503)
    const error = await refusal(() => embed(embedder, ['a']))
    t.regex(error.message, /tried 8 times: HTTP 503: status 503/)
    t.deepEqual(timing.pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000])
  })

  test(`${name}: Retry-After is heeded, in seconds and as a date, unless it is long`, async (t) => {
    const now = Date.parse('2024-05-01T12:00:00Z')
    const timing = recordedTiming(now)
    const { service, embedder } = await setUp(t, provider, { retries: 3 }, timing)
    const date = new Date(now + 7000).toUTCString()
    service.next.push(
      refuse(429, { 'retry-after': '3' }),
      refuse(503, { 'retry-after': date }),
      refuse(429, { 'retry-after': 'soon' }),
    )
    await embed(embedder, ['a'])
    t.deepEqual(timing.pauses, [3000, 7000, 2000])
    service.next.push(refuse(429, { 'retry-after': '3600' }))
    t.is((await refusal(() => embed(embedder, ['b']))).code, 'ERR_IO')
    t.is(timing.pauses.length, 3)
  })

  test(`${name}: no connection is tried again, and the cause says why`, async (t) => {
    const timing = recordedTiming()
    const options = { url: await deadUrl(), dimension: DIMENSION, retries: 2 }
    const error = await refusal(() => embed(provider.make(options, timing), ['a']))
    t.is(error.code, 'ERR_IO')
    t.regex(error.message, /ECONNREFUSED/)
    t.deepEqual(timing.pauses, [500, 1000])
    t.regex(inspect(error.cause, { depth: 5 }), /ECONNREFUSED/)
  })

  test(`${name}: a signal ends a pause`, async (t) => {
    const { service, embedder } = await setUp(t, provider, { retries: 10 })
    service.always = refuse(503)
    const stop = new AbortController()
    const failed = refusal(() => embedder.embed(['a'], { signal: stop.signal }))
    while (service.seen.length === 0) await new Promise((done) => setTimeout(done, 5))
    stop.abort()
    t.is((await failed).code, 'ERR_ABORTED')
  })

  test(`${name}: an answer that never ends is cut off`, async (t) => {
    const { service, embedder } = await setUp(t, provider)
    let onClosed = (): void => {}
    const closed = new Promise<void>((done) => (onClosed = done))
    service.next.push((response) => {
      response.once('close', onClosed)
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    })
    const error = await refusal(() => embed(embedder, ['a']))
    t.is(error.code, 'ERR_IO')
    t.regex(error.message, /more than \d+ bytes/)
    await closed
  })

  test(`${name}: the key goes to the service and nowhere else`, async (t) => {
    const header = 'a-header-not-to-be-shown'
    const options = { apiKey: KEY, headers: { 'X-Team': header } }
    const { service, embedder } = await setUp(t, provider, options)
    await embed(embedder, ['a'])
    t.is(service.seen[0]?.headers.authorization, `Bearer ${KEY}`)
    t.is(service.seen[0]?.headers['x-team'], header)
    const shown: unknown[] = [embedder, JSON.stringify(embedder)]
    const behaviours: Behaviour[] = [
      // A service that shows what it was sent.
      (response) => sendJson(response, 401, { error: { message: `bad key ${KEY} of ${header}` } }),
      (response) => sendJson(response, 500, { error: `Bearer ${KEY}` }),
      (response) => void response.end(`key ${KEY}`),
      closeHalfWay,
    ]
    for (const behaviour of behaviours) {
      service.next.push(behaviour)
      shown.push(await refusal(() => embed(embedder, ['a'])))
      const store = await temporaryStore(t, { embedder })
      service.next.push(behaviour)
      shown.push(await refusal(() => store.learn({ content: 'a' })))
    }
    const text = shown.map((one) => inspect(one, { depth: 9, showHidden: true })).join('\n')
    t.false(text.includes(KEY))
    t.false(text.includes(header))
    t.true(text.includes('bad key *** of ***'))
  })

  test(`${name}: addresses with and without path and slash mean the same route`, async (t) => {
    const service = await fakeService(t, provider.protocol)
    for (const path of ['', '/', provider.path, `/proxy${provider.path}`]) {
      const url = `${service.url}${path}?version=1`
      await embed(provider.make({ url, dimension: DIMENSION }), ['a'])
      const expected = path.length > 1 ? path : provider.path
      t.is(service.seen.at(-1)?.path, `${expected}?version=1`)
    }
  })

  test(`${name}: options that are wrong are named, all of them, without the key`, async (t) => {
    const bad = {
      url: 'ftp://u:secret-in-url@x',
      apiKey: 'with a space and secret',
      dimension: 0,
      batchTextsMax: 1.5,
      concurrency: 65,
      timeoutMs: 0,
      retries: -1,
      normalize: 'yes',
      metric: 'hamming',
      headers: { 'x-y': 'secret\n', 'x y': 'z' },
      colour: 'red',
    }
    const error = await refusal(() => provider.make(bad as never))
    t.is(error.code, 'ERR_CONFIG')
    for (const field of [...Object.keys(bad).filter((one) => one !== 'headers'), 'headers.x-y']) {
      t.true(error.message.includes(`${field}: `), field)
    }
    t.false(inspect(error).includes('secret'))
    t.is((await refusal(() => provider.make({} as never))).field, 'dimension')
  })
}

test('the OpenAI embedder asks for the dimension where the model can shorten', async (t) => {
  const provider = HTTP_PROVIDERS.find(({ name }) => name === 'OpenAI')!
  const service = await fakeService(t, provider.protocol)
  const asked: unknown[] = []
  for (const more of [{}, { model: 'text-embedding-3-small' }, { sendDimension: true }]) {
    await embed(provider.make({ url: service.url, dimension: DIMENSION, ...more }), ['a'])
    asked.push(service.seen.at(-1)?.body['dimensions'])
  }
  t.deepEqual(asked, [undefined, DIMENSION, DIMENSION])
})

test('an OpenAI answer with an index twice, or beyond the texts, fails', async (t) => {
  const provider = HTTP_PROVIDERS.find(({ name }) => name === 'OpenAI')!
  const { service, embedder } = await setUp(t, provider)
  const vector = [1, 2, 3]
  for (const [first, second] of [
    [0, 0],
    [0, 2],
    [-1, 0],
    [0, '1'],
  ]) {
    const data = [first, second].map((index) => ({ index, embedding: vector }))
    service.next.push((response) => sendJson(response, 200, { data }))
    t.regex((await refusal(() => embed(embedder, ['a', 'b']))).message, /index/)
  }
  service.always = answerVectors
  t.is((await embed(embedder, ['a', 'b'])).length, 2)
})

test('a service whose dimensions are not those of its vectors fails', async (t) => {
  const { service, embedder } = await setUp(t, HTTP_PROVIDERS[0]!)
  const answer = { embeddings: [[1, 2, 3]], dimensions: 4 }
  service.next.push((response) => sendJson(response, 200, answer))
  t.regex((await refusal(() => embed(embedder, ['a']))).message, /contradicts itself/)
})
