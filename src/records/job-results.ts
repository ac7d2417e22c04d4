// The jobs that read: how their arguments are written and their answers become objects. Answers
// carry 32 hex characters for each id; numbers lie at multiples of 8 bytes.
//
//   list    u32 bytes of the cursor | u32 0 | items of f64 location, f64 sequence, id | cursor
//   search  f64 sequence | hits of f64 score, f64 location, f64 sequence, id
//   paths   for each: f64 confidence | u32 hops | u32 0 | entries of edges | hops + 1 ids

import type { Message } from '../completions.js'
import type { Job } from '../jobs.js'
import type { MessagePackWriter } from '../message-pack/writer.js'
import { JOBS, type NativeReader } from '../native.js'
import type {
  Association,
  Concept,
  ConceptId,
  ListResult,
  Path,
  SearchHit,
  SearchResult,
  Sequence,
} from '../types.js'
import type { CheckedSearch, ListQuery, PathsQuery } from '../validate/read-options.js'
import { associationView, EDGE_BYTES } from './association-view.js'
import { conceptView } from './concept-view.js'

const ID_BYTES = 32
const TYPE_MASK = 0xff
const OTHER_IS_SOURCE = 0x100
/** The usual constant of reciprocal rank fusion. */
const FUSION_K = 60

export function listJob(reader: NativeReader, query: ListQuery): Job<ListResult> {
  return {
    kind: JOBS.list,
    write: (out) => {
      out.arrayHeader(4)
      writeText(out, query.namespace)
      out.integer(query.limit)
      writeText(out, query.cursor)
      out.boolean(query.byId)
    },
    decode: (message) => {
      const cursorBytes = message.u32[message.at / 4] ?? 0
      const items: Concept[] = []
      let at = message.at + 8
      for (let index = 0; index < message.count; index++, at += 16 + ID_BYTES) {
        items.push(readConcept(reader, message, at, true))
      }
      if (cursorBytes === 0) return { items }
      return { items, cursor: message.buffer.utf8Slice(at, at + cursorBytes) }
    },
  }
}

/** Hits of one ranking, best first. */
export interface Ranking {
  readonly sequence: Sequence
  readonly hits: { id: ConceptId; score: number; concept: Concept }[]
}

export function searchJob(
  reader: NativeReader,
  vector: Float32Array,
  query: CheckedSearch,
): Job<Ranking> {
  return {
    kind: JOBS.search,
    signal: query.signal,
    write: (out) => {
      out.arrayHeader(5)
      writeText(out, query.namespace)
      out.vector(vector)
      out.integer(query.k)
      writeCount(out, query.efSearch)
      out.boolean(query.exact)
    },
    decode: (message) => {
      const hits: Ranking['hits'] = []
      let at = message.at + 8
      for (let index = 0; index < message.count; index++, at += 24 + ID_BYTES) {
        const score = message.f64[at / 8] ?? 0
        const concept = readConcept(reader, message, at + 8, query.includeVector)
        hits.push({ id: concept.id, score, concept })
      }
      return { sequence: message.f64[message.at / 8] ?? 0, hits }
    },
  }
}

/**
 * One ranking as it is; two (of a vector and of a text's vector) by reciprocal rank, which needs no
 * scores that can be compared.
 */
export function fuse(
  rankings: readonly Ranking[],
  query: CheckedSearch,
): Pick<SearchResult, 'hits' | 'sequence'> {
  const sequence = Math.min(...rankings.map((ranking) => ranking.sequence))
  const single = rankings.length === 1 ? rankings[0] : undefined
  const ranked = single === undefined ? reciprocalRanks(rankings) : single.hits
  const { minScore } = query
  const hits = ranked
    .filter(({ score }) => minScore === undefined || score >= minScore)
    .slice(0, query.k)
  return { hits: query.explain ? hits.map((hit) => explained(hit, rankings)) : hits, sequence }
}

function reciprocalRanks(rankings: readonly Ranking[]): SearchHit[] {
  const hits = new Map<ConceptId, SearchHit>()
  for (const ranking of rankings) {
    for (const [index, { id, concept }] of ranking.hits.entries()) {
      const score = (hits.get(id)?.score ?? 0) + 1 / (FUSION_K + index + 1)
      hits.set(id, { id, score, concept })
    }
  }
  return [...hits.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
}

/** The rank of the hit by vector, and by the vector of the text where both were given. */
function explained(hit: SearchHit, rankings: readonly Ranking[]): SearchHit {
  const places = rankings.map(({ hits }) => {
    const index = hits.findIndex(({ id }) => id === hit.id)
    const score = hits[index]?.score
    return score === undefined ? undefined : { rank: index + 1, score }
  })
  const [vector, text] = places
  return { ...hit, explain: { ...(vector && { vector }), ...(text && { text }) } }
}

export function pathsJob(
  reader: NativeReader,
  from: ConceptId,
  to: ConceptId,
  query: PathsQuery,
): Job<Path[]> {
  return {
    kind: JOBS.paths,
    signal: query.signal,
    write: (out) => {
      out.arrayHeader(10)
      out.id(from)
      out.id(to)
      out.integer(query.hopsMax)
      out.integer(query.pathsMax)
      out.integer(query.types)
      out.boolean(query.isBothWays)
      out.float(query.confidenceMin)
      writeCount(out, query.visitedMax)
      writeCount(out, query.timeMsMax)
      writeCount(out, query.validAtMs)
    },
    decode: (message) => {
      const paths: Path[] = []
      let at = message.at
      for (let index = 0; index < message.count; index++) {
        const hops = message.u32[at / 4 + 2] ?? 0
        paths.push(readPath(reader, message, at, hops))
        at += 16 + hops * EDGE_BYTES + (hops + 1) * ID_BYTES
      }
      return paths
    },
  }
}

function readPath(reader: NativeReader, message: Message, at: number, hops: number): Path {
  const { f64, u32, buffer } = message
  const edgesAt = at + 16
  const idsAt = edgesAt + hops * EDGE_BYTES
  const concepts: ConceptId[] = []
  for (let index = 0; index <= hops; index++) {
    const start = idsAt + index * ID_BYTES
    concepts.push(buffer.latin1Slice(start, start + ID_BYTES))
  }
  const associations: Association[] = []
  for (let hop = 0; hop < hops; hop++) {
    const slot = edgesAt / 8 + hop * 3
    const flags = u32[2 * slot + 4] ?? 0
    const step = [concepts[hop] ?? '', concepts[hop + 1] ?? ''] as const
    const [source, target] = (flags & OTHER_IS_SOURCE) === 0 ? step : [step[1], step[0]]
    const location = f64[slot + 1] ?? 0
    const confidence = f64[slot] ?? 0
    const type = flags & TYPE_MASK
    associations.push(associationView(reader, location, source, target, type, confidence))
  }
  return { concepts, associations, confidence: f64[at / 8] ?? 0 }
}

function readConcept(
  reader: NativeReader,
  message: Message,
  at: number,
  hasVector: boolean,
): Concept {
  const id = message.buffer.latin1Slice(at + 16, at + 16 + ID_BYTES)
  const location = message.f64[at / 8] ?? 0
  return conceptView(reader, id, location, message.f64[at / 8 + 1] ?? 0, hasVector)
}

function writeText(out: MessagePackWriter, text: string | undefined): void {
  if (text === undefined) out.nil()
  else out.str(text)
}

function writeCount(out: MessagePackWriter, count: number | undefined): void {
  if (count === undefined) out.nil()
  else out.integer(count)
}
