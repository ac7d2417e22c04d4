// A folder becomes what its files say, and stays it when they change.
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'ava'
import { learnFolder } from '../../src/learn/index.js'
import { openStore } from '../../src/store.js'
import { allConcepts, edgesOf, emptyStore, folderWith, holding, write } from './playground.js'

const FILES = {
  'README.md': '# Top\n\nSee [guide](docs/guide.md#install) and [code](src/a.ts).\n',
  'docs/guide.md': '# Guide\n\n## Install\n\nRun it.\n\n## Use\n\nCall it.\n',
  'src/a.ts': "import { b } from './b.js'\nimport 'fastify'\n\n/** Adds. */\nexport const a = b\n",
  'src/b.ts': 'export const b = 1\n',
  'package.json': '{"name": "app", "description": "An app", "dependencies": {"fastify": "5"}}',
  'notes.txt': 'Some notes.\n',
}

test('files, sections, items, folders and packages with what connects them', async (t) => {
  const store = await emptyStore(t)
  const report = await learnFolder(store, folderWith(t, FILES))
  t.is(report.filesRead, 6)
  t.deepEqual(report.problemCounts, {})
  t.is(report.concepts.created, store.stats().concepts)
  t.is(report.associations.created, store.stats().edges)
  t.is(report.unresolved, 0)
  t.deepEqual((await allConcepts(store)).map(({ key }) => key!).toSorted(), [
    'doc:README.md',
    'doc:docs/guide.md',
    'doc:notes.txt',
    'doc:package.json',
    'doc:src/a.ts',
    'doc:src/b.ts',
    'folder:.',
    'folder:docs',
    'folder:src',
    'package:app',
    'package:fastify',
    'section:README.md#top',
    'section:docs/guide.md#guide',
    'section:docs/guide.md#install',
    'section:docs/guide.md#use',
    'symbol:src/a.ts#a',
  ])
  t.deepEqual(await edgesOf(store), [
    'doc:README.md in folder:.',
    'doc:docs/guide.md in folder:docs',
    'doc:notes.txt in folder:.',
    'doc:package.json describes package:app',
    'doc:package.json in folder:.',
    'doc:src/a.ts depends_on doc:src/b.ts',
    'doc:src/a.ts depends_on package:fastify',
    'doc:src/a.ts in folder:src',
    'doc:src/b.ts in folder:src',
    'folder:docs in folder:.',
    'folder:src in folder:.',
    'package:app depends_on package:fastify',
    'section:README.md#top links_to doc:src/a.ts',
    'section:README.md#top links_to section:docs/guide.md#install',
    'section:README.md#top part_of doc:README.md',
    'section:docs/guide.md#guide next section:docs/guide.md#install',
    'section:docs/guide.md#guide part_of doc:docs/guide.md',
    'section:docs/guide.md#install next section:docs/guide.md#use',
    'section:docs/guide.md#install part_of doc:docs/guide.md',
    'section:docs/guide.md#install under section:docs/guide.md#guide',
    'section:docs/guide.md#use part_of doc:docs/guide.md',
    'section:docs/guide.md#use under section:docs/guide.md#guide',
    'symbol:src/a.ts#a part_of doc:src/a.ts',
  ])
  const { hits } = await store.search({ text: 'how to install', k: 1 })
  t.is(hits[0]?.concept.key, 'section:docs/guide.md#install')
})

test('a second run writes nothing', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, FILES)
  const first = await learnFolder(store, folder)
  const { sequence } = store.stats()
  const second = await learnFolder(store, folder)
  t.is(store.stats().sequence, sequence)
  t.is(second.sequence, 0)
  t.deepEqual(second.concepts, {
    created: 0,
    updated: 0,
    unchanged: first.concepts.created,
    deleted: 0,
  })
  t.is(second.associations.unchanged, first.associations.created)
})

test('a change writes what changed, and the store is as if learned anew', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, FILES)
  await learnFolder(store, folder)
  write(folder, 'docs/guide.md', '# Guide\n\n## Use\n\nCall it twice.\n\n## More\n\n[up](../)\n')
  rmSync(join(folder, 'src/b.ts'))
  rmSync(join(folder, 'notes.txt'))
  write(folder, 'new/deep/file.md', 'New.\n')
  const report = await learnFolder(store, folder)
  // The guide, its use; README's folder and src list other names. Gone: install, b.ts, notes.txt.
  t.deepEqual(report.concepts, { created: 4, updated: 4, unchanged: 9, deleted: 3 })
  const anew = await emptyStore(t)
  await learnFolder(anew, folder)
  t.deepEqual(await holding(store), await holding(anew))
  t.false((await edgesOf(store)).includes('doc:src/a.ts depends_on doc:src/b.ts'))
  write(folder, 'src/b.ts', FILES['src/b.ts'])
  await learnFolder(store, folder)
  t.true((await edgesOf(store)).includes('doc:src/a.ts depends_on doc:src/b.ts'))
})

