// Stores in folders that are gone after the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { openStore, SutraError } from '../../src/index.js'
import type { Store, StoreOptions } from '../../src/index.js'

/** An empty folder, removed after the test. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A store of vectors of three dimensions in a new folder, closed after the test. */
export async function temporaryStore(
  t: ExecutionContext,
  options: StoreOptions = {},
): Promise<Store> {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3, durability: 'os', ...options })
  t.teardown(() => store.close())
  return store
}

/** The SutraError of a call that has to fail, whether it throws or rejects. */
export async function refusal(call: () => unknown): Promise<SutraError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof SutraError) return error
    throw new Error('not a SutraError', { cause: error })
  }
  throw new Error('the call did not fail')
}

/** Everything that can be read of a small store, to see that nothing changed. */
export async function contentsOf(store: Store): Promise<unknown> {
  const { items } = await store.list({ limit: 1000, order: 'id' })
  const { concepts, edges, vectors, sequence } = store.stats()
  const all = items.map((concept) => ({
    concept: JSON.parse(JSON.stringify(concept)) as unknown,
    edges: store.neighbors(concept.id, { direction: 'both' }).map((edge) => JSON.stringify(edge)),
  }))
  return { concepts, edges, vectors, sequence, all }
}
