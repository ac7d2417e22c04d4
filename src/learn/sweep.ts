// Deletes learned concepts that no file gives any more.

import { WriteBatches } from '../transfer/write-batches.js'
import { Turns } from '../turns.js'
import type { ConceptId, Store } from '../types.js'
import type { Desired } from './desired.js'
import type { LearnSettings } from './options.js'
import type { LearnReport } from './report.js'

/** Concepts read at once. */
const PAGE_CONCEPTS = 1000
/** Our keys start so; others are passed over without decoding their attributes. */
const OUR_KEY = /^(?:doc|section|symbol|folder|package|crate):/

/** What the sweep has to know. */
export interface Sweep {
  store: Store
  settings: LearnSettings
  report: LearnReport
  /** The attribute that tells our concepts from those of others. */
  marker: string
  desired: Desired
  /** Paths that could not be read this time: what was learned from them and below stays. */
  unreadPaths: readonly string[]
  /** Whether all packages were seen; if not, those that are not wanted stay. */
  packagesComplete: boolean
  checkpoint: () => void
}

/**
 * Finds what is gone by looking at every concept of the namespace: what a run that died left
 * behind is found too, whatever it is connected with.
 */
export async function sweep(work: Sweep): Promise<void> {
  const { store, report } = work
  const batches = new WriteBatches<ConceptId>(async (ids) => {
    for (const { deleted, sequence } of await Promise.all(ids.map((id) => store.delete(id)))) {
      if (deleted) report.concepts.deleted++
      report.sequence = Math.max(report.sequence, sequence)
    }
  })
  try {
    for (const id of await goneIds(work)) await batches.add(id, 0)
    await batches.drain()
  } finally {
    await batches.settle()
  }
}

async function goneIds({
  store,
  settings,
  marker,
  desired,
  unreadPaths,
  packagesComplete,
  checkpoint,
}: Sweep): Promise<ConceptId[]> {
  const wanted = new Set<ConceptId>()
  for (const [, id] of desired.written()) wanted.add(id)
  const gone: ConceptId[] = []
  const turns = new Turns()
  let cursor: string | undefined
  do {
    checkpoint()
    await turns.next()
    const page = await store.list({
      namespace: settings.namespace,
      order: 'id',
      limit: PAGE_CONCEPTS,
      ...(cursor !== undefined && { cursor }),
    })
    for (const { id, key, attributes } of page.items.filter(isCandidate)) {
      if (key === undefined || attributes.learnedFrom !== marker) continue
      const path = typeof attributes.path === 'string' ? attributes.path : ''
      if (!unreadPaths.some((unread) => isAtOrBelow(path, unread))) gone.push(id)
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return gone

  function isCandidate({ id, key }: { id: ConceptId; key?: string }): boolean {
    if (key === undefined || !OUR_KEY.test(key) || wanted.has(id)) return false
    return packagesComplete || !key.startsWith('package:')
  }
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
