// What a second run asks the embedder for: new texts, and nothing else.
import test from 'ava'
import { hashedLexicalEmbedder } from '../../src/embed/index.js'
import { learnFolder } from '../../src/learn/index.js'
import type { Embedder } from '../../src/types.js'
import { emptyStore, folderWith, holding, write } from './playground.js'

/** The local embedder with a list of what it was asked. */
function recorded(): Embedder & { asked: string[] } {
  const inner = hashedLexicalEmbedder({ dimension: 256 })
  const asked: string[] = []
  const embed: Embedder['embed'] = (texts, options) => {
    asked.push(...texts)
    return inner.embed(texts, options)
  }
  return { name: inner.name, dimension: inner.dimension, asked, embed }
}

const FILES = {
  'guide.md': '# Guide\n\nAbout it.\n\n## Use\n\nCall it.\n\n## Install\n\nRun it.\n',
  'notes.txt': 'Some notes.\n',
}

for (const embed of ['now', 'later'] as const) {
  test(`sections that are as before keep their vectors, embedded ${embed}`, async (t) => {
    const embedder = recorded()
    const store = await emptyStore(t, { embedder, embed })
    const hasAll = async (): Promise<void> => {
      while (store.stats().embedding.waiting > 0) await new Promise(setImmediate)
    }
    const folder = folderWith(t, FILES)
    await learnFolder(store, folder)
    await hasAll()
    t.true(embedder.asked.length >= 5)
    embedder.asked.length = 0
    await learnFolder(store, folder)
    t.deepEqual(embedder.asked, [])
    // The document has another hash and the sections other places; only one text is another.
    write(folder, 'guide.md', FILES['guide.md'].replace('Run it.', 'Unpack it.'))
    const report = await learnFolder(store, folder)
    await hasAll()
    t.true(report.concepts.updated > 1)
    t.deepEqual(
      embedder.asked.map((text) => text.includes('Unpack it.')),
      [true],
    )
    const anew = await emptyStore(t)
    await learnFolder(anew, folder)
    t.deepEqual(await holding(store), await holding(anew))
    embedder.asked.length = 0
    await learnFolder(store, folder, { force: true })
    t.is(embedder.asked.length, store.stats().concepts)
  })
}
