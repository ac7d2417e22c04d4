// The store that users of Node take today for data of this kind, used as its manual advises:
// MessagePack with shared structures, vectors apart from texts as raw bytes.
//
// A promise of `put` says that the write is visible, which with overlapping syncs comes before it
// is on disk; `flushed` and `transactionSync` wait for the disk. Only those two compare with a
// store that acknowledges what survives power loss.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DIMENSION, type Edge, makeTexts } from '../data.js'
import { PEERS } from '../machine.js'

interface Database<V> {
  get(key: string): V | undefined
  doesExist(key: string): boolean
  getBinaryFast(key: string): Buffer | undefined
  put(key: string, value: V): Promise<boolean>
  putSync(key: string, value: V): void
}

interface Root extends Database<Note> {
  readonly flushed: Promise<boolean>
  openDB<V>(name: string, options: object): Database<V>
  transactionSync(action: () => void): void
  close(): Promise<void>
}

interface Lmdb {
  open(options: object): Root
}

/** A concept without its vector. */
export interface Note {
  readonly content: string
  readonly createdAt: number
}

/** An association as stored with one of its ends. */
export interface Neighbor {
  readonly target: string
  readonly type: string
  readonly confidence: number
}

/** Concepts written in one transaction while a database is filled. */
const BATCH = 1000

export class LmdbStore {
  readonly root: Root
  readonly notes: Database<Note>
  readonly vectors: Database<Buffer>
  readonly outgoing: Database<readonly Neighbor[]>
  readonly incoming: Database<readonly Neighbor[]>

  /** `os`: what is acknowledged survives the process, not the machine. */
  constructor(folder: string, durability: 'fsync' | 'os' = 'fsync') {
    const { open } = createRequire(join(PEERS, 'package.json'))('lmdb') as Lmdb
    this.root = open({ path: join(folder, 'lmdb'), noSync: durability === 'os' })
    const structured = { sharedStructuresKey: Symbol.for('structures') }
    this.notes = this.root.openDB('notes', structured)
    this.vectors = this.root.openDB('vectors', { encoding: 'binary' })
    this.outgoing = this.root.openDB('outgoing', structured)
    this.incoming = this.root.openDB('incoming', structured)
  }

  /** Queues a concept; it is visible once this resolves. */
  put(id: string, content: string, vector: Float32Array | undefined): Promise<boolean> {
    const put = this.notes.put(id, { content, createdAt: Date.now() })
    return vector === undefined ? put : this.vectors.put(id, bytesOf(vector))
  }

  /** Writes a concept and waits until it is on disk. */
  async putDurable(id: string, content: string, vector?: Float32Array): Promise<void> {
    void this.put(id, content, vector)
    await this.root.flushed
  }

  /** Writes inside of one transaction; it is on disk when this returns. */
  transaction(action: () => void): void {
    this.root.transactionSync(action)
  }

  /** A copy of the vector that stays as it is. */
  vector(id: string): Float32Array | undefined {
    const bytes = this.vectors.getBinaryFast(id)
    if (bytes === undefined) return undefined
    const vector = new Float32Array(DIMENSION)
    const view = new Uint8Array(vector.buffer)
    view.set(bytes.subarray(0, view.length))
    return vector
  }

  fill(ids: readonly string[], vectors: readonly Float32Array[]): void {
    const texts = makeTexts(ids.length, 0)
    for (let from = 0; from < ids.length; from += BATCH) {
      this.transaction(() => {
        for (let index = from; index < Math.min(from + BATCH, ids.length); index++) {
          void this.put(ids[index] ?? '', texts[index] ?? '', vectors[index])
        }
      })
    }
  }

  /** Stores the associations of each concept as one list for each direction. */
  connect(ids: readonly string[], edges: readonly Edge[]): void {
    const outgoing = new Map<string, Neighbor[]>(ids.map((id) => [id, []]))
    const incoming = new Map<string, Neighbor[]>(ids.map((id) => [id, []]))
    for (const edge of edges) {
      const { type, confidence } = edge
      const [source, target] = [ids[edge.source] ?? '', ids[edge.target] ?? '']
      outgoing.get(source)?.push({ target, type, confidence })
      incoming.get(target)?.push({ target: source, type, confidence })
    }
    this.transaction(() => {
      for (const [id, list] of outgoing) void this.outgoing.put(id, list)
      for (const [id, list] of incoming) void this.incoming.put(id, list)
    })
  }

  close(): Promise<void> {
    return this.root.close()
  }
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** What each hop after the first costs a path. */
const HOP_FACTOR = 0.85

/**
 * Confidence of the best path of at most so many hops, 0 for none: half of the hops are walked from
 * each end, with the best product for each concept and number of hops. A path that visits a concept
 * twice never beats the one without the loop, so what is found is exact.
 */
export function bestPath(store: LmdbStore, from: string, to: string, hopsMax: number): number {
  const forward = layers(store.outgoing, from, Math.ceil(hopsMax / 2))
  const backward = layers(store.incoming, to, Math.floor(hopsMax / 2))
  let best = 0
  for (const [hopsBefore, before] of forward.entries()) {
    for (const [hopsAfter, after] of backward.entries()) {
      const hops = hopsBefore + hopsAfter
      if (hops === 0) continue
      const factor = HOP_FACTOR ** (hops - 1)
      const [smaller, larger] = before.size < after.size ? [before, after] : [after, before]
      for (const [id, confidence] of smaller) {
        best = Math.max(best, factor * confidence * (larger.get(id) ?? 0))
      }
    }
  }
  return best
}

/** For each number of hops, the concepts that many hops away with the best product to them. */
function layers(
  edges: Database<readonly Neighbor[]>,
  start: string,
  hopsMax: number,
): Map<string, number>[] {
  const layers = [new Map([[start, 1]])]
  for (let hops = 1; hops <= hopsMax; hops++) {
    const next = new Map<string, number>()
    for (const [id, confidence] of layers.at(-1) ?? []) {
      for (const edge of edges.get(id) ?? []) {
        const product = confidence * edge.confidence
        if (product > (next.get(edge.target) ?? 0)) next.set(edge.target, product)
      }
    }
    layers.push(next)
  }
  return layers
}
