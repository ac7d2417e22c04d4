// Export, then import into an empty store: the same ids, contents, vectors and associations.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import test from 'ava'
import type { Store } from '../../src/types.js'
import { exportFile, exportStore, importFile } from '../../src/transfer/index.js'
import { allConcepts, emptyStore } from '../learn/playground.js'

const folder = mkdtempSync(join(tmpdir(), 'sutra-export-'))
test.after.always(() => rmSync(folder, { recursive: true }))

async function fill(store: Store): Promise<void> {
  const vector = (seed: number): Float32Array =>
    Float32Array.from({ length: 256 }, (_, at) => Math.fround(Math.sin(seed * 1000 + at)))
  const learned = await store.learnMany([
    { content: 'by content\n"quoted" 知识 😀', vector: vector(1) },
    { content: 'by key', key: 'the key', attributes: { a: [1, { b: null }], c: 'x' } },
    { content: 'by id', id: 'ab'.repeat(16), strength: 0.25, confidence: 0.5 },
    { content: 'elsewhere', namespace: 'other', key: 'the key' },
    {
      content: 'dated',
      validFrom: new Date(1_700_000_000_000),
      validTo: new Date(1_800_000_000_000),
    },
  ])
  const [a, b, c, d, e] = learned.map(({ id }) => id) as [string, string, string, string, string]
  await store.update(a, { content: 'content changed later' })
  await store.associateMany([
    { source: a, target: b, type: 'causal', label: 'l', confidence: 0.5, weight: -2.5 },
    { source: a, target: b, type: 'causal' },
    { source: b, target: a, type: 'temporal', attributes: { why: ['x'] } },
    { source: c, target: d, type: 'hierarchical', validFrom: new Date(1_700_000_000_000) },
    { source: e, target: e, type: 'compositional' },
    { source: d, target: a, type: 'semantic' },
  ])
}

/** Everything but times of creation and sequences. */
async function picture(store: Store): Promise<unknown> {
  const picked: unknown[] = []
  for (const concept of await allConcepts(store)) {
    const { id, key, namespace, content, attributes, strength, confidence } = concept
    const { validFrom, validTo, vector } = concept
    const out = store.neighbors(id, { direction: 'out' }).map((edge) => {
      const { target, type, label, weight } = edge
      const more = [edge.confidence, edge.attributes, edge.validFrom, edge.validTo]
      return JSON.stringify([target, type, label, weight, more])
    })
    picked.push({ id, key, namespace, content, attributes, strength, confidence, vector })
    picked.push({ validFrom, validTo, out: out.toSorted() })
  }
  return picked
}

for (const gzip of [false, true]) {
  test(`export and import give an equal store${gzip ? ', compressed' : ''}`, async (t) => {
    const store = await emptyStore(t)
    await fill(store)
    const path = join(folder, `store-${gzip}`)
    const report = await exportFile(store, path, { gzip })
    t.like(report, { concepts: 5, associations: 6, sequence: store.stats().sequence })
    t.is(readFileSync(path)[0], gzip ? 0x1f : 0x7b)
    const copy = await emptyStore(t)
    const imported = await importFile(copy, path)
    t.is(imported.problemCount, 0)
    t.deepEqual(await picture(copy), await picture(store))
  })
}

test('more concepts and associations than a page', async (t) => {
  const store = await emptyStore(t)
  const contents = Array.from({ length: 2500 }, (_, at) => ({ content: `number ${at}` }))
  const ids: string[] = []
  for (let at = 0; at < contents.length; at += 1000) {
    ids.push(...(await store.learnMany(contents.slice(at, at + 1000))).map(({ id }) => id))
  }
  for (let at = 0; at < ids.length; at += 1000) {
    const source = ids[0]!
    const edges = ids.slice(at, at + 1000).map((target) => ({ source, target, type: 'semantic' }))
    await store.associateMany(edges as Parameters<Store['associateMany']>[0])
  }
  const path = join(folder, 'pages')
  t.like(await exportFile(store, path), { concepts: 2500, associations: 2500 })
  const copy = await emptyStore(t)
  await importFile(copy, path)
  t.deepEqual(await picture(copy), await picture(store))
})

test('one namespace only, without vectors', async (t) => {
  const store = await emptyStore(t)
  await fill(store)
  const path = join(folder, 'namespace')
  t.like(await exportFile(store, path, { namespace: 'other', vectors: false }), {
    concepts: 1,
    associations: 0,
  })
  t.deepEqual(JSON.parse(readFileSync(path, 'utf8')), {
    kind: 'concept',
    key: 'the key',
    namespace: 'other',
    content: 'elsewhere',
  })
})

test('one moment is exported, whatever is written meanwhile', async (t) => {
  const store = await emptyStore(t)
  await fill(store)
  const output = new PassThrough()
  const chunks: Buffer[] = []
  output.on('data', (chunk: Buffer) => chunks.push(chunk))
  const done = exportStore(store, output)
  await store.learn({ content: 'too late' })
  const report = await done
  t.is(report.concepts, 5)
  t.false(Buffer.concat(chunks).toString().includes('too late'))
})

test('a closed store and a folder that is not there are an error, not the end', async (t) => {
  const store = await emptyStore(t)
  await store.close()
  const path = join(folder, 'absent', 'export.jsonl')
  // An unheard error of the file would be an uncaught exception, which fails the run.
  await t.throwsAsync(exportFile(store, path), { code: 'ERR_CLOSED' })
  await new Promise((resolve) => setTimeout(resolve, 50))
})

test('an export that fails leaves no file and no other one changed', async (t) => {
  const store = await emptyStore(t)
  await fill(store)
  const path = join(folder, 'kept')
  writeFileSync(path, 'before')
  const signal = AbortSignal.abort()
  await t.throwsAsync(exportFile(store, path, { signal }), { code: 'ERR_ABORTED' })
  t.is(readFileSync(path, 'utf8'), 'before')
  t.false(existsSync(`${path}.partial`))
  const absent = exportFile(store, join(folder, 'no/such/folder'))
  await t.throwsAsync(absent, { code: 'ERR_IO' })
  const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no room')) })
  await t.throwsAsync(exportStore(store, failing), { code: 'ERR_IO' })
})
