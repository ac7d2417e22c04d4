// The jobs that read: how their arguments are written and their answers become objects. Answers
// carry 32 hex characters for each id; numbers lie at multiples of 8 bytes.
//
//   list    u32 bytes of the cursor | u32 0 | items of f64 location, f64 sequence, id | cursor
//   search  f64 sequence | hits of f64 score, f64 location, f64 sequence, id, f64 score by vector,
//           f64 score by text, u32 rank by vector, u32 rank by text, u32 hops, u32 0, as many
//           entries of edges, and with any hops one id more than those
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
} from '../types.js'
import type { CheckedSearch, ListQuery, PathsQuery } from '../validate/read-options.js'
import { associationView, EDGE_BYTES } from './association-view.js'
import { conceptView } from './concept-view.js'

const ID_BYTES = 32
const TYPE_MASK = 0xff
const OTHER_IS_SOURCE = 0x100
/** Where the places of a hit begin, and in them the ranks, the hops and the way. */
const PLACES_AT = 24 + ID_BYTES
const RANKS_AT = 16
const HOPS_AT = 24
const WAY_AT = 32
const HIT_BYTES = PLACES_AT + WAY_AT

type HitExplanation = NonNullable<SearchHit['explain']>

export function listJob(reader: NativeReader, query: ListQuery): Job<ListResult> {
  return {
    kind: JOBS.list,
    write: (out) => {
      out.arrayHeader(5)
      writeText(out, query.namespace)
      out.integer(query.limit)
      writeText(out, query.cursor)
      out.boolean(query.byId)
      writeBytes(out, query.filter)
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

/** What a search answers, but for the time. */
export type Found = Pick<SearchResult, 'hits' | 'sequence'>

export function searchJob(
  reader: NativeReader,
  vector: Float32Array | undefined,
  query: CheckedSearch,
): Job<Found> {
  return {
    kind: JOBS.search,
    signal: query.signal,
    write: (out) => {
      out.arrayHeader(13)
      writeText(out, query.namespace)
      if (vector === undefined) out.nil()
      else out.vector(vector)
      writeText(out, query.text)
      out.integer(query.k)
      writeCount(out, query.efSearch)
      out.boolean(query.exact)
      writeBytes(out, query.filter)
      out.float(query.weights.vector)
      out.float(query.weights.text)
      out.float(query.weights.graph)
      if (query.minScore === undefined) out.nil()
      else out.float(query.minScore)
      out.integer(query.expand?.hops ?? 0)
      out.integer(query.expand?.types ?? 0)
    },
    decode: (message) => {
      const hits: SearchHit[] = []
      let at = message.at + 8
      for (let index = 0; index < message.count; index++) {
        const hops = message.u32[(at + PLACES_AT + HOPS_AT) / 4] ?? 0
        hits.push(readHit(reader, message, at, query))
        at += HIT_BYTES + hops * EDGE_BYTES + (hops > 0 ? (hops + 1) * ID_BYTES : 0)
      }
      return { sequence: message.f64[message.at / 8] ?? 0, hits }
    },
  }
}

function readHit(
  reader: NativeReader,
  message: Message,
  at: number,
  query: CheckedSearch,
): SearchHit {
  const score = message.f64[at / 8] ?? 0
  const concept = readConcept(reader, message, at + 8, query.includeVector)
  const hit = { id: concept.id, score, concept }
  return query.explain ? { ...hit, explain: readPlaces(reader, message, at + PLACES_AT) } : hit
}

function readPlaces(reader: NativeReader, message: Message, at: number): HitExplanation {
  const { f64, u32 } = message
  const place = (index: number): { rank: number; score: number } | undefined => {
    const rank = u32[(at + RANKS_AT) / 4 + index] ?? 0
    return rank === 0 ? undefined : { rank, score: f64[at / 8 + index] ?? 0 }
  }
  const [vector, text] = [place(0), place(1)]
  const hops = u32[(at + HOPS_AT) / 4] ?? 0
  const graph = hops === 0 ? undefined : readWay(reader, message, at + WAY_AT, hops).associations
  return { ...(vector && { vector }), ...(text && { text }), ...(graph && { graph }) }
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
  return { ...readWay(reader, message, at + 16, hops), confidence: message.f64[at / 8] ?? 0 }
}

/** Entries of edges and, behind them, the ids that they lead over. */
function readWay(
  reader: NativeReader,
  message: Message,
  edgesAt: number,
  hops: number,
): Pick<Path, 'concepts' | 'associations'> {
  const { f64, u32, buffer } = message
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
  return { concepts, associations }
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

function writeBytes(out: MessagePackWriter, bytes: Buffer | undefined): void {
  if (bytes === undefined) out.nil()
  else out.bytes(bytes)
}
