// A folder of documents and a store to learn it into, gone after the test.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { hashedLexicalEmbedder } from '../../src/embed/index.js'
import { openStore } from '../../src/store.js'
import type { Concept, Store, StoreOptions } from '../../src/types.js'

/** A folder that holds these files. */
export function folderWith(
  t: ExecutionContext,
  files: Record<string, string | Uint8Array>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-learn-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) write(folder, path, content)
  return folder
}

/** Writes a file of the folder. */
export function write(folder: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** An empty store with the local embedder. */
export async function emptyStore(t: ExecutionContext, options?: StoreOptions): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-store-'))
  const embedder = hashedLexicalEmbedder({ dimension: 256 })
  const store = await openStore(folder, {
    vectorDimension: 256,
    durability: 'none',
    embedder,
    ...options,
  })
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return store
}

/** All concepts of a store. */
export async function allConcepts(store: Store): Promise<Concept[]> {
  const concepts: Concept[] = []
  let cursor: string | undefined
  do {
    const page = await store.list({
      order: 'id',
      limit: 1000,
      ...(cursor !== undefined && { cursor }),
    })
    concepts.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return concepts
}

/** Everything a store holds, by key: contents, attributes, and associations in order. */
export async function holding(store: Store): Promise<Record<string, unknown>> {
  const held: Record<string, unknown> = {}
  for (const { id, key = id, content, attributes, vector } of await allConcepts(store)) {
    const out = store.neighbors(id, { direction: 'out' }).map((edge) => {
      const target = store.get(edge.target)?.key ?? edge.target
      return [target, edge.type, edge.label, edge.confidence, edge.weight, edge.attributes]
    })
    const ordered = out.map((edge) => JSON.stringify(edge)).toSorted()
    held[key] = { content, attributes, out: ordered, vector: vector && [...vector] }
  }
  return held
}

/** Associations of a store as "source label target", by keys, in order. */
export async function edgesOf(store: Store): Promise<string[]> {
  const edges: string[] = []
  for (const { id, key } of await allConcepts(store)) {
    for (const { target, label } of store.neighbors(id, { direction: 'out' })) {
      edges.push(`${key} ${label} ${store.get(target)?.key}`)
    }
  }
  return edges.toSorted()
}
