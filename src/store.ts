// The store of one folder: every call of the public API. Calls that give a promise never throw,
// they reject; calls that answer at once throw.

import { resolve as resolvePath } from 'node:path'
import {
  encodeAssociate,
  encodeDelete,
  encodeDissociate,
  encodeLearn,
  type EncodeOperation,
  type EncodeRules,
  encodeUpdate,
  type VectorGap,
} from './batch-encoder.js'
import { Completions, type Message } from './completions.js'
import { EmbedFiller } from './embed-filler.js'
import { EmbedQueue } from './embed-queue.js'
import { type Job, Jobs } from './jobs.js'
import type { MessagePackWriter } from './message-pack/writer.js'
import { decodeMessagePack } from './message-pack/reader.js'
import { exchange, JOBS, type NativeReader, type NativeStore } from './native.js'
import {
  checkPath,
  type OptionOrigins,
  type ResolvedLimits,
  type ResolvedOptions,
  resolveOptions,
} from './options.js'
import { type ReadContext, StoreReads } from './reads.js'
import { readCheckReport } from './records/check-report.js'
import { readRepairReport } from './records/repair-report.js'
import {
  type Alerts,
  type Figures,
  NO_EMBEDDING,
  reconcilerStats,
  storeStats,
  transactionStats,
} from './records/statistics.js'
import {
  ASSOCIATE,
  ASSOCIATE_MANY,
  DELETE,
  DISSOCIATE,
  LEARN,
  LEARN_MANY,
  UPDATE,
} from './records/write-results.js'
import type {
  AssociationInput,
  AssociationKey,
  BackupOptions,
  CheckReport,
  ConceptChange,
  ConceptId,
  ConceptInput,
  Embedder,
  EmbedOptions,
  EmbedTime,
  LearnResult,
  ListOptions,
  ReconcilerStats,
  RepairReport,
  Sequence,
  Snapshot,
  Store,
  StoreOptions,
  StoreStats,
  Transaction,
  TransactionOptions,
  TransactionStats,
} from './types.js'
import { checkChoice, checkObject } from './validate/fields.js'
import { closed, inside, invalid, notAvailable, overLimit } from './validate/refusal.js'
import { VectorsUnderWay } from './vectors-under-way.js'
import { type WriteKind, WriteQueue } from './write-queue.js'

/** Bytes of a frame in front of its batch. */
const FRAME_HEADER_BYTES = 8

const EMBED_OPTIONS: ReadonlySet<string> = new Set(['embed'])

const CLOSE: Job<undefined> = { kind: JOBS.close, decode: () => undefined }

class StoreHandle extends StoreReads implements Store {
  readonly #native: NativeStore
  readonly #context: ReadContext
  readonly #jobs: Jobs
  readonly #queue: WriteQueue
  readonly #embeds: EmbedQueue | undefined
  readonly #filler: EmbedFiller | undefined
  readonly #underWay = new VectorsUnderWay()
  /** By when vectors are made; both are the same without an embedder. */
  readonly #rules: Readonly<Record<EmbedTime, EncodeRules>>
  readonly #embedTime: EmbedTime
  readonly #isReadOnly: boolean
  readonly #alerts: Alerts
  #closing: Promise<void> | undefined

  constructor(
    native: NativeStore,
    reader: NativeReader,
    completions: Completions,
    jobs: Jobs,
    options: ResolvedOptions,
    limits: ResolvedLimits,
  ) {
    const { embedder } = options
    const context = { jobs, limits, embedder }
    super(reader, context, 'store')
    this.#native = native
    this.#context = context
    this.#jobs = jobs
    this.#queue = new WriteQueue(native, completions, options.writeTimeoutMs)
    this.#embeds = embedder && new EmbedQueue(embedder, this.#queue, options.writeTimeoutMs)
    this.#isReadOnly = options.readOnly
    this.#alerts = options.reconciler
    this.#filler = embedder && this.#makeFiller(embedder, options)
    this.#rules = this.#makeRules(limits, embedder)
    this.#embedTime = options.embed
    // Layers that are not needed any more are let go of at once, not with the next read.
    completions.onChanged(() => this.#closing ?? this.renew())
  }

  #makeFiller(embedder: Embedder, { embed }: ResolvedOptions): EmbedFiller {
    const store = {
      get: (id: ConceptId) => this.get(id),
      list: (options: ListOptions) => this.list(options),
      writeVector: (id: ConceptId, vector: Float32Array) => this.#writeVector(id, vector),
      alone: (work: () => Promise<void>) => this.#embeds?.alone(work) ?? Promise.resolve(),
    }
    return new EmbedFiller(store, embedder, this.#underWay, { isStoreWide: embed === 'later' })
  }

  #makeRules(
    limits: ResolvedLimits,
    embedder: Embedder | undefined,
  ): Record<EmbedTime, EncodeRules> {
    const plain = { limits, embedderDimension: embedder?.dimension ?? 0 }
    const filler = this.#filler
    if (filler === undefined) {
      const rules = { ...plain, watch: undefined }
      return { now: rules, later: rules }
    }
    const gives = (id: ConceptId): void => this.#underWay.give(id)
    const leaves = (id: ConceptId, text: string): boolean => {
      const isLeft = filler.leaves(id, text)
      if (isLeft) this.#underWay.leave(id)
      return isLeft
    }
    return {
      now: { ...plain, watch: { gives, leaves: () => false } },
      later: { ...plain, watch: { gives, leaves } },
    }
  }

