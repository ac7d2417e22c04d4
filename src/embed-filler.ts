// Fills in the vectors that writes left out with `embed: 'later'`, behind them.
//
// Invariants: a vector is written only while no other write of this store is under way, to a
// concept that is seen to have the text it was made of and no vector: it never gets onto newer
// content. A write leaves a vector out only if the concept has none and none is on its way, so what
// is on disk always says what is still to be filled: a concept without a vector. Worker threads
// that write to one folder do not wait for each other; a vector that got onto another thread's
// newer content is replaced as soon as it is seen.

import { setTimeout as pause } from 'node:timers/promises'
import { embedTexts } from './embed-queue.js'
import { EmbeddingFailure } from './embed/embedding-failure.js'
import { SutraError } from './errors.js'
import type { Concept, ConceptId, Embedder, EmbeddingStats, ListResult } from './types.js'
import type { VectorsUnderWay } from './vectors-under-way.js'
import { busy } from './write-queue.js'

/** What the filler needs of its store. */
export interface FilledStore {
  get(id: ConceptId): Concept | undefined
  list(options: { order: 'id'; limit: number; cursor?: string }): Promise<ListResult>
  writeVector(id: ConceptId, vector: Float32Array): Promise<unknown>
  /** Runs `work` when all writes before it are settled, before all writes after it. */
  alone(work: () => Promise<void>): Promise<void>
}

/** Ids that are remembered. What is beyond is found again by looking through the store. */
const WAITING_MAX = 100_000
/** Concepts of one fill, and the length of their texts together. */
const FILL_CONCEPTS_MAX = 256
const FILL_CHARS_MAX = 4_000_000
const PAGE_CONCEPTS = 1_000
const PAUSE_MS_FIRST = 500
const PAUSE_MS_MAX = 30_000
/** Of these a write is told when the concept or its vector is at fault, not the moment. */
const REFUSALS: readonly string[] = ['ERR_INVALID', 'ERR_LIMIT', 'ERR_NOT_FOUND']

export class EmbedFiller {
  readonly #store: FilledStore
  readonly #embedder: Embedder
  readonly #underWay: VectorsUnderWay
  /** Whether every concept without a vector is to be filled, also those of earlier runs. */
  readonly #isStoreWide: boolean
  readonly #waitingMax: number
  readonly #stop = new AbortController()
  /** Concepts to fill, oldest first; true for one whose vector is of an older text. */
  readonly #waiting = new Map<ConceptId, boolean>()
  /** Where looking through the store goes on; undefined when that is done. */
  #page: { cursor?: string } | undefined
  /** Whether a concept was not remembered since looking through began. */
  #hasDropped = false
  #running: Promise<void> | undefined
  #conceptsMax = FILL_CONCEPTS_MAX
  #pausesInRow = 0
  #filled = 0
  #failed = 0
  #lastError: string | undefined

  constructor(
    store: FilledStore,
    embedder: Embedder,
    underWay: VectorsUnderWay,
    options: { readonly isStoreWide: boolean; readonly waitingMax?: number },
  ) {
    this.#store = store
    this.#embedder = embedder
    this.#underWay = underWay
    this.#isStoreWide = options.isStoreWide
    this.#waitingMax = options.waitingMax ?? WAITING_MAX
  }

  /** Looks for what earlier runs left, in a store where everything is to have a vector. */
  lookThrough(): void {
    this.#page = {}
    this.#start()
  }

