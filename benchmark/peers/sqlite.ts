// One database with everything: concepts in a table, their vectors in sqlite-vec, which compares
// all of them, and their words in FTS5. Each transaction is on disk when it returns.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DIMENSION } from '../data.js'
import { attributesOf, bucketOf, NEAREST, type SearchData } from '../search-data.js'
import { loadPeer } from './load.js'
import type { PeerKind, SearchPeer, Words } from './peer.js'

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): Row[]
}

interface Row {
  readonly number: number
  readonly content: string
}

interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  transaction(action: () => void): () => void
  close(): void
}

type Sqlite = new (path: string) => Database

interface SqliteVec {
  load(database: Database): void
}

/** Concepts written in one transaction. */
const BATCH = 1000

const TABLES = `
  create table concepts (
    number integer primary key, id text unique, content text, share integer, bucket text
  );
  create virtual table texts using fts5(content, content = 'concepts', content_rowid = 'number');
  create virtual table vectors using vec0(
    number integer primary key, bucket text, vector float[${DIMENSION}] distance_metric = cosine
  );`

export const sqlite: PeerKind = {
  name: 'sqlite',
  hasFilter: true,
  hasWords: true,
  open: async (folder, data) => {
    const Sqlite = loadPeer<Sqlite>('better-sqlite3')
    const vec = loadPeer<SqliteVec>('sqlite-vec')
    if (Sqlite === undefined || vec === undefined) return undefined
    const path = join(folder, 'sqlite.db')
    const isNew = !existsSync(path)
    const database = new Sqlite(path)
    vec.load(database)
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
    if (isNew) fill(database, data)
    return new SqlitePeer(database, data)
  },
}

function fill(database: Database, { ids, texts, vectors }: SearchData): void {
  database.exec(TABLES)
  const concept = database.prepare('insert into concepts values (?, ?, ?, ?, ?)')
  const text = database.prepare('insert into texts (rowid, content) values (?, ?)')
  const vector = database.prepare('insert into vectors values (?, ?, ?)')
  for (let from = 0; from < ids.length; from += BATCH) {
    const write = database.transaction(() => {
      for (let number = from; number < Math.min(from + BATCH, ids.length); number++) {
        const { share, bucket } = attributesOf(number)
        concept.run(number, ids[number], texts[number], share, bucket)
        text.run(number, texts[number])
        // Numbers of JavaScript would be reals, which its primary key refuses.
        const own = vectors[number]
        if (own !== undefined) vector.run(BigInt(number), bucket, bytesOf(own))
      }
    })
    write()
  }
  database.exec("insert into texts (texts) values ('optimize'); pragma wal_checkpoint(truncate)")
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
}

class SqlitePeer implements SearchPeer {
  readonly detail =
    'better-sqlite3, sqlite-vec and FTS5 in one database, WAL, synchronous = full; answers with the text'
  readonly efforts = []
  readonly effortName = 'none: it compares all'
  readonly #database: Database
  readonly #queries: readonly Buffer[]
  readonly #nearest: Statement
  readonly #inBucket: Statement
  readonly #words: Statement

  constructor(database: Database, { queries }: SearchData) {
    this.#database = database
    this.#queries = queries.map(bytesOf)
    const nearest = (where: string): Statement =>
      database.prepare(`
        with found as (
          select number, distance from vectors
          where vector match ? and k = ${NEAREST} ${where}
        )
        select number, content from found join concepts using (number) order by distance`)
    this.#nearest = nearest('')
    this.#inBucket = nearest('and bucket = ?')
    this.#words = database.prepare(`
      with found as (
        select rowid as number, rank from texts where texts match ? order by rank limit ${NEAREST}
      )
      select number, content from found join concepts using (number) order by rank`)
  }

  setEffort(): void {}

  nearest(query: number): number[] {
    return numbersOf(this.#nearest.all(this.#queries[query]))
  }

  nearestInBucket(query: number): number[] {
    return numbersOf(this.#inBucket.all(this.#queries[query], bucketOf(query)))
  }

  words(text: string, which: Words): number[] {
    return numbersOf(this.#words.all(which === 'all' ? text : text.replaceAll(' ', ' OR ')))
  }

  close(): void {
    this.#database.close()
  }
}

function numbersOf(rows: readonly Row[]): number[] {
  return rows.map(({ number }) => number)
}
