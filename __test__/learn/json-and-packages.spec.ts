// JSON and manifests: sections of the top level, packages and what they depend on.
import test from 'ava'
import { cargoFacts } from '../../src/learn/extract/cargo-toml.js'
import { packageLockFacts } from '../../src/learn/extract/package-lock.js'
import { PackageGraph } from '../../src/learn/package-graph.js'
import { associations, contents, extractText } from './extracting.js'

test('a small JSON file is one concept', (t) => {
  const found = extractText('a/conf.json', '{"name": "Conf", "port": 1}')
  t.deepEqual(contents(found), {
    'doc:a/conf.json': 'a/conf.json: Conf\n\n{"name": "Conf", "port": 1}',
  })
})

test('the members of a large one are sections in order', (t) => {
  const value = { title: 'T', text: 'x'.repeat(3000), 'The List': [1, 2], text2: 'y' }
  const found = extractText('a.json', JSON.stringify(value))
  t.deepEqual(Object.keys(contents(found)), [
    'doc:a.json',
    'section:a.json#title',
    'section:a.json#text',
    'section:a.json#the-list',
    'section:a.json#text2',
  ])
  t.is(found.concepts[0]!.content, 'a.json: T\n\nT\nMembers: title, text, The List, text2')
  t.is(found.concepts[3]!.content, 'a.json The List\n\n[\n 1,\n 2\n]')
})

test('the elements of a large array are sections', (t) => {
  const found = extractText('a.json', JSON.stringify(Array(3).fill('z'.repeat(1000))))
  t.deepEqual(Object.keys(contents(found)).slice(1), [
    'section:a.json#0',
    'section:a.json#1',
    'section:a.json#2',
  ])
})

test('what is not JSON is read as text, with a note', (t) => {
  const found = extractText('tsconfig.json', '{\n // why\n "a": 1,\n}')
  t.is(found.concepts.length, 1)
  t.regex(found.notes[0]!, /^not JSON, read as text: /)
})

test('package.json describes a package with its dependencies', (t) => {
  const manifest = {
    name: 'app',
    version: '1.0.0',
    description: 'An app',
    keywords: ['k', 1],
    dependencies: { fastify: '^5', app: '*' },
    devDependencies: { ava: '7', fastify: '4' },
    peerDependencies: { typescript: '>=5' },
    optionalDependencies: { fsevents: '*' },
  }
  const found = extractText('package.json', JSON.stringify(manifest))
  t.deepEqual(associations(found), ['doc:package.json describes package:app'])
  const graph = new PackageGraph()
  for (const facts of found.packages) graph.add(facts)
  t.deepEqual(
    [...graph.concepts()].map(({ key, content }) => [key, content]),
    [
      ['package:app', 'app: An app\nKeywords: k'],
      ['package:fastify', 'fastify'],
      ['package:fsevents', 'fsevents'],
      ['package:typescript', 'typescript'],
      ['package:ava', 'ava'],
    ],
  )
  t.deepEqual(
    [...graph.associations()].map(({ targets, attributes }) => [targets[0], attributes]),
    [
      ['package:fastify', { use: 'normal', range: '^5' }],
      ['package:fsevents', { use: 'optional', range: '*' }],
      ['package:typescript', { use: 'peer', range: '>=5' }],
      ['package:ava', { use: 'dev', range: '7' }],
    ],
  )
})

const ODD_MANIFESTS = ['[]', '{}', '{"name": 1}', '{"name": ""}', 'null', '{"name": "a"', '"a"']

for (const text of ODD_MANIFESTS) {
  test(`a package.json that is ${text} describes nothing`, (t) => {
    t.deepEqual(extractText('package.json', text).packages, [])
  })
}

test('odd dependency lists do no harm', (t) => {
  const text = '{"name": "a", "dependencies": [1], "devDependencies": {"b": null, "": "1"}}'
  const [facts] = extractText('package.json', text).packages
  t.deepEqual(facts!.dependencies, [{ key: 'package:b', name: 'b', use: 'dev' }])
})

test('Cargo.toml describes a crate with its dependencies', (t) => {
  const facts = cargoFacts(`
[package]
name = "sutra-shard" # the engine
version = "0.1.0"
description = "An engine"

[dependencies]
serde = "1"
sutra-env.workspace = true
renamed = { package = "real-name", version = "2" }

[dependencies.big]
version = "3"
serde = "not a dependency"

[target.'cfg(unix)'.dependencies]
rustix = { version = "1" }

[dev-dependencies]
proptest = "1"

[workspace.dependencies]
ignored = "1"
`)!
  t.is(facts.key, 'crate:sutra-shard')
  t.is(facts.description, 'An engine')
  t.deepEqual(
    facts.dependencies.map(({ name, range, use }) => [name, range, use]),
    [
      ['serde', '1', 'normal'],
      ['sutra-env', undefined, 'normal'],
      ['real-name', '2', 'normal'],
      ['big', undefined, 'normal'],
      ['rustix', '1', 'normal'],
      ['proptest', '1', 'dev'],
    ],
  )
  t.is(cargoFacts('[workspace]\nmembers = ["a"]\n'), undefined)
})

test('package-lock.json gives the graph of what is not installed', (t) => {
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': { name: 'app', dependencies: { a: '1' } },
      'node_modules/a': { version: '1.0.0', dependencies: { b: '^2' } },
      'node_modules/a/node_modules/b': { version: '2.0.0', devDependencies: { c: '1' } },
      'node_modules/@s/alias': { name: 'real', version: '3.0.0' },
    },
  }
  const facts = packageLockFacts(JSON.stringify(lock))
  t.deepEqual(
    facts.map(({ key, version, dependencies }) => [key, version, dependencies.length]),
    [
      ['package:a', '1.0.0', 1],
      ['package:b', '2.0.0', 0],
      ['package:real', '3.0.0', 0],
    ],
  )
  t.deepEqual(packageLockFacts('{"lockfileVersion": 1, "dependencies": {}}'), [])
  t.deepEqual(packageLockFacts('not json'), [])
})

test('several versions of a package are one concept', (t) => {
  const graph = new PackageGraph()
  for (const version of ['2.0.0', '1.0.0', '2.0.0']) {
    graph.add({ key: 'package:a', name: 'a', ecosystem: 'npm', version, dependencies: [] })
  }
  const [concept, ...others] = graph.concepts()
  t.deepEqual(concept!.attributes!.versions, ['1.0.0', '2.0.0'])
  t.is(others.length, 0)
})
