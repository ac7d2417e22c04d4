// The local default embedder: the same text gives the same bits, near texts are near.
import { createHash } from 'node:crypto'
import test from 'ava'
import { hashedLexicalEmbedder } from '../../src/embed/index.js'
import { SutraError } from '../../src/errors.js'

const embedder = hashedLexicalEmbedder()

async function vectorOf(text: string): Promise<Float32Array> {
  const [vector] = await embedder.embed([text], {})
  return vector!
}

function dot(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, at) => sum + value * other[at]!, 0)
}

async function nearness(one: string, other: string): Promise<number> {
  return dot(await vectorOf(one), await vectorOf(other))
}

/** Vectors are compared bit by bit: another version of the algorithm needs another name. */
const GOLDEN = new Map([
  ['Aspirin inhibits COX-1', '781633fef8473b8b'],
  ['The quick brown fox jumps over the lazy dog', 'e4e06f65b3ce9196'],
  ['Größe: 10 µm, naïve café', '170fb8bef65b8d6f'],
  ['数据库 stores 知识', '3b17779c2d6fb75d'],
  ['😀 party 🎉', 'da73b82c33116f54'],
  ['', 'dc9dcd05492c4913'],
])

for (const [text, expected] of GOLDEN) {
  test(`the bits of ${JSON.stringify(text)} stay as they are`, async (t) => {
    const vector = await vectorOf(text)
    const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
    t.is(createHash('sha256').update(bytes).digest('hex').slice(0, 16), expected)
  })
}

test('says what it is', (t) => {
  t.is(embedder.name, 'hashed-lexical-1')
  t.is(embedder.dimension, 768)
})

for (const dimension of [256, 300, 384, 768]) {
  test(`vectors of dimension ${dimension} have length 1`, async (t) => {
    const texts = [
      'a',
      'Aspirin inhibits COX-1',
      '',
      '   ',
      '!!!',
      '😀',
      '知识',
      'x'.repeat(10_000),
    ]
    for (const vector of await hashedLexicalEmbedder({ dimension }).embed(texts, {})) {
      t.is(vector.length, dimension)
      t.true(Math.abs(Math.sqrt(dot(vector, vector)) - 1) < 1e-6)
    }
  })
}

for (const dimension of [255, 769, 256.5, Number.NaN, -1]) {
  test(`refuses the dimension ${dimension}`, (t) => {
    const error = t.throws(() => hashedLexicalEmbedder({ dimension }), { instanceOf: SutraError })
    t.is(error.code, 'ERR_CONFIG')
    t.is(error.field, 'dimension')
  })
}

test('what was embedded before does not matter', async (t) => {
  const fresh = hashedLexicalEmbedder()
  await fresh.embed(['something else entirely', 'Aspirin', 'inhibits'], {})
  const [vector] = await fresh.embed(['Aspirin inhibits COX-1'], {})
  t.deepEqual(vector, await vectorOf('Aspirin inhibits COX-1'))
})

test('case, composition and width of characters do not matter', async (t) => {
  t.deepEqual(await vectorOf('CAFÉ'), await vectorOf('cafe\u0301'))
  t.deepEqual(await vectorOf('ｓｑｌ'), await vectorOf('SQL'))
})

const NEARER: [text: string, near: string, far: string][] = [
  ['the dog barks at the mailman', 'dogs barking at mailmen', 'the price of the house'],
  ['durable write ahead log', 'the log is written ahead of the data', 'vector search in a graph'],
  ['install the package', 'installation of packages', 'the history of Rome'],
  ['colour photography', 'color photograph', 'deep sea fishing'],
  ['数据库的安装', '安装数据库', '今天天气很好'],
  ['データベースの検索', '検索データベース', '美しい花'],
  ['데이터베이스 검색', '데이터베이스를 검색한다', '오늘 날씨가 좋다'],
  ['party 🎉', '🎉 again', 'sober meeting'],
]

for (const [text, near, far] of NEARER) {
  test(`"${text}" is nearer to "${near}" than to "${far}"`, async (t) => {
    t.true((await nearness(text, near)) > (await nearness(text, far)) + 0.1)
  })
}

test('common words weigh little', async (t) => {
  t.true((await nearness('this is the one that was of it', 'this is the aspirin of it')) < 0.5)
  t.true((await nearness('what is aspirin?', 'Aspirin inhibits COX-1')) > 0.4)
})

test('unrelated texts are nearly at right angles', async (t) => {
  t.true(Math.abs(await nearness('photosynthesis in plants', 'Byzantine fault tolerance')) < 0.2)
})

test('an aborted call ends with ERR_ABORTED', async (t) => {
  const aborted = embedder.embed(['a'], { signal: AbortSignal.abort() })
  await t.throwsAsync(aborted, { code: 'ERR_ABORTED' })
})

test('lone surrogates and unbroken megabytes do no harm', async (t) => {
  t.is((await vectorOf('a \ud800 b')).length, 768)
  t.is((await vectorOf('z'.repeat(1_000_000))).length, 768)
})
