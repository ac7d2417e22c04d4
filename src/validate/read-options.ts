// The options of the read calls: checked, with defaults filled in.

import type { ResolvedLimits } from '../options.js'
import { encodeFilter } from '../message-pack/filter.js'
import type { ListOptions, NeighborsOptions, PathOptions, SearchQuery } from '../types.js'
import {
  checkBoolean,
  checkChoice,
  checkFields,
  checkFinite,
  checkFraction,
  checkInteger,
  checkName,
  checkNamespace,
  checkObject,
  checkSignal,
  checkText,
  readTime,
  readType,
  readVector,
} from './fields.js'
import { invalid, overLimit } from './refusal.js'

const COUNT_MAX = 0xffff_ffff
const LIST_LIMIT_MAX = 1_000
const LIST_LIMIT_DEFAULT = 100
const K_DEFAULT = 10
const HOPS_DEFAULT = 6
const PATHS_DEFAULT = 3
const PATHS_MAX = 100
const ALL_TYPES = 0b11111

const NAMESPACE_ONLY = new Set(['namespace'])
const NEIGHBORS = new Set(['direction', 'type', 'label', 'limit', 'validAt'])
const LIST = new Set(['namespace', 'filter', 'limit', 'cursor', 'order'])
const PATHS = new Set([
  'hopsMax',
  'pathsMax',
  'types',
  'direction',
  'confidenceMin',
  'visitedMax',
  'timeMsMax',
  'validAt',
  'signal',
])
const SEARCH = new Set([
  'text',
  'vector',
  'k',
  'filter',
  'namespace',
  'efSearch',
  'exact',
  'consistency',
  'expand',
  'weights',
  'minScore',
  'explain',
  'include',
  'signal',
])
const INCLUDE = new Set(['vector'])
const WEIGHTS = new Set(['vector', 'text', 'graph'])
const EXPAND = new Set(['hops', 'types', 'weight'])
const HOPS_MAX = 5

/** The namespace asked for, if any. */
export function readNamespace(options: unknown): string | undefined {
  if (options === undefined) return undefined
  checkObject('options', options, NAMESPACE_ONLY)
  const { namespace } = options
  if (namespace === undefined) return undefined
  checkNamespace('namespace', namespace)
  return namespace
}

/** Bits of NeighborsQuery.flags. */
const OUT = 1
const IN = 2
const HAS_MOMENT = 4
const TYPES_SHIFT = 8

export interface NeighborsQuery {
  /** Bit 0: outgoing, 1: incoming, 2: with `validAtMs`; from bit 8 one bit for each type. */
  readonly flags: number
  readonly label: string
  readonly limit: number
  readonly validAtMs: number | undefined
}

const DEFAULT_NEIGHBORS: NeighborsQuery = {
  flags: OUT | (ALL_TYPES << TYPES_SHIFT),
  label: '',
  limit: COUNT_MAX,
  validAtMs: undefined,
}

export function readNeighborsOptions(options: NeighborsOptions | undefined): NeighborsQuery {
  if (options === undefined) return DEFAULT_NEIGHBORS
  checkFields('options', options, NEIGHBORS)
  const { direction = 'out', type, label, limit = COUNT_MAX, validAt } = options
  checkChoice('direction', direction, ['out', 'in', 'both'])
  const sides = direction === 'out' ? OUT : direction === 'in' ? IN : OUT | IN
  if (label !== undefined) checkName('label', label)
  checkInteger('limit', limit, 1, COUNT_MAX)
  const types = readTypes('type', Array.isArray(type) ? type : type === undefined ? type : [type])
  const validAtMs = validAt === undefined ? undefined : readTime('validAt', validAt)
  const moment = validAtMs === undefined ? 0 : HAS_MOMENT
  return { flags: sides | moment | (types << TYPES_SHIFT), label: label ?? '', limit, validAtMs }
}

/** One bit for each type; all of them if none is named. */
function readTypes(field: string, types: unknown): number {
  if (types === undefined) return ALL_TYPES
  if (!Array.isArray(types)) throw invalid(field, 'expected an array of types', types ?? null)
  if (types.length === 0) throw invalid(field, 'must not be empty')
  return types.reduce<number>((bits, type) => bits | (1 << readType(field, type)), 0)
}

export interface ListQuery {
  readonly namespace: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly byId: boolean
  /** As the engine reads it. */
  readonly filter: Buffer | undefined
}

export function readListOptions(options: ListOptions | undefined): ListQuery {
  if (options !== undefined) checkFields('options', options, LIST)
  const { namespace, filter, limit = LIST_LIMIT_DEFAULT, cursor, order = 'recent' } = options ?? {}
  if (namespace !== undefined) checkNamespace('namespace', namespace)
  checkInteger('limit', limit, 1, LIST_LIMIT_MAX, true)
  if (cursor !== undefined) checkName('cursor', cursor)
  checkChoice('order', order, ['recent', 'id'])
  const encoded = filter === undefined ? undefined : encodeFilter(filter)
  return { namespace, limit, cursor, byId: order === 'id', filter: encoded }
}

export interface PathsQuery {
  readonly hopsMax: number
  readonly pathsMax: number
  readonly types: number
  readonly isBothWays: boolean
  readonly confidenceMin: number
  readonly visitedMax: number | undefined
  readonly timeMsMax: number | undefined
  readonly validAtMs: number | undefined
  readonly signal: AbortSignal | undefined
}

