// Plain text, its encodings, how it is cut, and the keys of what comes out.
import test from 'ava'
import { extract } from '../../src/learn/extract/index.js'
import { documentKey, parentFolderKey, resolvePath, storeKey } from '../../src/learn/keys.js'
import { shorten, splitText } from '../../src/learn/split-text.js'
import { contents, extractText, LIMITS } from './extracting.js'

test('a short text is one concept, a long one has parts in order', (t) => {
  t.deepEqual(contents(extractText('a.txt', 'Title\nand more\n')), {
    'doc:a.txt': 'a.txt: Title\n\nTitle\nand more',
  })
  const found = extractText('a.txt', `Title\n\n${'A sentence of words. '.repeat(900)}`)
  t.deepEqual(Object.keys(contents(found)), [
    'doc:a.txt',
    'section:a.txt#~1',
    'section:a.txt#~2',
    'section:a.txt#~3',
  ])
})

test('an empty file is a concept with its name', (t) => {
  for (const name of ['a.txt', 'a.md', 'a.ts', 'a.json']) {
    t.true(extractText(name, '').concepts[0]!.content.startsWith(name))
  }
})

const ENCODINGS: [string, Buffer, string][] = [
  ['UTF-8', Buffer.from('naïve 知识'), 'naïve 知识'],
  ['UTF-8 with a mark', Buffer.from('\ufeffnaïve'), 'naïve'],
  ['UTF-16 little-endian', Buffer.from('\ufeffnaïve', 'utf16le'), 'naïve'],
  ['UTF-16 big-endian', Buffer.from('\ufeffnaïve', 'utf16le').swap16(), 'naïve'],
]

for (const [name, bytes, text] of ENCODINGS) {
  test(`reads ${name}`, (t) => {
    const result = extract('a.txt', bytes, LIMITS)
    t.true('found' in result && result.found.concepts[0]!.content.endsWith(`\n\n${text}`))
  })
}

test('refuses what is not text', (t) => {
  t.deepEqual(extract('a.txt', Buffer.from([0xff, 0x41, 0x80]), LIMITS), { refused: 'encoding' })
  t.deepEqual(extract('a.txt', Buffer.from([0x41, 0, 0x41]), LIMITS), { refused: 'binary' })
  t.deepEqual(extract('a.png', Buffer.from('x'), LIMITS), { refused: 'unsupported' })
  t.deepEqual(extract('constructor', Buffer.from('x'), LIMITS), { refused: 'unsupported' })
})

test('pieces have all of a text, and none is too large', (t) => {
  const text = `${'Ein Satz über Größe. '.repeat(50)}\n\n${'知识'.repeat(300)}\n${'😀'.repeat(200)}`
  for (const bytesMax of [1, 3, 4, 7, 50, 333, 10_000]) {
    const pieces = splitText(text, bytesMax)
    t.is(pieces.join('').replace(/\s/g, ''), text.replace(/\s/g, ''))
    // A character is never torn, so one of four bytes may be over a limit of less.
    for (const piece of pieces) t.true(Buffer.byteLength(piece) <= Math.max(bytesMax, 4))
  }
})

test('pieces end at paragraphs, lines, sentences, words, in that order', (t) => {
  t.deepEqual(splitText('aaa bbb\n\nccc ddd', 12), ['aaa bbb', 'ccc ddd'])
  t.deepEqual(splitText('aaa bbb\nccc ddd', 12), ['aaa bbb', 'ccc ddd'])
  t.deepEqual(splitText('aaa bbb. ccc ddd', 12), ['aaa bbb.', 'ccc ddd'])
  t.deepEqual(splitText('aaa bbb ccc ddd', 12), ['aaa bbb ccc', 'ddd'])
  t.deepEqual(splitText('', 10), [])
})

test('what is shortened shows it', (t) => {
  t.is(shorten('short', 100), 'short')
  t.is(shorten('some more words here', 15), 'some more…')
})

test('keys are readable, carry the collection, and fit', (t) => {
  t.is(storeKey('doc:docs/a.md', ''), 'doc:docs/a.md')
  t.is(storeKey('doc:docs/a.md', 'handbook'), 'doc:handbook//docs/a.md')
  const long = storeKey(documentKey(`${'知'.repeat(300)}.md`), '')
  t.true(Buffer.byteLength(long) <= 512)
  t.regex(long, /^doc:知+~[0-9a-f]{32}$/)
  t.not(storeKey(documentKey(`${'知'.repeat(300)}.mdx`), ''), long)
})

test('references stay in the folder or are none', (t) => {
  t.is(resolvePath('a/b.md', 'c.md'), 'a/c.md')
  t.is(resolvePath('a/b.md', '../c.md'), 'c.md')
  t.is(resolvePath('a/b.md', '/c.md'), 'c.md')
  t.is(resolvePath('a/b.md', './x/'), 'a/x')
  t.is(resolvePath('a/b.md', '../../c.md'), undefined)
  t.is(resolvePath('a/b.md', '..'), '.')
  t.is(resolvePath('b.md', '..'), undefined)
})

test('every path but the learned folder has a folder', (t) => {
  t.is(parentFolderKey('a/b/c.md'), 'folder:a/b')
  t.is(parentFolderKey('a.md'), 'folder:.')
  t.is(parentFolderKey('.'), undefined)
})