test('what others stored stays, what they did to learned concepts is undone', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, FILES)
  await learnFolder(store, folder)
  const mine = await store.learn({ content: 'mine', key: 'doc:mine' })
  const guide = store.getByKey('doc:docs/guide.md')!
  const notes = store.getByKey('doc:notes.txt')!
  await store.associate({ source: guide.id, target: mine.id, type: 'semantic', label: 'links_to' })
  await store.associate({ source: mine.id, target: notes.id, type: 'causal' })
  await store.update(guide.id, { content: 'changed', strength: 0.5 })
  rmSync(join(folder, 'notes.txt'))
  await learnFolder(store, folder)
  t.is(store.get(mine.id)?.content, 'mine')
  t.true((await edgesOf(store)).includes('doc:docs/guide.md links_to doc:mine'))
  t.is(store.get(guide.id)?.content, guide.content)
  t.is(store.get(guide.id)?.strength, 0.5)
  t.deepEqual(store.neighbors(mine.id, { direction: 'out' }), [])
})

test('two folders share a namespace, a moved one is recognised', async (t) => {
  const store = await emptyStore(t)
  const one = folderWith(t, { 'a.md': 'One.' })
  const other = folderWith(t, { 'a.md': 'Other.' })
  t.is((await learnFolder(store, one)).name, '')
  t.is((await learnFolder(store, other)).name, basename(other))
  t.is((await learnFolder(store, one)).concepts.unchanged, 2)
  t.is(store.getByKey(`doc:${basename(other)}//a.md`)?.content, 'a.md\n\nOther.')
  const moved = `${one}-moved`
  renameSync(one, moved)
  t.teardown(() => rmSync(moved, { recursive: true }))
  t.is((await learnFolder(store, moved)).name, '')
  t.is(store.stats().concepts, 4)
})

test('a name taken by another folder is refused, a name given is taken', async (t) => {
  const store = await emptyStore(t)
  const parents = [1, 2, 3].map((at) => folderWith(t, { 'same/a.md': `Number ${at}.` }))
  await learnFolder(store, join(parents[0]!, 'same'))
  await learnFolder(store, join(parents[1]!, 'same'))
  const third = join(parents[2]!, 'same')
  await t.throwsAsync(learnFolder(store, third), { code: 'ERR_CONFLICT' })
  t.is((await learnFolder(store, third, { name: 'third' })).concepts.created, 2)
  t.is(store.stats().concepts, 6)
})

test('another namespace is another world', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, { 'a.md': 'One.' })
  await learnFolder(store, folder)
  const report = await learnFolder(store, folder, { namespace: 'other' })
  t.is(report.name, '')
  t.is(report.concepts.created, 2)
  t.is(store.getByKey('doc:a.md', { namespace: 'other' })?.namespace, 'other')
  rmSync(join(folder, 'a.md'))
  await learnFolder(store, folder, { namespace: 'other' })
  t.truthy(store.getByKey('doc:a.md'))
  t.is(store.getByKey('doc:a.md', { namespace: 'other' }), undefined)
})

test('what is left out, and what is not read and why', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, {
    'a.md': 'A.',
    'node_modules/x/README.md': 'X.',
    '.env': 'SECRET=1',
    'out/b.md': 'B.',
    'deep/.gitignore': '*.log.txt\n!keep.log.txt',
    'deep/c.log.txt': 'C.',
    'deep/keep.log.txt': 'K.',
    '.gitignore': 'out/\n',
    'picture.png': 'x',
    'zero.txt': 'a\0b',
    'latin1.txt': Buffer.from([0x41, 0xe4, 0x41]),
    'big.txt': 'x'.repeat(2000),
    'tmp.skip': 's',
  })
  const outside = folderWith(t, { 'secret.md': 'Outside.' })
  symlinkSync(join(outside, 'secret.md'), join(folder, 'link.md'))
  symlinkSync(outside, join(folder, 'linked'))
  const report = await learnFolder(store, folder, { fileBytesMax: 1000, exclude: ['*.skip'] })
  t.is(report.excluded, 5)
  t.deepEqual(report.problemCounts, {
    unsupported: 3,
    binary: 1,
    encoding: 1,
    'too-large': 1,
    symlink: 2,
  })
  t.deepEqual(
    report.problems.filter(({ reason }) => reason !== 'unsupported').map(({ path }) => path),
    ['link.md', 'linked', 'big.txt', 'latin1.txt', 'zero.txt'],
  )
  const documents = (await allConcepts(store))
    .map(({ key }) => key!)
    .filter((key) => key.startsWith('doc'))
  t.deepEqual(documents.toSorted(), ['doc:a.md', 'doc:deep/keep.log.txt'])
  const all = await learnFolder(store, folder, { gitignore: false })
  t.is(all.concepts.created, 4) // out, out/b.md, deep/c.log.txt, big.txt
})