  /**
   * Whether a concept may be written without the vector of this text.
   *
   * @throws ERR_BUSY if too many wait already and nothing would find this one again.
   */
  leaves(id: ConceptId, text: string): boolean {
    if (this.#underWay.has(id)) return false
    const concept = this.#store.get(id)
    // A vector of another text would stay, and nothing on disk would tell.
    if (concept?.vector !== undefined && concept.content !== text) return false
    const count = this.#waiting.size + this.#underWay.leftCount
    if (!this.#isStoreWide && count >= this.#waitingMax) {
      throw busy(`${this.#waitingMax} concepts wait for their vectors`)
    }
    return true
  }

  /** Takes concepts that were written without their vectors. */
  add(ids: readonly ConceptId[]): void {
    for (const id of ids) {
      if (this.#waiting.size < this.#waitingMax || !this.#isStoreWide) this.#put(id, false)
      else this.#hasDropped = true
    }
    this.#start()
  }

  /** `counts` are those of the whole store. */
  stats(counts: { readonly concepts: number; readonly vectors: number }): EmbeddingStats {
    const without = Math.max(0, counts.concepts - counts.vectors)
    return {
      waiting: this.#isStoreWide ? without : this.#waiting.size,
      filled: this.#filled,
      failed: this.#failed,
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    }
  }

  /** Stops, and resolves when nothing is written any more. May be called twice. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  #put(id: ConceptId, isForced: boolean): void {
    const known = this.#waiting.get(id) ?? false
    this.#waiting.delete(id)
    this.#waiting.set(id, known || isForced)
  }

  #start(): void {
    if (this.#stop.signal.aborted) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // What came after the last look, and before this.
      if (this.#waiting.size > 0 || this.#hasDropped) this.#start()
    })
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#waiting.size === 0 && !(await this.#nextPage())) return
        await this.#fill()
      } catch (error) {
        if (this.#stop.signal.aborted) return
        await this.#failedWith(error)
      }
    }
  }

  /** Finds concepts without vectors in the next page; false if there are no more pages. */
  async #nextPage(): Promise<boolean> {
    if (this.#page === undefined && this.#hasDropped) {
      this.#page = {}
      this.#hasDropped = false
    }
    const page = this.#page
    if (page === undefined) return false
    const { items, cursor } = await this.#store.list({
      order: 'id',
      limit: PAGE_CONCEPTS,
      ...page,
    })
    for (const { id, vector } of items) if (vector === undefined) this.#put(id, false)
    this.#page = cursor === undefined ? undefined : { cursor }
    return true
  }

  async #fill(): Promise<void> {
    const chosen = this.#choose()
    const ids = [...chosen.keys()]
    if (ids.length === 0) return
    try {
      const vectors = await this.#vectors([...chosen.values()])
      // From here on no write may take these concepts for ones without a vector.
      this.#underWay.begin(ids)
      try {
        await this.#store.alone(() => this.#write(chosen, vectors))
      } finally {
        this.#underWay.end(ids)
      }
    } catch (error) {
      this.#conceptsMax = ids.length
      // To the end: others must not wait for ever behind a text that nobody can embed.
      for (const id of ids) if (this.#waiting.has(id)) this.#put(id, false)
      throw error
    }
    this.#conceptsMax = Math.min(2 * this.#conceptsMax, FILL_CONCEPTS_MAX)
    this.#pausesInRow = 0
    this.#lastError = undefined
  }

  /** The texts to embed, by concept. What needs nothing any more is forgotten. */
  #choose(): Map<ConceptId, string> {
    const chosen = new Map<ConceptId, string>()
    let chars = 0
    for (const [id, isForced] of this.#waiting) {
      if (chosen.size >= this.#conceptsMax || chars >= FILL_CHARS_MAX) break
      const concept = this.#store.get(id)
      if (concept === undefined || (concept.vector !== undefined && !isForced)) {
        this.#waiting.delete(id)
        continue
      }
      const { content } = concept
      chosen.set(id, content)
      chars += content.length
    }
    return chosen
  }

  /** Not waited for once the store closes, whatever the embedder makes of the signal. */
  async #vectors(texts: string[]): Promise<Float32Array[]> {
    const { signal } = this.#stop
    let onAbort = (): void => {}
    const stopped = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([embedTexts(this.#embedder, texts, signal), stopped])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Writes the vectors of concepts that are still as they were chosen. */
  async #write(chosen: Map<ConceptId, string>, vectors: Float32Array[]): Promise<void> {
    if (this.#stop.signal.aborted) return
    const written: Promise<void>[] = []
    let at = 0
    for (const [id, text] of chosen) {
      const vector = vectors[at++]
      const concept = this.#store.get(id)
      const hasVector = concept?.vector !== undefined && this.#waiting.get(id) !== true
      if (concept === undefined || hasVector) this.#waiting.delete(id)
      // One with another text by now stays, and gets the vector of that.
      else if (vector !== undefined && concept.content === text) {
        written.push(this.#writeOne(id, text, vector))
      }
    }
    const failure = (await Promise.allSettled(written)).find(({ status }) => status === 'rejected')
    if (failure?.status === 'rejected') throw failure.reason
  }

  async #writeOne(id: ConceptId, text: string, vector: Float32Array): Promise<void> {
    try {
      await this.#store.writeVector(id, vector)
    } catch (error) {
      const isRefusal = error instanceof SutraError && REFUSALS.includes(error.code)
      if (!isRefusal) throw error
      this.#waiting.delete(id)
      // Deleted by another thread: nothing failed.
      if (error.code !== 'ERR_NOT_FOUND') throw error
      return
    }
    this.#filled++
    this.#waiting.delete(id)
    if (!this.#stop.signal.aborted && this.#isOvertaken(id, text, vector)) this.#put(id, true)
  }

  /** Whether another thread wrote a newer text just before the vector. */
  #isOvertaken(id: ConceptId, text: string, vector: Float32Array): boolean {
    const concept = this.#store.get(id)
    if (concept === undefined || concept.content === text) return false
    return concept.vector?.every((number, at) => number === vector[at]) === true
  }

  async #failedWith(reason: unknown): Promise<void> {
    this.#failed++
    this.#lastError = reason instanceof Error ? reason.message : String(reason)
    // It may be one text that cannot be embedded: which one, halves tell.
    const canHalve = this.#conceptsMax > 1
    this.#conceptsMax = Math.max(1, Math.floor(this.#conceptsMax / 2))
    if (canHalve && mayBeAboutText(reason)) return
    const pauseMs = Math.min(PAUSE_MS_FIRST * 2 ** this.#pausesInRow, PAUSE_MS_MAX)
    this.#pausesInRow++
    // Nobody has to wait for vectors who has nothing else to do: the store fills them when opened.
    const options = { signal: this.#stop.signal, ref: false }
    await pause(pauseMs, undefined, options).catch(() => undefined)
  }
}

/** False for what a pause may mend: no network, a busy service, a full disk. */
function mayBeAboutText(reason: unknown): boolean {
  if (!(reason instanceof SutraError) || reason.field !== 'embedder') return false
  return !(reason.cause instanceof EmbeddingFailure && reason.cause.retryable)
}