  /** Goes on with what earlier runs left without vectors. */
  fillWhatIsLeft(): void {
    if (this.#embedTime === 'now' || this.#isReadOnly) return
    const { concepts, vectors } = this.#figures()
    if (concepts > vectors) this.#filler?.lookThrough()
  }

  protected newReader(): NativeReader {
    return readerOf(this.#native.reader())
  }

  protected fixedReader(): NativeReader {
    return readerOf(this.#native.snapshot())
  }

  learn(concept: ConceptInput, options?: EmbedOptions): Promise<LearnResult> {
    return this.#write(LEARN, encodeLearn, concept, undefined, options)
  }

  learnMany(concepts: ConceptInput[], options?: EmbedOptions): Promise<LearnResult[]> {
    return this.#writeMany(LEARN_MANY, encodeLearn, 'concept', concepts, options)
  }

  update(
    id: ConceptId,
    change: ConceptChange,
    options?: EmbedOptions,
  ): Promise<{ sequence: Sequence }> {
    return this.#write(UPDATE, encodeUpdate, id, change, options)
  }

  delete(id: ConceptId): Promise<{ deleted: boolean; sequence: Sequence }> {
    return this.#write(DELETE, encodeDelete, id)
  }

  associate(association: AssociationInput): Promise<{ sequence: Sequence; created: boolean }> {
    return this.#write(ASSOCIATE, encodeAssociate, association)
  }

  associateMany(
    associations: AssociationInput[],
  ): Promise<{ sequence: Sequence; created: boolean }[]> {
    return this.#writeMany(ASSOCIATE_MANY, encodeAssociate, 'association', associations)
  }

  dissociate(association: AssociationKey): Promise<{ deleted: boolean; sequence: Sequence }> {
    return this.#write(DISSOCIATE, encodeDissociate, association)
  }

  #assertWritable(): void {
    this.assertOpen()
    if (this.#isReadOnly) throw invalid('readOnly', 'the store was opened for reading only')
  }

  /** Encodes a batch of one operation straight into the queue. */
  #write<T>(
    kind: WriteKind,
    encode: EncodeOperation,
    first: unknown,
    second?: unknown,
    options?: EmbedOptions,
  ): Promise<T> {
    let start = -1
    try {
      this.#assertWritable()
      const rules = this.#rulesFor(options)
      start = this.#queue.begin()
      const { out } = this.#queue
      out.arrayHeader(1)
      const gap = encode(out, rules, first, second)
      return this.#commit(start, kind, gap === undefined ? [] : [gap])
    } catch (error) {
      if (start >= 0) this.#abandon(start)
      return Promise.reject(error)
    }
  }

  /** Encodes one batch of many operations, which is refused as a whole if one of them is bad. */
  #writeMany<T>(
    kind: WriteKind,
    encode: EncodeOperation,
    what: string,
    inputs: readonly unknown[],
    options?: EmbedOptions,
  ): Promise<T[]> {
    let start = -1
    try {
      this.#assertWritable()
      const rules = this.#rulesFor(options)
      if (!Array.isArray(inputs)) throw invalid(kind.group, 'expected an array', inputs ?? null)
      const operationsMax = rules.limits.batchOperationsMax
      if (inputs.length > operationsMax) throw overLimit(kind.group, inputs.length, operationsMax)
      if (inputs.length === 0) return Promise.resolve([])
      start = this.#queue.begin()
      const { out } = this.#queue
      out.arrayHeader(inputs.length)
      const gaps: VectorGap[] = []
      for (let index = 0; index < inputs.length; index++) {
        const gap = encodeItem(out, rules, encode, inputs[index], what, index)
        if (gap !== undefined) gaps.push(gap)
      }
      return this.#commit(start, kind, gaps)
    } catch (error) {
      if (start >= 0) this.#abandon(start)
      return Promise.reject(error)
    }
  }

  #commit<T>(start: number, kind: WriteKind, gaps: readonly VectorGap[]): Promise<T> {
    const batchAt = start + FRAME_HEADER_BYTES
    const bytes = this.#queue.out.at - batchAt
    const bytesMax = this.#context.limits.frameBytesMax
    if (bytes > bytesMax) throw overLimit('batch', bytes, bytesMax)
    const embeds = gaps.length > 0 || this.#embeds?.isBusy ? this.#embeds : undefined
    const inBatch = gaps.map(({ at, text }) => ({ at: at - batchAt, text }))
    const written =
      embeds === undefined
        ? this.#queue.commit<T>(start, kind)
        : embeds.add<T>(this.#queue.cut(start), inBatch, kind)
    return this.#filler === undefined ? written : this.#follow(written, this.#filler)
  }

  /** Keeps in mind what a write does about vectors until it is settled. */
  #follow<T>(written: Promise<T>, filler: EmbedFiller): Promise<T> {
    const { given, left } = this.#underWay.take()
    if (given.length === 0 && left.length === 0) return written
    this.#underWay.begin(given)
    return written
      .finally(() => this.#underWay.end(given))
      .then((result) => {
        if (left.length > 0) filler.add(left)
        return result
      })
  }

  #abandon(start: number): void {
    this.#queue.abandon(start)
    this.#underWay.take()
  }

