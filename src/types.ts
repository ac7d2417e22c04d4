// The public types of Sutra Storage. Point reads are synchronous; whatever may wait is a Promise.

/** Identity of a concept: 32 lower-case hex characters. */
export type ConceptId = string

/** Class of an association. */
export type AssociationType = 'semantic' | 'causal' | 'temporal' | 'hierarchical' | 'compositional'

/** Store-wide number of a commit, in order of visibility. A safe integer; 0 is the empty store. */
export type Sequence = number

/** JSON values by name; at most 64 KB encoded, nested at most 64 deep. */
export type Attributes = Record<string, unknown>

import type { StoreStats, TransactionStats, ReconcilerStats } from './statistics-types.js'

export type {
  StoreStats,
  EmbeddingStats,
  BackgroundStats,
  IndexStats,
  RecoveryStats,
  TransactionStats,
  ReconcilerStats,
} from './statistics-types.js'

/** How vectors of a namespace are compared. */
export type Metric = 'cosine' | 'dot' | 'l2'

/** What an acknowledged write survives: power loss, kill -9, or an orderly close. */
export type Durability = 'fsync' | 'os' | 'none'

/** Pace and queue of the background work. Intervals must be min <= base <= max. */
export interface ReconcilerOptions {
  /** Shortest pause between two rounds, ms. @default 1 */
  intervalMsMin?: number
  /** Pause at ordinary load, ms. @default 10 */
  intervalMsBase?: number
  /** Longest pause, ms. @default 100 */
  intervalMsMax?: number
  /** Weight of the newest measurement, 0 (excluded) to 1. @default 0.3 */
  emaAlpha?: number
  /** Entries not indexed yet that are held at most. @default 100000 */
  queueCapacity?: number
  /** Share of the capacity from which stats warn, 0 (excluded) to 1. @default 0.7 */
  queueWarning?: number
  /** Share of the capacity from which stats alert, 0 (excluded) to 1. @default 0.9 */
  queueCritical?: number
}

/** Limits of one request. They may be lowered freely and raised up to hard ceilings. */
export interface LimitOptions {
  /** Bytes of UTF-8 in one content. @default 10485760 */
  contentBytesMax?: number
  /** Dimension of a vector in a request. @default 2048, or the store's if that is larger */
  vectorDimensionMax?: number
  /** Operations in one atomic batch. @default 1000 */
  batchOperationsMax?: number
  /** Bytes of one encoded batch. @default 104857600 */
  frameBytesMax?: number
  /** Hops of a path. @default 20 */
  pathHopsMax?: number
  /** Hits of a search. @default 1000 */
  searchKMax?: number
  /** Bytes of one concept's encoded attributes. @default 65536 */
  attributesBytesMax?: number
}

/** A language whose word forms are known. */
export type TextLanguage =
  | 'arabic'
  | 'danish'
  | 'dutch'
  | 'english'
  | 'finnish'
  | 'french'
  | 'german'
  | 'greek'
  | 'hungarian'
  | 'italian'
  | 'norwegian'
  | 'portuguese'
  | 'romanian'
  | 'russian'
  | 'spanish'
  | 'swedish'
  | 'tamil'
  | 'turkish'

/** How texts are read for being searched. */
export interface TextIndexOptions {
  /**
   * Forms of a word are found by each other: `run` finds `running`. Another language than before
   * has the index made anew. @default words as they are written
   */
  language?: TextLanguage
}

/** What the vector index compares: the floats, floats of 16 bits, or whole numbers of 8 bits. */
export type Quantization = 'f32' | 'f16' | 'i8'

/**
 * Tuning of the vector index, an HNSW graph. Hits are compared with the full vectors in any case.
 * What concerns the making of graphs holds for those made from now on.
 */
export interface VectorIndexOptions {
  /** What a graph compares. @default 'i8' */
  quantization?: Quantization
  /** Neighbours of a vector in a graph, 2 to 256. @default 16 */
  connectivity?: number
  /** Candidates looked at to add a vector, 2 to 10,000. @default 128 */
  efConstruction?: number
  /** Candidates that a search asks for, 1 to 10,000; never fewer than twice `k`. @default 64 */
  efSearch?: number
}

