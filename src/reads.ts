// Every read call, of the store as it is or of a snapshot. Point reads answer at once, from memory
// and mapped files; search, paths and list run off the JavaScript thread.

import { embedTexts } from './embed-queue.js'
import type { Job, Jobs } from './jobs.js'
import { exchange, type NativeReader, STALE } from './native.js'
import type { ResolvedLimits } from './options.js'
import { readNeighbors } from './records/association-view.js'
import { conceptView } from './records/concept-view.js'
import { listJob, pathsJob, searchJob } from './records/job-results.js'
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
  type CheckedSearch,
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
  #native: NativeReader
  /** Whether something that the reader found may be referenced, and so the layers it reads. */
  #hasFound = false
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
    if (this.#isClosed) return
    this.#isClosed = true
    this.#letGo()
  }

  protected assertOpen(): void {
    if (this.#isClosed) throw closed(this.#what)
  }

  /** A reader of the newest layers, for a store whose layers have changed. */
  protected abstract newReader(): NativeReader

  /** A reader of one commit, for what takes more than one call. */
  protected abstract fixedReader(): NativeReader

  /** Reads the newest layers from now on. */
  protected renew(): NativeReader {
    this.assertOpen()
    const native = this.newReader()
    this.#letGo()
    this.#native = native
    this.#hasFound = false
    return native
  }

  #letGo(): void {
    if (this.#hasFound) exchange.check(this.#native.hold())
    else exchange.check(this.#native.release())
  }

  get(id: ConceptId, options?: { namespace?: string }): Concept | undefined {
    if (this.#isClosed) throw closed(this.#what)
    const namespace = options === undefined ? undefined : readNamespace(options)
    let answer = this.#native.get(id)
    while (answer === STALE) answer = this.renew().get(id)
    if (exchange.check(answer) === 0) return undefined
    this.#hasFound = true
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
    // Several crossings read one commit all the same.
    const fixed = ids.length > IDS_PER_CALL ? this.fixedReader() : undefined
    for (let from = 0; from < ids.length; from += IDS_PER_CALL) {
      this.#getChunk(ids.slice(from, from + IDS_PER_CALL), concepts, fixed)
    }
    if (fixed !== undefined && fixed !== this.#native) exchange.check(fixed.hold())
    return concepts
  }

  #getChunk(
    ids: ConceptId[],
    concepts: (Concept | undefined)[],
    fixed: NativeReader | undefined,
  ): void {
    const text = ids.join('')
    const ask = (native: NativeReader): number => {
      exchange.buffer.write(text, 0, ids.length * ID_CHARS, 'latin1')
      return native.getMany(ids.length)
    }
    let answer = ask(fixed ?? this.#native)
    while (answer === STALE) answer = ask(this.renew())
    exchange.check(answer)
    this.#hasFound = true
    const native = fixed ?? this.#native
    const { f64 } = exchange
    for (let index = 0; index < ids.length; index++) {
      const id = ids[index]
      const sequence = f64[2 * index + 1] ?? 0
      const isThere = id !== undefined && sequence > 0
      concepts.push(isThere ? conceptView(native, id, f64[2 * index] ?? 0, sequence) : undefined)
    }
  }

  has(id: ConceptId): boolean {
    this.assertOpen()
    let answer = this.#native.has(id)
    while (answer === STALE) answer = this.renew().has(id)
    return exchange.check(answer) === 1
  }

  neighbors(id: ConceptId, options?: NeighborsOptions): Association[] {
    if (this.#isClosed) throw closed(this.#what)
    const { flags, label, limit, validAtMs } = readNeighborsOptions(options)
    for (;;) {
      // Moment and label are written anew for each try: an answer that had no room may have
      // overwritten them.
      if (validAtMs !== undefined) exchange.f64[0] = validAtMs
      const labelAt = validAtMs === undefined ? 0 : 8
      const labelBytes = label === '' ? 0 : exchange.buffer.utf8Write(label, labelAt)
      const count = this.#native.neighbors(id, flags, labelBytes, limit)
      if (count === STALE) this.renew()
      else if (!exchange.isShort(count)) {
        this.#hasFound ||= count > 0
        return readNeighbors(this.#native, id, count)
      }
    }
  }

  async list(options?: ListOptions): Promise<ListResult> {
    this.assertOpen()
    const query = readListOptions(options)
    return this.#run((reader) => listJob(reader, query))
  }

  async paths(from: ConceptId, to: ConceptId, options?: PathOptions): Promise<Path[]> {
    this.assertOpen()
    checkId('from', from)
    checkId('to', to)
    const query = readPathOptions(options, this.#context.limits)
    return this.#run((reader) => pathsJob(reader, from, to, query))
  }

  async search(query: SearchQuery): Promise<SearchResult> {
    this.assertOpen()
    const started = performance.now()
    const { limits, embedder } = this.#context
    const checked = readSearchQuery(query, limits)
    const vector = checked.vector ?? (await this.#vectorOf(checked, embedder))
    const found = await this.#run((reader) => searchJob(reader, vector, checked))
    return { ...found, tookMs: performance.now() - started }
  }

  /** The vector of a text that came without one, if vectors count. */
  async #vectorOf(
    { text, weights, signal }: CheckedSearch,
    embedder: Embedder | undefined,
  ): Promise<Float32Array | undefined> {
    if (text === undefined || weights.vector === 0) return undefined
    if (embedder === undefined) {
      if (weights.text > 0) return undefined
      throw invalid('text', 'give a vector, or open the store with an embedder')
    }
    const [vector] = await embedTexts(embedder, [text], signal)
    this.assertOpen()
    return vector
  }

  /** Runs a job on the newest commit. Its answer may refer to the reader it was made for. */
  #run<T>(job: (reader: NativeReader) => Job<T>): Promise<T> {
    for (;;) {
      const started = this.#context.jobs.start(this.#native, job(this.#native))
      if (started !== undefined) {
        this.#hasFound = true
        return started
      }
      this.renew()
    }
  }
}
