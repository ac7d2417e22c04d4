// Every read call, of the store as it is or of a snapshot. Point reads answer at once, from memory;
// search, paths and list run off the JavaScript thread.

import { embedTexts } from './embed-queue.js'
import type { Jobs } from './jobs.js'
import { exchange, type NativeReader } from './native.js'
import type { ResolvedLimits } from './options.js'
import { readNeighbors } from './records/association-view.js'
import { conceptView } from './records/concept-view.js'
import { fuse, listJob, pathsJob, searchJob } from './records/job-results.js'
import type {
  Association,
  Concept,
  ConceptId,
  Embedder,
  ListOptions,
  ListResult,
  NeighborsOptions,
  Path,
  PathOptions,
  Reads,
  SearchQuery,
  SearchResult,
} from './types.js'
import { deriveId } from './derived-id.js'
import { checkId } from './validate/fields.js'
import {
  readListOptions,
  readNamespace,
  readNeighborsOptions,
  readPathOptions,
  readSearchQuery,
} from './validate/read-options.js'
import { closed, invalid } from './validate/refusal.js'

/** Ids of one crossing of getMany. */
const IDS_PER_CALL = 4096
const ID_CHARS = 32

/** What reads need of the store they belong to. */
export interface ReadContext {
  readonly jobs: Jobs
  readonly limits: ResolvedLimits
  readonly embedder: Embedder | undefined
}

export abstract class StoreReads implements Reads {
  readonly #native: NativeReader
  readonly #context: ReadContext
  readonly #what: string
  #isClosed = false

  constructor(native: NativeReader, context: ReadContext, what: string) {
    this.#native = native
    this.#context = context
    this.#what = what
  }

  /** From now on every call answers ERR_CLOSED. Views that were handed out stay valid. */
  protected closeReads(): void {
    this.#isClosed = true
  }

  protected assertOpen(): void {
    if (this.#isClosed) throw closed(this.#what)
  }

  protected get native(): NativeReader {
    return this.#native
  }

  get(id: ConceptId, options?: { namespace?: string }): Concept | undefined {
    if (this.#isClosed) throw closed(this.#what)
    const namespace = options === undefined ? undefined : readNamespace(options)
    if (exchange.check(this.#native.get(id)) === 0) return undefined
    const { f64 } = exchange
    const concept = conceptView(this.#native, id, f64[0] ?? 0, f64[1] ?? 0)
    return namespace === undefined || concept.namespace === namespace ? concept : undefined
  }

  getByKey(key: string, options?: { namespace?: string }): Concept | undefined {
    this.assertOpen()
    return this.get(deriveId('key', key, readNamespace(options)))
  }

  getMany(ids: ConceptId[]): (Concept | undefined)[] {
    this.assertOpen()
    if (!Array.isArray(ids)) throw invalid('ids', 'expected an array of ids', ids ?? null)
    for (let index = 0; index < ids.length; index++) checkId(`ids[${index}]`, ids[index])
    const concepts: (Concept | undefined)[] = []
    for (let from = 0; from < ids.length; from += IDS_PER_CALL) {
      this.#getChunk(ids.slice(from, from + IDS_PER_CALL), concepts)
    }
    return concepts
  }

  #getChunk(ids: ConceptId[], concepts: (Concept | undefined)[]): void {
    exchange.buffer.write(ids.join(''), 0, ids.length * ID_CHARS, 'latin1')
    exchange.check(this.#native.getMany(ids.length))
    const { f64 } = exchange
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index]
      const sequence = f64[2 * index + 1] ?? 0
      const isThere = id !== undefined && sequence > 0
      const view = isThere
        ? conceptView(this.#native, id, f64[2 * index] ?? 0, sequence)
        : undefined
      concepts.push(view)
    }
  }

  has(id: ConceptId): boolean {
    this.assertOpen()
    return exchange.check(this.#native.has(id)) === 1
  }

  neighbors(id: ConceptId, options?: NeighborsOptions): Association[] {
    if (this.#isClosed) throw closed(this.#what)
    const { flags, label, limit } = readNeighborsOptions(options)
    for (;;) {
      // The label is written anew for each try: an answer that had no room may have overwritten it.
      const labelBytes = label === '' ? 0 : exchange.buffer.utf8Write(label, 0)
      const count = this.#native.neighbors(id, flags, labelBytes, limit)
      if (!exchange.isShort(count)) return readNeighbors(this.#native, id, count)
    }
  }

  async list(options?: ListOptions): Promise<ListResult> {
    this.assertOpen()
    const query = readListOptions(options)
    return this.#context.jobs.run(this.#native, listJob(this.#native, query))
  }

  async paths(from: ConceptId, to: ConceptId, options?: PathOptions): Promise<Path[]> {
    this.assertOpen()
    checkId('from', from)
    checkId('to', to)
    const query = readPathOptions(options, this.#context.limits)
    return this.#context.jobs.run(this.#native, pathsJob(this.#native, from, to, query))
  }

  async search(query: SearchQuery): Promise<SearchResult> {
    this.assertOpen()
    const started = performance.now()
    const { jobs, limits, embedder } = this.#context
    const checked = readSearchQuery(query, limits)
    const { text, signal } = checked
    const vectors = checked.vector === undefined ? [] : [checked.vector]
    if (text !== undefined) {
      if (embedder === undefined) {
        throw invalid('text', 'give a vector, or open the store with an embedder')
      }
      vectors.push(...(await embedTexts(embedder, [text], signal)))
      this.assertOpen()
    }
    const found = await Promise.all(
      vectors.map((vector) => jobs.run(this.#native, searchJob(this.#native, vector, checked))),
    )
    return { ...fuse(found, checked), tookMs: performance.now() - started }
  }
}