/** Options of {@link openStore}. Checked together: one error lists every problem. */
export interface StoreOptions {
  /** Dimension of vectors, 1 to 4,096. Must match the folder. @default 768, or the folder's */
  vectorDimension?: number
  /** How vectors are compared. Must match the folder. @default 'cosine' */
  metric?: Metric
  /** Shards of the store, 1 to 64. Must match the folder. @default 1 */
  shards?: number
  /** What an acknowledged write survives. @default 'fsync' */
  durability?: Durability
  /** Open for reading only; writes answer ERR_INVALID. @default false */
  readOnly?: boolean
  /** Concepts held in memory before a flush, 1,000 to 10,000,000. @default 50000 */
  memoryThreshold?: number
  /**
   * Bytes of memory for what is in no segment file yet, 16 MiB or more. At it, writes wait for
   * segments to be written, up to `writeTimeoutMs`, then answer ERR_BUSY. @default no bound; a
   * delta is written to a segment at 256 MiB
   */
  memoryBytesMax?: number
  /** How long a writer may wait for room, or for the embedder, ms. @default 30000 */
  writeTimeoutMs?: number
  /** How long a transaction may take, ms. @default 5000 */
  transactionTimeoutMs?: number
  reconciler?: ReconcilerOptions
  limits?: LimitOptions
  vectorIndex?: VectorIndexOptions
  textIndex?: TextIndexOptions
  /** Keep versions for so many ms after they were replaced, for `at()`. @default none are kept */
  history?: { keepMs: number }
  /** Gives the vector of a concept or a query that comes without one. */
  embedder?: Embedder
  /**
   * When the embedder is asked: `now`, before the write is acknowledged, or `later`, behind it.
   * With `later` every concept without a vector is filled in, also those of earlier runs.
   * @default 'now'
   */
  embed?: EmbedTime
}

/** Before a write is acknowledged, or behind it. */
export type EmbedTime = 'now' | 'later'

/** Options of a write that may need the embedder. */
export interface EmbedOptions {
  /**
   * `later` stores a concept at once, without vector, and fills that in behind it. A concept that
   * has a vector of another text is embedded now all the same. Default: what the store was opened
   * with.
   */
  embed?: EmbedTime
}

/** What is learned: one concept. */
export interface ConceptInput {
  /** 1 byte to 10 MB of UTF-8. */
  content: string
  /** The id to use; at most one of id and key. Default: derived from namespace and content. */
  id?: ConceptId
  /** A name of the caller's own, 1 to 512 bytes, from which the id is derived. */
  key?: string
  /** @default 'default' */
  namespace?: string
  /** As long as the dimension of the namespace; finite numbers. */
  vector?: Float32Array | number[]
  attributes?: Attributes
  /** 0 to 1. @default 1 */
  strength?: number
  /** 0 to 1. @default 1 */
  confidence?: number
  validFrom?: Date
  validTo?: Date
}

/** A concept as read. Fields other than id and sequence are decoded when first touched. */
export interface Concept extends Required<
  Pick<ConceptInput, 'content' | 'namespace' | 'attributes' | 'strength' | 'confidence'>
> {
  id: ConceptId
  key?: string
  vector?: Float32Array
  createdAt: Date
  updatedAt: Date
  sequence: Sequence
  validFrom?: Date
  validTo?: Date
}

/**
 * One association. Both ends must exist: ERR_NOT_FOUND. There is one per (source, target, type,
 * label); a second one updates it.
 */
export interface AssociationInput {
  source: ConceptId
  target: ConceptId
  type: AssociationType
  /** A word of the caller's own, 1 to 512 bytes: 'works_at'. */
  label?: string
  /** 0 to 1. @default 1 */
  confidence?: number
  /** A finite number. @default 1 */
  weight?: number
  attributes?: Attributes
  validFrom?: Date
  validTo?: Date
}

/** An association as read. */
export interface Association extends AssociationInput {
  confidence: number
  weight: number
  createdAt: Date
  sequence: Sequence
}

/** The four fields that tell one association from another. */
export type AssociationKey = Pick<AssociationInput, 'source' | 'target' | 'type' | 'label'>

/** Fields to change; left out ones stay, attributes given replace all attributes. */
export type ConceptChange = Partial<Omit<ConceptInput, 'id' | 'key' | 'namespace'>>

export interface NeighborsOptions {
  /** @default 'out' */
  direction?: 'out' | 'in' | 'both'
  type?: AssociationType | AssociationType[]
  label?: string
  /** Associations at most. Default: all. */
  limit?: number
  /**
   * Only associations that hold at this moment: from validFrom on, before validTo. One without
   * limits always holds. Default: all, whenever they hold.
   */
  validAt?: Date
}

export interface ListOptions {
  namespace?: string
  filter?: Filter
  /** 1 to 1,000. @default 100 */
  limit?: number
  /** What the page before answered as `cursor`; valid until the store is closed. */
  cursor?: string
  /** @default 'recent' */
  order?: 'recent' | 'id'
}

