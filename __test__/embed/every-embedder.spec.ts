// What every embedder owes its caller when all is well, the local one included.
import test, { type ExecutionContext } from 'ava'
import { hashedLexicalEmbedder } from '../../src/index.js'
import type { Embedder } from '../../src/index.js'
import { refusal, temporaryFolder } from '../store/temporary-store.js'
import { openStore } from '../../src/store.js'
import { PROVIDERS, setUp } from './providers.js'

const EMBEDDERS: [name: string, make: (t: ExecutionContext) => Promise<Embedder>][] = [
  ['hashed lexical', async () => hashedLexicalEmbedder({ dimension: 256 })],
  ...PROVIDERS.map((provider): (typeof EMBEDDERS)[number] => [
    provider.name,
    async (t) => (await setUp(t, provider, { batchTextsMax: 64 })).embedder,
  ]),
]

for (const [name, make] of EMBEDDERS) {
  test(`${name}: a vector belongs to its text, alone and among others`, async (t) => {
    const embedder = await make(t)
    t.not(embedder.name, '')
    t.deepEqual(await embedder.embed([], {}), [])
    const texts = Array.from({ length: 1000 }, (_, at) => `text ${at % 250} ${'x'.repeat(at % 9)}`)
    const vectors = await embedder.embed(texts, {})
    t.is(vectors.length, texts.length)
    for (const at of [0, 63, 64, 500, 999]) {
      const [alone] = await embedder.embed([texts[at] ?? ''], {})
      t.true(alone instanceof Float32Array)
      t.is(alone?.length, embedder.dimension)
      t.deepEqual(vectors[at], alone)
    }
  })

  test(`${name}: an aborted signal ends it with the reason as cause`, async (t) => {
    const embedder = await make(t)
    const cause = new Error('on purpose')
    const error = await refusal(() => embedder.embed(['a'], { signal: AbortSignal.abort(cause) }))
    t.is(error.code, 'ERR_ABORTED')
    t.is(error.cause, cause)
  })

  test(`${name}: a store learns and finds with it, and keeps the order of writes`, async (t) => {
    const embedder = await make(t)
    const folder = temporaryFolder(t)
    const store = await openStore(folder, { embedder, durability: 'os' })
    const texts = ['one', 'a much longer second', 'three']
    const learned = await Promise.all(texts.map((content) => store.learn({ key: 'k', content })))
    t.deepEqual(
      learned.map(({ sequence }) => sequence),
      [1, 2, 3],
    )
    t.is(store.getByKey('k')?.content, 'three')
    await store.learn({ content: 'zebra crossing' })
    const { hits } = await store.search({ text: 'three', k: 1 })
    t.is(hits[0]?.concept.content, 'three')
    await store.close()
    // A folder remembers how long its vectors are.
    const other = { ...embedder, dimension: embedder.dimension + 1 }
    const error = await refusal(() => openStore(folder, { embedder: other }))
    t.is(error.code, 'ERR_CONFIG')
    t.is(error.field, 'vectorDimension')
  })
}
