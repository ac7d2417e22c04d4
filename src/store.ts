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
  type Figures,
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
  LearnResult,
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
import { closed, inside, invalid, notAvailable, overLimit } from './validate/refusal.js'
import { type WriteKind, WriteQueue } from './write-queue.js'

/** Bytes of a frame in front of its batch. */
const FRAME_HEADER_BYTES = 8

const CLOSE: Job<undefined> = { kind: JOBS.close, decode: () => undefined }

class StoreHandle extends StoreReads implements Store {
  readonly #native: NativeStore
  readonly #context: ReadContext
  readonly #jobs: Jobs
  readonly #queue: WriteQueue
  readonly #embeds: EmbedQueue | undefined
  readonly #rules: EncodeRules
  readonly #isReadOnly: boolean
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
    this.#rules = { limits, embedderDimension: embedder?.dimension ?? 0 }
    // Layers that are not needed any more are let go of at once, not with the next read.
    completions.onChanged(() => this.#closing ?? this.renew())
  }

  protected newReader(): NativeReader {
    return readerOf(this.#native.reader())
  }

  protected fixedReader(): NativeReader {
    return readerOf(this.#native.snapshot())
  }

  learn(concept: ConceptInput): Promise<LearnResult> {
    return this.#write(LEARN, encodeLearn, concept)
  }

  learnMany(concepts: ConceptInput[]): Promise<LearnResult[]> {
    return this.#writeMany(LEARN_MANY, encodeLearn, 'concept', concepts)
  }

  update(id: ConceptId, change: ConceptChange): Promise<{ sequence: Sequence }> {
    return this.#write(UPDATE, encodeUpdate, id, change)
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
  ): Promise<T> {
    let start = -1
    try {
      this.#assertWritable()
      start = this.#queue.begin()
      const { out } = this.#queue
      out.arrayHeader(1)
      const gap = encode(out, this.#rules, first, second)
      return this.#commit(start, kind, gap === undefined ? [] : [gap])
    } catch (error) {
      if (start >= 0) this.#queue.abandon(start)
      return Promise.reject(error)
    }
  }

  /** Encodes one batch of many operations, which is refused as a whole if one of them is bad. */
  #writeMany<T>(
    kind: WriteKind,
    encode: EncodeOperation,
    what: string,
    inputs: readonly unknown[],
  ): Promise<T[]> {
    let start = -1
    try {
      this.#assertWritable()
      if (!Array.isArray(inputs)) throw invalid(kind.group, 'expected an array', inputs ?? null)
      const operationsMax = this.#rules.limits.batchOperationsMax
      if (inputs.length > operationsMax) throw overLimit(kind.group, inputs.length, operationsMax)
      if (inputs.length === 0) return Promise.resolve([])
      start = this.#queue.begin()
      const { out } = this.#queue
      out.arrayHeader(inputs.length)
      const gaps: VectorGap[] = []
      for (let index = 0; index < inputs.length; index++) {
        const gap = encodeItem(out, this.#rules, encode, inputs[index], what, index)
        if (gap !== undefined) gaps.push(gap)
      }
      return this.#commit(start, kind, gaps)
    } catch (error) {
      if (start >= 0) this.#queue.abandon(start)
      return Promise.reject(error)
    }
  }

  #commit<T>(start: number, kind: WriteKind, gaps: readonly VectorGap[]): Promise<T> {
    const batchAt = start + FRAME_HEADER_BYTES
    const bytes = this.#queue.out.at - batchAt
    const bytesMax = this.#rules.limits.frameBytesMax
    if (bytes > bytesMax) throw overLimit('batch', bytes, bytesMax)
    const embeds = gaps.length > 0 || this.#embeds?.isBusy ? this.#embeds : undefined
    if (embeds === undefined) return this.#queue.commit(start, kind)
    const inBatch = gaps.map(({ at, text }) => ({ at: at - batchAt, text }))
    return embeds.add(this.#queue.cut(start), inBatch, kind)
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
    return storeStats(this.#figures())
  }

  transactionStats(): TransactionStats {
    return transactionStats(this.#figures())
  }

  reconcilerStats(): ReconcilerStats {
    return reconcilerStats(this.#figures())
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
  return new StoreHandle(native, readerOf(native.reader()), completions, jobs, resolved, limits)
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
  const { embedder: _, limits, reconciler, vectorIndex, ...plain } = options
  const fields = { path, ...plain, ...limits, ...reconciler, ...vectorIndex }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  out.mapHeader(given.length)
  for (const [name, value] of given) {
    out.str(name)
    if (typeof value === 'string') out.str(value)
    else if (typeof value === 'boolean') out.boolean(value)
    else out.float(value as number)
  }
}