export interface ListResult {
  items: Concept[]
  /** Give it to the next call; absent on the last page. */
  cursor?: string
}

export interface Reads {
  /** A malformed id throws ERR_INVALID, an unknown one gives undefined. */
  get(id: ConceptId, options?: { namespace?: string }): Concept | undefined
  getByKey(key: string, options?: { namespace?: string }): Concept | undefined
  getMany(ids: ConceptId[]): (Concept | undefined)[]
  has(id: ConceptId): boolean
  neighbors(id: ConceptId, options?: NeighborsOptions): Association[]
  list(options?: ListOptions): Promise<ListResult>
  search(query: SearchQuery): Promise<SearchResult>
  paths(from: ConceptId, to: ConceptId, options?: PathOptions): Promise<Path[]>
}

/**
 * Conditions on attributes, dotted paths included, and on the fields namespace, id, key, strength,
 * confidence, createdAt, updatedAt, validFrom, validTo and validAt: `{ year: { $gte: 2020 }, tags:
 * { $in: ['a'] }, $or: [..], $not: {..} }`. Operators: $eq $ne $gt $gte $lt $lte $in $nin $exists
 * $and $or $not. See docs/search.md.
 */
export type Filter = Record<string, unknown>

export interface SearchQuery {
  /**
   * Words, "phrases in quotes" and beginnings of words (`begin*`), any of which may match. Without
   * a `vector`, a store with an embedder also compares the text's own vector.
   */
  text?: string
  /** Near to this vector. With a text, both rankings are made one. */
  vector?: Float32Array | number[]
  /** 1 to 1,000; the answer has min(k, matches) hits. @default 10 */
  k?: number
  /** Only concepts that pass it. */
  filter?: Filter
  namespace?: string
  /** Candidates that each graph is asked for, 1 to 10,000. @default what the store has, 64 */
  efSearch?: number
  /** Compare every vector, so that none that is near is missed. @default false */
  exact?: boolean
  /** Every search sees every commit before it, whatever is asked for here. */
  consistency?: 'eventual' | 'strong'
  /** Pull in and re-rank concepts that associations of the hits lead to: 1 to 5 hops. */
  expand?: { hops: number; types?: AssociationType[]; weight?: number }
  /** How much each source counts; 0 leaves it out. @default 1 each */
  weights?: { vector?: number; text?: number; graph?: number }
  /** Leave out hits with a lower score. */
  minScore?: number
  /** Say where each hit stands in each source. @default false */
  explain?: boolean
  include?: { vector?: boolean }
  signal?: AbortSignal
}

export interface SearchHit {
  id: ConceptId
  /**
   * The higher the better. Of one source its own: cosine, dot product, 1 / (1 + distance), or BM25
   * for a text. Of several, 0 to 1 by their ranks: 1 is the first of all of them.
   */
  score: number
  concept: Concept
  explain?: {
    /** Place among the nearest vectors, from 1, and the score there. */
    vector?: { rank: number; score: number }
    /** Place among the texts that match. */
    text?: { rank: number; score: number }
    /** The associations that lead here from another hit. */
    graph?: Association[]
  }
}

export interface SearchResult {
  hits: SearchHit[]
  sequence: Sequence
  tookMs: number
}

export interface PathOptions {
  /** 1 to 20. @default 6 */
  hopsMax?: number
  /** Distinct paths at most, 1 to 100. @default 3 */
  pathsMax?: number
  types?: AssociationType[]
  /** Follow associations from source to target only, or both ways. @default 'out' */
  direction?: 'out' | 'both'
  /** Least confidence of a whole path, 0 to 1. @default 0 */
  confidenceMin?: number
  /** Associations looked at before the search stops with what it has. @default 1000000 */
  visitedMax?: number
  /** Time before the search stops with what it has, ms. @default 10000 */
  timeMsMax?: number
  /**
   * Follow only associations that hold at this moment: from validFrom on, before validTo. One
   * without limits always holds. Default: all, whenever they hold.
   */
  validAt?: Date
  signal?: AbortSignal
}

export interface Path {
  concepts: ConceptId[]
  associations: Association[]
  /** Product of the confidences, times 0.85 per hop after the first. */
  confidence: number
}

export interface LearnResult {
  id: ConceptId
  sequence: Sequence
  created: boolean
}