export function readPathOptions(
  options: PathOptions | undefined,
  limits: ResolvedLimits,
): PathsQuery {
  if (options !== undefined) checkFields('options', options, PATHS)
  const given = options ?? {}
  const { hopsMax = Math.min(HOPS_DEFAULT, limits.pathHopsMax), pathsMax = PATHS_DEFAULT } = given
  const { direction = 'out', confidenceMin = 0, visitedMax, timeMsMax, validAt, signal } = given
  checkInteger('hopsMax', hopsMax, 1, limits.pathHopsMax, true)
  checkInteger('pathsMax', pathsMax, 1, PATHS_MAX, true)
  checkChoice('direction', direction, ['out', 'both'])
  checkFraction('confidenceMin', confidenceMin)
  if (visitedMax !== undefined) checkInteger('visitedMax', visitedMax, 1, COUNT_MAX)
  if (timeMsMax !== undefined) checkInteger('timeMsMax', timeMsMax, 1, COUNT_MAX)
  if (signal !== undefined) checkSignal('signal', signal)
  return {
    hopsMax,
    pathsMax,
    types: readTypes('types', given.types),
    isBothWays: direction === 'both',
    confidenceMin,
    visitedMax,
    timeMsMax,
    validAtMs: validAt === undefined ? undefined : readTime('validAt', validAt),
    signal,
  }
}

type Source = 'vector' | 'text' | 'graph'

export interface CheckedSearch {
  readonly text: string | undefined
  readonly vector: Float32Array | undefined
  readonly k: number
  readonly namespace: string | undefined
  /** As the engine reads it. */
  readonly filter: Buffer | undefined
  readonly weights: Readonly<Record<Source, number>>
  readonly expand: { readonly hops: number; readonly types: number } | undefined
  readonly minScore: number | undefined
  readonly efSearch: number | undefined
  readonly exact: boolean
  readonly explain: boolean
  readonly includeVector: boolean
  readonly signal: AbortSignal | undefined
}

export function readSearchQuery(query: SearchQuery, limits: ResolvedLimits): CheckedSearch {
  checkFields('query', query, SEARCH)
  const { text, vector, k = K_DEFAULT, namespace, filter, minScore, signal } = query
  if (text === undefined && vector === undefined) throw invalid('text', 'give a text or a vector')
  if (text !== undefined) checkSearchText(text, limits)
  checkInteger('k', k, 1, limits.searchKMax, true)
  if (namespace !== undefined) checkNamespace('namespace', namespace)
  if (minScore !== undefined) checkFinite('minScore', minScore)
  const expand = readExpand(query.expand)
  checkSearchTuning(query)
  if (signal !== undefined) checkSignal('signal', signal)
  const checked =
    vector === undefined ? undefined : readVector('vector', vector, limits.vectorDimensionMax)
  return {
    text,
    // The caller may change his array while the text is being embedded or the search waits.
    vector: checked === vector ? checked?.slice() : checked,
    k,
    namespace,
    filter: filter === undefined ? undefined : encodeFilter(filter),
    expand,
    weights: readWeights(query),
    minScore,
    efSearch: query.efSearch,
    exact: query.exact === true,
    explain: query.explain === true,
    includeVector: query.include?.vector === true,
    signal,
  }
}

/** How much each source counts. The weight of an expansion may be given with it. */
function readWeights({ weights, expand, text, vector }: SearchQuery): Record<Source, number> {
  if (weights !== undefined) checkFields('weights', weights, WEIGHTS)
  const read = { vector: 1, text: 1, graph: expand?.weight ?? 1, ...defined(weights) }
  for (const name of ['vector', 'text', 'graph'] as const) {
    checkFinite(`weights.${name}`, read[name])
    if (read[name] < 0) throw invalid(`weights.${name}`, 'must not be negative', read[name])
  }
  const isAnyLeft = (vector !== undefined || text !== undefined) && read.vector > 0
  if (!isAnyLeft && (text === undefined || read.text === 0)) {
    throw invalid('weights', 'leave out every source that the query has')
  }
  return read
}

/** Without the fields that are undefined, which stand for the default. */
function defined(weights: SearchQuery['weights']): Partial<Record<Source, number>> {
  const given = Object.entries(weights ?? {}).filter(([, weight]) => weight !== undefined)
  return Object.fromEntries(given)
}

function readExpand(expand: SearchQuery['expand']): CheckedSearch['expand'] {
  if (expand === undefined) return undefined
  checkFields('expand', expand, EXPAND)
  const { hops, types, weight } = expand
  checkInteger('expand.hops', hops, 1, HOPS_MAX, true)
  if (weight !== undefined) checkFinite('expand.weight', weight)
  return { hops, types: readTypes('expand.types', types) }
}

function checkSearchText(text: unknown, limits: ResolvedLimits): void {
  checkText('text', text)
  const bytes = Buffer.byteLength(text, 'utf8')
  if (bytes > limits.contentBytesMax) throw overLimit('text', bytes, limits.contentBytesMax)
}

/** How widely and how exactly to search. */
function checkSearchTuning(query: SearchQuery): void {
  const { efSearch, exact, consistency, explain, include } = query
  if (efSearch !== undefined) checkInteger('efSearch', efSearch, 1, 10_000)
  if (exact !== undefined) checkBoolean('exact', exact)
  if (consistency !== undefined) checkChoice('consistency', consistency, ['eventual', 'strong'])
  if (explain !== undefined) checkBoolean('explain', explain)
  if (include === undefined) return
  checkFields('include', include, INCLUDE)
  if (include.vector !== undefined) checkBoolean('include.vector', include.vector)
}
