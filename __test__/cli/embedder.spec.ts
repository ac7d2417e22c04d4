// Which embedder a command uses, and what it says when that does not fit or does not answer.
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT } from '../../src/cli/exit-codes.js'
import { openStore } from '../../src/index.js'
import {
  deadUrl,
  fakeService,
  refuse,
  sendJson,
  vectorOf,
  type FakeService,
} from '../embed/fake-service.js'
import { HTTP_PROVIDERS } from '../embed/providers.js'
import { folder, start, sutra } from './sutra.js'

const KEY = 'sk-of-a-test-0123456789'

function serviceOf(t: ExecutionContext, name: string): Promise<FakeService> {
  return fakeService(t, HTTP_PROVIDERS.find((one) => one.name === name)!.protocol)
}

/** A folder with two notes to learn. */
function notes(t: ExecutionContext): string {
  const cwd = folder(t)
  mkdirSync(join(cwd, 'notes'))
  writeFileSync(join(cwd, 'notes/a.md'), '# Aspirin\n\nIt inhibits COX-1.\n')
  writeFileSync(join(cwd, 'notes/b.txt'), 'Ask the pharmacy.\n')
  return cwd
}

test('SUTRA_EMBEDDING_SERVICE_URL alone makes every command use the service', async (t) => {
  const service = await serviceOf(t, 'embedding service')
  const cwd = notes(t)
  const env = { SUTRA_EMBEDDING_SERVICE_URL: service.url, SUTRA_EMBEDDING_API_KEY: KEY }
  const learned = await sutra(['learn', 'notes'], { cwd, env })
  t.is(learned.code, 0, learned.stderr)
  t.is(service.seen[0]?.headers.authorization, `Bearer ${KEY}`)
  const line = '{"kind": "concept", "key": "c", "content": "Ibuprofen"}\n'
  writeFileSync(join(cwd, 'c.jsonl'), line)
  t.is((await sutra(['import', 'c.jsonl'], { cwd, env })).code, 0)
  const asked = service.seen.length
  const found = await sutra(['search', 'Ibuprofen', '-k', '1', '--json'], { cwd, env })
  t.is(found.code, 0, found.stderr)
  t.is(service.seen.length, asked + 1)
  t.regex(found.stdout, /Ibuprofen/)
  const stats = await sutra(['stats', '--json'], { cwd, env })
  t.like(JSON.parse(stats.stdout), {
    embedding_provider: 'embedding-service',
    embedding_dimension: 3,
    embedding: { waiting: 0, filled: 0, failed: 0, last_error: null },
  })
  const store = await openStore(join(cwd, 'data'), { readOnly: true })
  t.teardown(() => store.close())
  // A new store takes the dimension of the service.
  t.deepEqual(store.getByKey('c')?.vector, Float32Array.from(vectorOf('Ibuprofen')))
})

test('--embedder openai and ollama, with their keys and models', async (t) => {
  const openAi = await serviceOf(t, 'OpenAI')
  const ollama = await serviceOf(t, 'Ollama')
  for (const [name, service, path] of [
    ['openai', openAi, '/v1/embeddings'],
    ['ollama', ollama, '/api/embed'],
  ] as const) {
    const cwd = notes(t)
    const flags = ['--embedder', name, '--embedding-url', service.url, '--embedding-model', 'm-1']
    const env = { OPENAI_API_KEY: KEY }
    const { code, stderr } = await sutra(['learn', 'notes', ...flags], { cwd, env })
    t.is(code, 0, stderr)
    t.true(service.seen.every((one) => one.path === path && one.body['model'] === 'm-1'))
    // A key of OpenAI is not for another address.
    t.true(service.seen.every(({ headers }) => headers.authorization === undefined))
    const none = await sutra(['learn', 'notes', '--embedder', name], { cwd, env })
    t.is(none.code, EXIT.usage)
    t.regex(none.stderr, /ERR_CONFIG: embeddingModel: .*--embedding-model or SUTRA_EMBEDDING_MODEL/)
  }
})