export interface Writes {
  learn(concept: ConceptInput, options?: EmbedOptions): Promise<LearnResult>
  /** One atomic batch of at most 1,000. */
  learnMany(concepts: ConceptInput[], options?: EmbedOptions): Promise<LearnResult[]>
  /** Keeps associations; attributes are replaced. */
  update(
    id: ConceptId,
    change: ConceptChange,
    options?: EmbedOptions,
  ): Promise<{ sequence: Sequence }>
  /** Deletes the concept and its associations, both halves. */
  delete(id: ConceptId): Promise<{ deleted: boolean; sequence: Sequence }>
  associate(association: AssociationInput): Promise<{ sequence: Sequence; created: boolean }>
  /** One atomic batch of at most 1,000. */
  associateMany(
    associations: AssociationInput[],
  ): Promise<{ sequence: Sequence; created: boolean }[]>
  dissociate(association: AssociationKey): Promise<{ deleted: boolean; sequence: Sequence }>
}

/** Reads its own snapshot and its own writes; writes are buffered, so they return at once. */
export interface Transaction {
  get: Reads['get']
  getByKey: Reads['getByKey']
  neighbors: Reads['neighbors']
  learn(concept: ConceptInput): { id: ConceptId }
  update(id: ConceptId, change: object): void
  delete(id: ConceptId): void
  associate(association: AssociationInput): void
  dissociate(association: AssociationKey): void
}

/** The whole store as it was at one sequence. */
export interface Snapshot extends Reads, Disposable {
  readonly sequence: Sequence
}

export interface TransactionOptions {
  retries?: number
  timeoutMs?: number
  signal?: AbortSignal
}

export interface BackupOptions {
  signal?: AbortSignal
  onProgress?: (progress: { bytesDone: number; bytesTotal: number }) => void
}

export interface Store extends Reads, Writes, AsyncDisposable {
  /** Runs fn, commits; on conflict runs it again (up to `retries`), then ERR_CONFLICT. */
  transaction<T>(fn: (tx: Transaction) => T | Promise<T>, options?: TransactionOptions): Promise<T>
  snapshot(): Snapshot
  /** Within the retained history, else ERR_NOT_FOUND. */
  at(moment: Sequence | Date): Snapshot
  /** Everything written so far is on disk when this resolves. */
  flush(): Promise<{ sequence: Sequence }>
  stats(): StoreStats
  transactionStats(): TransactionStats
  reconcilerStats(): ReconcilerStats
  check(): Promise<CheckReport>
  backup(file: string, options?: BackupOptions): Promise<{ sequence: Sequence; bytes: number }>
  /** Writes out what is pending. May be called twice; other calls answer ERR_CLOSED afterwards. */
  close(): Promise<void>
}

/** What a check looked at, and what is wrong with it. */
export interface CheckReport {
  /** Everything that was acknowledged is there: no problem but harmless ones. */
  sound: boolean
  problems: CheckProblem[]
  filesChecked: number
  bytesChecked: number
  /** Concepts in segment files; what is in the log only is not counted. */
  concepts: number
  edges: number
  /** Concepts with a vector among them. */
  vectors: number
}

export interface CheckProblem {
  /** Name of the kind of problem; docs/operations.md lists them. */
  code: string
  file?: string
  /** Byte of the file at which it shows. */
  offset?: number
  message: string
  advice: string
}

/** What a repair does, or did, and all that is lost by it. */
export interface RepairReport {
  /** There is nothing to do. */
  sound: boolean
  /** The files were changed: `confirm` was given. */
  done: boolean
  /** The manifest was made anew of what the files say. */
  manifestRebuilt: boolean
  /** Files that are not used any more, or only a first part of them. */
  leftOut: { file: string; readable: number; total?: number }[]
  /** Last commit of the log that is kept, if the log is damaged. */
  logEndsAt?: Sequence
  concepts: LostConcept[]
  associations: LostAssociation[]
  /** Where the files are that were moved away. */
  aside?: string
}

/**
 * `gone`: it does not exist any more. `older`: it is as the commit `sequence` left it; what was
 * deleted later exists again. `partly`: a later commit, `sequence`, changed it, and what that did
 * not say is lost. `noVector`: only its vector is lost.
 */
export type Fate = 'gone' | 'older' | 'partly' | 'noVector'

export interface LostConcept {
  id: ConceptId
  key?: string
  fate: Fate
  sequence?: Sequence
}

export interface LostAssociation {
  source: ConceptId
  target: ConceptId
  type: AssociationType
  label?: string
  fate: Fate
  sequence?: Sequence
}

/** Turns texts into vectors, in order. */
export interface Embedder {
  readonly name: string
  readonly dimension: number
  embed(texts: string[], options: { signal?: AbortSignal }): Promise<Float32Array[]>
}