test('the store itself is not learned, wherever it lies', async (t) => {
  const folder = folderWith(t, { 'a.md': 'A.' })
  const store = await openStore(join(folder, 'memory'), { durability: 'none' })
  const report = await learnFolder(store, folder)
  await store.close()
  t.is(report.filesFound, 1)
  t.is(report.excluded, 1)
})

test('what cannot be read this time is kept', async (t) => {
  if (process.getuid?.() === 0) return t.pass('root reads everything')
  const store = await emptyStore(t)
  const folder = folderWith(t, { 'a.md': '# A\n', 'sub/b.md': '# B\n', 'c.md': 'C.' })
  await learnFolder(store, folder)
  const { concepts } = store.stats()
  chmodSync(join(folder, 'a.md'), 0)
  chmodSync(join(folder, 'sub'), 0)
  const report = await learnFolder(store, folder)
  chmodSync(join(folder, 'sub'), 0o755)
  t.is(report.problemCounts.unreadable, 2)
  return t.is(store.stats().concepts, concepts)
})

test('a .gitignore that cannot be read is a problem of that file', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, { 'a.md': '# A\n', 'sub/b.md': '# B\n', 'sub/c.log.md': '# C\n' })
  write(folder, 'sub/.gitignore', '*.log.md\n'.repeat(200_000))
  const report = await learnFolder(store, folder)
  const ofList = report.problems.filter(({ reason }) => reason !== 'unsupported')
  t.like(ofList, [{ path: 'sub/.gitignore', reason: 'too-large' }])
  t.is(ofList.length, 1)
  t.truthy(store.getByKey('doc:sub/c.log.md'))
  write(folder, 'sub/.gitignore', '*.log.md\n')
  t.is((await learnFolder(store, folder)).problemCounts['too-large'], undefined)
  t.is(store.getByKey('doc:sub/c.log.md'), undefined)
  if (process.getuid?.() === 0) return t.pass('root reads everything')
  chmodSync(join(folder, 'sub/.gitignore'), 0)
  const unreadable = (await learnFolder(store, folder)).problems
  return t.true(
    unreadable.some(({ path, reason }) => path === 'sub/.gitignore' && reason === 'unreadable'),
  )
})

test('folders of packages that cannot be read are told, and what they gave is kept', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, {
    'package.json': '{"name": "app"}',
    'node_modules/one/package.json': '{"name": "one", "dependencies": {"two": "1"}}',
    'node_modules/one/README.md': '# One\n',
    'node_modules/@s/three/package.json': '{"name": "@s/three"}',
  })
  await learnFolder(store, folder, { packages: true })
  const before = Object.keys(await holding(store))
  t.true(before.includes('package:@s/three'))
  // A link that leads to itself cannot be read even by root.
  rmSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync('node_modules', join(folder, 'node_modules'))
  const report = await learnFolder(store, folder, { packages: true })
  t.true(report.problems.some((one) => one.path === 'node_modules' && one.reason === 'unreadable'))
  t.deepEqual(Object.keys(await holding(store)), before)
  // What is not there is no problem, and gives nothing.
  rmSync(join(folder, 'node_modules'))
  t.deepEqual((await learnFolder(store, folder, { packages: true })).problemCounts, {})
  t.is(store.getByKey('package:@s/three'), undefined)
  symlinkSync('package-lock.json', join(folder, 'package-lock.json'))
  const locked = await learnFolder(store, folder, { packages: true })
  t.true(locked.problems.some((one) => one.path === 'package-lock.json'))
  t.is(locked.problemCounts.unreadable, 1)
})

