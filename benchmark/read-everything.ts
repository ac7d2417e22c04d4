// A process that opens a store, reads everything of every concept once and tells how much memory of
// its own it has then. Started for the questions about memory.
//
// Arguments: 'sutra' or 'lmdb', folder, number of concepts. Answers by a message.

import { DIMENSION, makeIds } from './data.js'
import { LmdbStore } from './peers/lmdb.js'
import { settledAnonymousBytes } from './process-figures.js'
import type { ReadEverything } from './questions/flushed-memory.js'
import { openSutra } from './sutra.js'

/** Ids made up at a time: a list of all of them would be memory as well. */
const BATCH = 1000

/** Reads one concept; false if it is not there. */
type Read = (id: string) => boolean

/**
 * The allocator may keep for a while what a copied vector took, so whoever finds none allocates as
 * much: the processes that are compared differ only in the store.
 */
function orAsMuch(vector: Float32Array | undefined): Float32Array {
  return vector ?? new Float32Array(DIMENSION).fill(1)
}

async function openReader(name: string, folder: string): Promise<[Read, () => Promise<void>]> {
  if (name === 'lmdb') {
    const peer = new LmdbStore(folder)
    const read: Read = (id) => {
      const content = peer.notes.get(id)?.content
      const vector = orAsMuch(peer.vector(id))
      const edges = [...(peer.outgoing.get(id) ?? []), ...(peer.incoming.get(id) ?? [])]
      return content !== undefined && content.length + vector.length + edges.length > 0
    }
    return [read, () => peer.close()]
  }
  const store = await openSutra(folder)
  const read: Read = (id) => {
    const concept = store.get(id)
    const vector = orAsMuch(concept?.vector)
    const edges = store.neighbors(id, { direction: 'both' })
    return concept !== undefined && concept.content.length + vector.length + edges.length > 0
  }
  return [read, () => store.close()]
}

function readAll(count: number, read: Read): number {
  let found = 0
  for (let from = 0; from < count; from += BATCH) {
    for (const id of makeIds(Math.min(BATCH, count - from), from)) {
      if (read(id)) found += 1
    }
    global.gc?.()
  }
  return found
}

const [name, folder, count] = process.argv.slice(2)
if (name !== undefined && folder !== undefined) {
  const [read, close] = await openReader(name, folder)
  const concepts = readAll(Number(count), read)
  const answer: ReadEverything = { concepts, anonymousBytes: await settledAnonymousBytes() }
  await close()
  process.send?.(answer)
  process.disconnect?.()
}