test('a store of another dimension is refused before anything is written', async (t) => {
  const service = await serviceOf(t, 'embedding service')
  const cwd = notes(t)
  t.is((await sutra(['learn', 'notes'], { cwd })).code, 0)
  const flags = ['--embedding-url', service.url]
  for (const command of [
    ['learn', 'notes', ...flags],
    ['serve', '--port', '0', ...flags],
    ['search', 'aspirin', ...flags],
  ]) {
    const { code, stderr } = await sutra(command, { cwd })
    t.is(code, EXIT.usage, stderr)
    t.regex(stderr, /^sutra: ERR_CONFIG: /)
    t.regex(stderr, /\b768\b/)
    t.regex(stderr, /\b3\b/)
  }
  const given = await sutra(['learn', 'notes', '-d', 'new', '--dimension', '4', ...flags], { cwd })
  t.is(given.code, EXIT.usage)
  t.regex(given.stderr, /vectorDimension/)
})

test('a service that is away: nothing is stored, and the command says why', async (t) => {
  const url = await deadUrl()
  const cwd = notes(t)
  t.is((await sutra(['learn', 'notes'], { cwd })).code, 0)
  writeFileSync(join(cwd, 'notes/c.txt'), 'New.\n')
  const { code, stderr } = await sutra(['learn', 'notes', '--embedding-url', url], { cwd })
  t.is(code, EXIT.failed)
  t.regex(stderr, /ERR_IO: embedder embedding-service: .*ECONNREFUSED/)
  const get = await sutra(['get', '--key', 'doc:c.txt'], { cwd })
  t.is(get.code, EXIT.notFound)
  const fresh = await sutra(['learn', 'notes', '-d', 'new', '--embedding-url', url], { cwd })
  t.is(fresh.code, EXIT.failed)
})

test('serve --embed later takes concepts while the service is away and fills them in', async (t) => {
  const service = await serviceOf(t, 'embedding service')
  const cwd = folder(t)
  const flags = ['--embedding-url', service.url, '--embed', 'later', '--port', '0', '--json']
  service.next.push((response) => sendJson(response, 200, { embeddings: [[1, 2, 3]] }))
  service.always = refuse(400)
  const running = start(['serve', ...flags, '--dimension', '3'], { cwd })
  t.teardown(() => running.child.kill('SIGKILL'))
  const [, url = ''] = await running.seen(/"url":"(http:[^"]+)"/)
  const learn = await fetch(`${url}/learn`, {
    method: 'POST',
    body: JSON.stringify({ content: 'a' }),
    headers: { 'content-type': 'application/json' },
  })
  t.is(learn.status, 200)
  interface Embedding {
    embedding: { waiting: number; filled: number; failed: number; last_error: string | null }
  }
  const stats = async (): Promise<Embedding['embedding']> =>
    ((await (await fetch(`${url}/stats`)).json()) as Embedding).embedding
  while ((await stats()).failed === 0) await new Promise((done) => setTimeout(done, 20))
  t.is((await stats()).waiting, 1)
  t.regex((await stats()).last_error ?? '', /HTTP 400/)
  service.always = (response, texts, protocol) =>
    sendJson(response, 200, protocol.answer(texts.map(vectorOf)))
  while ((await stats()).filled === 0) await new Promise((done) => setTimeout(done, 20))
  t.deepEqual(await stats(), {
    waiting: 0,
    filled: 1,
    failed: (await stats()).failed,
    last_error: null,
  })
  running.child.kill('SIGTERM')
  t.is((await running.outcome).code, 0)
})

test('--embedder lexical is lexical, and refuses a dimension it does not have', async (t) => {
  const cwd = notes(t)
  const env = { SUTRA_EMBEDDING_SERVICE_URL: await deadUrl() }
  t.is((await sutra(['learn', 'notes', '--embedder', 'lexical'], { cwd, env })).code, 0)
  const flags = ['-d', 'other', '--embedder', 'lexical', '--dimension', '4']
  const { code, stderr } = await sutra(['learn', 'notes', ...flags], { cwd })
  t.is(code, EXIT.usage)
  t.regex(stderr, /lexical embedder is 4/)
})

test('a key is never shown, whatever is wrong with it', async (t) => {
  const cwd = notes(t)
  const flags = ['learn', 'notes', '--embedder', 'openai', '--embedding-model', 'm']
  const env = { OPENAI_API_KEY: 'secret with\nspaces' }
  const { code, stderr, stdout } = await sutra(flags, { cwd, env })
  t.is(code, EXIT.usage)
  t.regex(stderr, /apiKey/)
  t.false(`${stdout}${stderr}`.includes('secret'))
})