test('installed packages: READMEs, the graph, one concept for several versions', async (t) => {
  const store = await emptyStore(t)
  const manifest = (name: string, version: string, dependencies = {}): string =>
    JSON.stringify({ name, version, description: `It is ${name}`, dependencies })
  const folder = folderWith(t, {
    'package.json': '{"name": "app", "dependencies": {"one": "1"}}',
    'node_modules/one/package.json': manifest('one', '1.0.0', { '@s/two': '2' }),
    'node_modules/one/README.md': '# One\n\n## Usage\n',
    'node_modules/one/index.js': '/** Not read. */\nfunction a() {}\n',
    'node_modules/one/node_modules/three/package.json': manifest('three', '3.1.0'),
    'node_modules/@s/two/package.json': manifest('@s/two', '2.0.0', { three: '3' }),
    'node_modules/three/package.json': manifest('three', '3.0.0'),
    'node_modules/broken/package.json': '{',
    'node_modules/.bin/tool': '#!/bin/sh',
  })
  const outside = folderWith(t, { 'package.json': manifest('outside', '1.0.0') })
  symlinkSync(outside, join(folder, 'node_modules/outside'))
  mkdirSync(join(folder, 'workspace'))
  write(folder, 'workspace/package.json', manifest('workspace', '0.0.1'))
  symlinkSync('../workspace', join(folder, 'node_modules/workspace'))
  const report = await learnFolder(store, folder, { packages: true })
  t.deepEqual(report.problemCounts, { unreadable: 1, symlink: 1 })
  const edges = await edgesOf(store)
  for (const edge of [
    'package:app depends_on package:one',
    'package:one depends_on package:@s/two',
    'package:@s/two depends_on package:three',
    'doc:node_modules/one/README.md in package:one',
    'section:node_modules/one/README.md#usage part_of doc:node_modules/one/README.md',
  ]) {
    t.true(edges.includes(edge), edge)
  }
  t.deepEqual(store.getByKey('package:three')?.attributes.versions, ['3.0.0', '3.1.0'])
  t.truthy(store.getByKey('package:workspace'))
  t.is(store.getByKey('package:outside'), undefined)
  const second = await learnFolder(store, folder)
  t.is(store.getByKey('doc:node_modules/one/README.md'), undefined)
  t.is(second.concepts.created, 0)
  t.truthy(store.getByKey('package:one'))
})

test('sections of any size, JSON escapes of half characters, long names', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, {
    'long.md': `# Long\n\n${'Words of a paragraph that goes on. '.repeat(2000)}\n`,
    'half.json': `{"name": "\\ud800", "text": "a\\udfffb", "pad": "${'x'.repeat(3000)}"}`,
    [`${'d'.repeat(200)}/${'e'.repeat(200)}/${'f'.repeat(200)}.md`]: '# Deep\n',
  })
  const report = await learnFolder(store, folder)
  t.deepEqual(report.problemCounts, {})
  t.true(report.concepts.created > 12)
  t.is((await learnFolder(store, folder)).sequence, 0)
})

test('what the engine refuses is reported, the rest is learned', async (t) => {
  const store = await emptyStore(t, { limits: { contentBytesMax: 1000, batchOperationsMax: 7 } })
  const folder = folderWith(t, { ...FILES, 'long.md': `# Long\n\n${'word '.repeat(500)}\n` })
  const report = await learnFolder(store, folder)
  t.is(report.problemCounts.refused, 2)
  t.truthy(store.getByKey('doc:docs/guide.md'))
  t.is(
    (await learnFolder(store, folder, { contentBytesMax: 900 })).problemCounts.refused,
    undefined,
  )
})

test('force writes everything again', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, FILES)
  const first = await learnFolder(store, folder)
  const again = await learnFolder(store, folder, { force: true })
  t.is(again.concepts.updated, first.concepts.created)
})

const BAD_OPTIONS = [
  ['name', { name: 'a/b' }],
  ['name', { name: 'x'.repeat(101) }],
  ['fileBytesMax', { fileBytesMax: 0 }],
  ['contentBytesMax', { contentBytesMax: 1.5 }],
  ['conceptsPerFileMax', { conceptsPerFileMax: Number.NaN }],
] as const

for (const [field, options] of BAD_OPTIONS) {
  test(`refuses ${JSON.stringify(options)}`, async (t) => {
    const store = await emptyStore(t)
    await t.throwsAsync(learnFolder(store, folderWith(t, FILES), options), { code: 'ERR_INVALID' })
    t.is(store.stats().concepts, 0, field)
  })
}

test('a folder that is none', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, FILES)
  await t.throwsAsync(learnFolder(store, join(folder, 'absent')), { code: 'ERR_NOT_FOUND' })
  await t.throwsAsync(learnFolder(store, join(folder, 'README.md')), { code: 'ERR_INVALID' })
})

test('progress goes from nothing to everything', async (t) => {
  const store = await emptyStore(t)
  const seen: string[] = []
  let last = { filesDone: 0, filesTotal: 0, concepts: 0 }
  await learnFolder(store, folderWith(t, FILES), {
    onProgress: (progress) => {
      if (seen.at(-1) !== progress.phase) seen.push(progress.phase)
      t.true(progress.filesDone >= last.filesDone && progress.concepts >= last.concepts)
      last = progress
    },
  })
  t.deepEqual(seen, ['read', 'associate', 'sweep'])
  t.is(last.filesDone, 6)
  t.is(last.filesTotal, 6)
  t.is(last.concepts, store.stats().concepts)
})