  /** Writes a vector of the filler, past the writes that wait for it to end. */
  #writeVector(id: ConceptId, vector: Float32Array): Promise<unknown> {
    const start = this.#queue.begin()
    try {
      const { out } = this.#queue
      out.arrayHeader(1)
      encodeUpdate(out, this.#rules.now, id, { vector })
    } catch (error) {
      this.#abandon(start)
      return Promise.reject(error)
    }
    // What is written is known to the filler.
    this.#underWay.take()
    return this.#queue.commit(start, UPDATE)
  }

  #rulesFor(options: EmbedOptions | undefined): EncodeRules {
    if (options === undefined) return this.#rules[this.#embedTime]
    checkObject('options', options, EMBED_OPTIONS)
    const { embed = this.#embedTime } = options
    checkChoice('embed', embed, ['now', 'later'])
    if (embed === 'later' && this.#filler === undefined) {
      throw invalid('embed', 'later needs a store that was opened with an embedder')
    }
    return this.#rules[embed]
  }

  snapshot(): Snapshot {
    this.assertOpen()
    return new SnapshotHandle(readerOf(this.#native.snapshot()), this.#context)
  }

  at(moment: Sequence | Date): Snapshot {
    this.assertOpen()
    const [kind, number] = readMoment(moment)
    return new SnapshotHandle(readerOf(this.#native.at(kind, number)), this.#context)
  }

  async transaction<T>(
    _fn: (tx: Transaction) => T | Promise<T>,
    _options?: TransactionOptions,
  ): Promise<T> {
    this.assertOpen()
    throw notAvailable('transaction')
  }

  async check(): Promise<CheckReport> {
    this.assertOpen()
    return this.#jobs.run(this.#native, { kind: JOBS.check, decode: readCheckReport })
  }

  async backup(
    _file: string,
    _options?: BackupOptions,
  ): Promise<{ sequence: Sequence; bytes: number }> {
    this.assertOpen()
    throw notAvailable('backup')
  }

  async flush(): Promise<{ sequence: Sequence }> {
    this.assertOpen()
    await this.#embeds?.handedOn()
    await this.#queue.settled()
    return this.#jobs.run(this.#native, {
      kind: JOBS.flush,
      decode: ({ f64, at }) => ({ sequence: f64[at / 8] ?? 0 }),
    })
  }

  stats(): StoreStats {
    const figures = this.#figures()
    return storeStats(figures, this.#filler?.stats(figures) ?? NO_EMBEDDING)
  }

  transactionStats(): TransactionStats {
    return transactionStats(this.#figures())
  }

  reconcilerStats(): ReconcilerStats {
    return reconcilerStats(this.#figures(), this.#alerts)
  }

  #figures(): Figures {
    this.assertOpen()
    for (;;) {
      if (!exchange.isShort(this.#native.stats())) {
        return decodeMessagePack(exchange.buffer) as Figures
      }
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.closeReads()
    await this.#filler?.close()
    await this.#embeds?.handedOn()
    await this.#queue.settled()
    await this.#jobs.run(this.#native, CLOSE)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class SnapshotHandle extends StoreReads implements Snapshot {
  readonly sequence: Sequence
  readonly #native: NativeReader

  constructor(native: NativeReader, context: ReadContext) {
    super(native, context, 'snapshot')
    this.#native = native
    this.sequence = exchange.check(native.sequence())
  }

  /** Its layers never change, so nobody asks. */
  protected newReader(): never {
    throw closed('snapshot')
  }

  protected fixedReader(): NativeReader {
    return this.#native
  }

  [Symbol.dispose](): void {
    this.closeReads()
  }
}

/** A sequence (0) or a time in milliseconds (1). */
function readMoment(moment: unknown): [number, number] {
  if (moment instanceof Date) {
    const ms = moment.getTime()
    if (ms >= 0) return [1, ms]
    throw invalid('moment', 'expected a date from 1970 on', moment)
  }
  if (Number.isSafeInteger(moment) && (moment as number) >= 0) return [0, moment as number]
  throw invalid('moment', 'expected a sequence or a Date', moment ?? null)
}

/** Writes one operation of many; a refusal names its place in the caller's array. */
function encodeItem(
  out: MessagePackWriter,
  rules: EncodeRules,
  encode: EncodeOperation,
  input: unknown,
  what: string,
  index: number,
): VectorGap | undefined {
  try {
    return encode(out, rules, input)
  } catch (error) {
    throw inside(`${what}s[${index}]`, what, error)
  }
}

function readerOf(answer: NativeReader | number): NativeReader {
  if (typeof answer === 'number') throw exchange.error(0)
  return answer
}

/**
 * Opens the store in a folder, which is made if there is none.
 *
 * Fails with ERR_CONFIG (a bad option, or one unlike the folder's), ERR_LOCKED (open in another
 * process), ERR_CORRUPT (damaged files), ERR_IO. `origins` tells in messages where options came
 * from, by name, if not from the caller's code.
 */
export async function openStore(
  path: string,
  options?: StoreOptions,
  origins?: OptionOrigins,
): Promise<Store> {
  checkPath(path)
  const resolved = resolveOptions(options, origins)
  const completions = new Completions()
  const native = exchange.native.createStore(completions.deliver)
  const jobs = new Jobs(native, completions)
  let limits: ResolvedLimits
  try {
    limits = await jobs.run(native, {
      kind: JOBS.open,
      write: (out) => writeOpenArguments(out, resolvePath(path), resolved),
      decode: readLimits,
    })
  } catch (error) {
    // Frees what the addon made for the handle.
    await jobs.run(native, CLOSE)
    throw error
  }
  const reader = readerOf(native.reader())
  const store = new StoreHandle(native, reader, completions, jobs, resolved, limits)
  store.fillWhatIsLeft()
  return store
}

/**
 * Checks the files of the store in a folder that no process has open, and changes nothing: every
 * checksum, and what the files say of each other. Damage is in the report; what fails is a folder
 * that holds no store (ERR_CONFIG) or that a process has open (ERR_LOCKED; ask `store.check()`).
 */
export async function checkFolder(path: string): Promise<CheckReport> {
  return onFolder(path, { kind: JOBS.checkFolder, confirm: false, decode: readCheckReport })
}

/**
 * Finds out what can be saved of a damaged store that no process has open, and exactly what is
 * lost. Changes nothing unless `confirm` is true: then what can be saved is written, and every file
 * that is not used any more is moved to a folder beside the others. Nothing is deleted.
 */
export async function repairFolder(
  path: string,
  options: { confirm?: boolean } = {},
): Promise<RepairReport> {
  const confirm = options.confirm === true
  const decode = (message: Message): RepairReport => readRepairReport(message, confirm)
  return onFolder(path, { kind: JOBS.repairFolder, confirm, decode })
}

/** Runs a job that opens no store. */
async function onFolder<T>(
  path: string,
  { kind, confirm, decode }: { kind: number; confirm: boolean; decode: Job<T>['decode'] },
): Promise<T> {
  checkPath(path)
  const completions = new Completions()
  const native = exchange.native.createStore(completions.deliver)
  const jobs = new Jobs(native, completions)
  const write = (out: MessagePackWriter): void => {
    out.arrayHeader(2)
    out.str(resolvePath(path))
    out.boolean(confirm)
  }
  try {
    return await jobs.run(native, { kind, write, decode })
  } finally {
    await jobs.run(native, CLOSE)
  }
}

/** The limits in force, in the engine's order. */
function readLimits({ f64, at }: Message): ResolvedLimits {
  const names = [
    'contentBytesMax',
    'vectorDimensionMax',
    'batchOperationsMax',
    'frameBytesMax',
    'pathHopsMax',
    'searchKMax',
    'attributesBytesMax',
  ]
  const limits = names.map((name, index) => [name, f64[at / 8 + index]])
  return Object.freeze(Object.fromEntries(limits)) as ResolvedLimits
}

/** A map, so that an option left out is one the folder or the engine decides. */
function writeOpenArguments(out: MessagePackWriter, path: string, options: ResolvedOptions): void {
  const { embedder: _, embed: _embed, limits, reconciler, ...rest } = options
  const { vectorIndex, textIndex, ...plain } = rest
  const fields = { path, ...plain, ...limits, ...reconciler, ...vectorIndex, ...textIndex }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  out.mapHeader(given.length)
  for (const [name, value] of given) {
    out.str(name)
    if (typeof value === 'string') out.str(value)
    else if (typeof value === 'boolean') out.boolean(value)
    else out.float(value as number)
  }
}
