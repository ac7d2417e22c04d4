// A store of columns with indexes beside them. A call that adds rows returns when they are in
// files, which it does not sync.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DIMENSION } from '../data.js'
import { attributesOf, bucketOf, NEAREST, type SearchData } from '../search-data.js'
import { loadPeer } from './load.js'
import { EFFORTS, type PeerKind, type SearchPeer, type Words } from './peer.js'

interface Query {
  nearestTo(vector: Float32Array): Query
  fullTextSearch(query: object): Query
  distanceType(type: 'cosine'): Query
  ef(ef: number): Query
  refineFactor(factor: number): Query
  where(predicate: string): Query
  select(columns: readonly string[]): Query
  limit(count: number): Query
  toArray(): Promise<{ readonly number: number; readonly content: string }[]>
}

interface Table {
  add(rows: unknown): Promise<unknown>
  createIndex(column: string, options: { config: unknown }): Promise<void>
  optimize(): Promise<unknown>
  query(): Query
  close(): void
}

interface Connection {
  createEmptyTable(name: string, schema: unknown): Promise<Table>
  openTable(name: string): Promise<Table>
  close(): void
}

type Indexes = Record<'hnswSq' | 'bitmap' | 'btree' | 'fts', (options?: object) => unknown>
type MatchQuery = new (query: string, column: string, options: { operator: 'AND' | 'OR' }) => object

interface Lancedb {
  connect(path: string): Promise<Connection>
  makeArrowTable(rows: readonly object[], options: { schema: unknown }): unknown
  readonly Index: Indexes
  readonly MatchQuery: MatchQuery
}

type Make = new (...values: never[]) => unknown
type Arrow = Record<'Schema' | 'Field' | 'Int32' | 'Utf8' | 'Float32' | 'FixedSizeList', Make>

const CONNECTIVITY = 16
const EF_CONSTRUCTION = 128
/** Times as many candidates as hits are compared with the full vectors. */
const REFINE = 4
const BATCH = 10_000
/** It asks for at least as many candidates as are compared with the full vectors. */
const EFFORTS_FROM = NEAREST * REFINE

/**
 * On two cores it takes one thread for such work by default, which then waits for ever for itself
 * while words of 100,000 texts are indexed (0.31.0). It reads this when it is first used.
 */
const THREADS = '4'

export const lancedb: PeerKind = {
  name: 'lancedb',
  hasFilter: true,
  hasWords: true,
  open: async (folder, data) => {
    process.env['LANCE_CPU_THREADS'] ??= THREADS
    const module = loadPeer<Lancedb>('@lancedb/lancedb')
    const arrow = loadPeer<Arrow>('apache-arrow')
    if (module === undefined || arrow === undefined) return undefined
    const path = join(folder, 'lancedb')
    const isNew = !existsSync(path)
    const connection = await module.connect(path)
    if (isNew) await fill(module, arrow, connection, data)
    const table = await connection.openTable('concepts')
    return new LancedbPeer(module, connection, table, data)
  },
}

function schemaOf(arrow: Arrow, hasVectors: boolean): unknown {
  const make = (name: keyof Arrow, ...values: unknown[]): unknown =>
    new arrow[name](...(values as never[]))
  const column = (name: string, type: unknown): unknown => make('Field', name, type, false)
  const item = make('Field', 'item', make('Float32'), true)
  const vector = column('vector', make('FixedSizeList', DIMENSION, item))
  return make('Schema', [
    column('number', make('Int32')),
    ...['id', 'content', 'bucket'].map((name) => column(name, make('Utf8'))),
    column('share', make('Int32')),
    ...(hasVectors ? [vector] : []),
  ])
}

async function fill(
  { makeArrowTable, Index }: Lancedb,
  arrow: Arrow,
  connection: Connection,
  { ids, texts, vectors }: SearchData,
): Promise<void> {
  const hasVectors = vectors.length > 0
  const schema = schemaOf(arrow, hasVectors)
  const table = await connection.createEmptyTable('concepts', schema)
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH)
    const rows = batch.map((id, row) => {
      const number = from + row
      const { share, bucket } = attributesOf(number)
      return { number, id, content: texts[number], share, bucket, vector: vectors[number] }
    })
    await table.add(makeArrowTable(rows, { schema }))
  }
  await table.optimize()
  const options = { m: CONNECTIVITY, efConstruction: EF_CONSTRUCTION }
  const nearest = Index.hnswSq({ distanceType: 'cosine', numPartitions: 1, ...options })
  const words = Index.fts({ stem: false, removeStopWords: false, withPosition: false })
  if (hasVectors) await table.createIndex('vector', { config: nearest })
  await table.createIndex('content', { config: words })
  await table.createIndex('bucket', { config: Index.bitmap() })
  table.close()
}

class LancedbPeer implements SearchPeer {
  readonly detail = `IVF_HNSW_SQ of one partition, m ${CONNECTIVITY}, efConstruction ${EF_CONSTRUCTION}, refineFactor ${REFINE}; FTS and bitmap indexes; LANCE_CPU_THREADS ${process.env['LANCE_CPU_THREADS']}; files not synced; answers with the text`
  readonly efforts = EFFORTS.filter((effort) => effort >= EFFORTS_FROM)
  readonly effortName = 'ef'
  readonly #module: Lancedb
  readonly #connection: Connection
  readonly #table: Table
  readonly #queries: readonly Float32Array[]
  #effort = EFFORTS_FROM

  constructor(module: Lancedb, connection: Connection, table: Table, { queries }: SearchData) {
    this.#module = module
    this.#connection = connection
    this.#table = table
    this.#queries = queries
  }

  setEffort(effort: number): void {
    this.#effort = effort
  }

  nearest(query: number): Promise<number[]> {
    return numbersOf(this.#near(query))
  }

  nearestInBucket(query: number): Promise<number[]> {
    return numbersOf(this.#near(query).where(`bucket = '${bucketOf(query)}'`))
  }

  words(text: string, which: Words): Promise<number[]> {
    const operator = which === 'all' ? 'AND' : 'OR'
    const words = new this.#module.MatchQuery(text, 'content', { operator })
    return numbersOf(this.#table.query().fullTextSearch(words), '_score')
  }

  #near(query: number): Query {
    const vector = this.#queries[query] ?? new Float32Array(DIMENSION)
    const near = this.#table.query().nearestTo(vector).distanceType('cosine')
    return near.ef(this.#effort).refineFactor(REFINE)
  }

  close(): void {
    this.#table.close()
    this.#connection.close()
  }
}

async function numbersOf(query: Query, score = '_distance'): Promise<number[]> {
  const rows = await query.select(['number', 'content', score]).limit(NEAREST).toArray()
  // Reading the text makes it: the rows are views until then.
  return rows.map(({ number, content }) => (content.length > 0 ? number : -1))
}
