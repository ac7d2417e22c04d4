// The options of openStore: every range and default, checked in one place and reported together.
// The engine checks them again, because it has other entrances.

import { SutraError } from './errors.js'
import type {
  Durability,
  Embedder,
  EmbedTime,
  LimitOptions,
  Metric,
  Quantization,
  ReconcilerOptions,
  StoreOptions,
  TextIndexOptions,
  TextLanguage,
  VectorIndexOptions,
} from './types.js'
import { shortName, show } from './validate/refusal.js'

/** Limits as the engine has them, every one filled in. */
export type ResolvedLimits = Readonly<Required<LimitOptions>>

/** What a store runs with. Options left out that belong to the folder stay undefined. */
export interface ResolvedOptions {
  readonly vectorDimension: number | undefined
  readonly metric: Metric | undefined
  readonly shards: number | undefined
  readonly durability: Durability | undefined
  readonly readOnly: boolean
  readonly memoryThreshold: number | undefined
  readonly memoryBytesMax: number | undefined
  readonly historyKeepMs: number | undefined
  readonly writeTimeoutMs: number
  readonly transactionTimeoutMs: number
  readonly reconciler: Readonly<Required<ReconcilerOptions>>
  readonly limits: Readonly<LimitOptions>
  readonly vectorIndex: Readonly<VectorIndexOptions>
  readonly textIndex: Readonly<TextIndexOptions>
  readonly embedder: Embedder | undefined
  readonly embed: EmbedTime
}

/** Where each option came from, by name; what is not listed came as an argument. */
export type OptionOrigins = Readonly<Record<string, string>>

/** Range of a number: both ends included unless `above` says that the lower one is not. */
interface Range {
  readonly min: number
  readonly max: number
  readonly whole: boolean
  readonly default?: number
  readonly above?: boolean
}

const MIB = 1024 * 1024

const whole = (min: number, max: number, standard?: number): Range =>
  standard === undefined ? { min, max, whole: true } : { min, max, whole: true, default: standard }
const share = (standard: number): Range => ({
  min: 0,
  max: 1,
  whole: false,
  default: standard,
  above: true,
})
const interval = (standard: number): Range => ({
  min: 0,
  max: 60_000,
  whole: false,
  default: standard,
  above: true,
})

const NUMBERS = {
  vectorDimension: whole(1, 4096),
  shards: whole(1, 64),
  memoryThreshold: whole(1_000, 10_000_000),
  memoryBytesMax: whole(16 * MIB, Number.MAX_SAFE_INTEGER),
} as const

const TIMES = {
  writeTimeoutMs: whole(1, 3_600_000, 30_000),
  transactionTimeoutMs: whole(1, 3_600_000, 5_000),
} as const

const RECONCILER = {
  intervalMsMin: interval(1),
  intervalMsBase: interval(10),
  intervalMsMax: interval(100),
  emaAlpha: share(0.3),
  queueCapacity: whole(1, 10_000_000, 100_000),
  queueWarning: share(0.7),
  queueCritical: share(0.9),
} as const

const VECTOR_INDEX = {
  connectivity: whole(2, 256),
  efConstruction: whole(2, 10_000),
  efSearch: whole(1, 10_000),
} as const

const HISTORY = {
  keepMs: whole(1, Number.MAX_SAFE_INTEGER),
} as const

/** Their defaults are the engine's, which may depend on the folder. */
const LIMITS = {
  contentBytesMax: whole(1, 64 * MIB),
  vectorDimensionMax: whole(1, 4096),
  batchOperationsMax: whole(1, 10_000),
  frameBytesMax: whole(1, 512 * MIB),
  pathHopsMax: whole(1, 64),
  searchKMax: whole(1, 10_000),
  attributesBytesMax: whole(1, MIB),
} as const

const METRICS: readonly Metric[] = ['cosine', 'dot', 'l2']
const QUANTIZATIONS: readonly Quantization[] = ['f32', 'f16', 'i8']
const LANGUAGES: readonly TextLanguage[] = [
  'arabic',
  'danish',
  'dutch',
  'english',
  'finnish',
  'french',
  'german',
  'greek',
  'hungarian',
  'italian',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
]
const EMBED_TIMES: readonly EmbedTime[] = ['now', 'later']
const DURABILITIES: readonly Durability[] = ['fsync', 'os', 'none']

const HISTORY_NAMES: ReadonlySet<string> = new Set(Object.keys(HISTORY))
const NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(NUMBERS),
  ...Object.keys(TIMES),
  'metric',
  'durability',
  'readOnly',
  'reconciler',
  'limits',
  'vectorIndex',
  'textIndex',
  'history',
  'embedder',
  'embed',
])

/** Collects the problems of one options object, so that all are told at once. */
class Problems {
  readonly messages: string[] = []
  first: { field: string; value: unknown } | undefined
  readonly #origins: OptionOrigins

  constructor(origins: OptionOrigins) {
    this.#origins = origins
  }

  add(name: string, problem: string, value: unknown): void {
    const origin = this.#origins[name] ?? 'argument'
    this.messages.push(`${name}: ${problem} (from ${origin})`)
    this.first ??= { field: name, value: typeof value === 'object' ? undefined : value }
  }
}

/** Checks the options and fills in what is left out. Throws one ERR_CONFIG with every problem. */
export function resolveOptions(
  options: StoreOptions | undefined,
  origins: OptionOrigins = {},
): ResolvedOptions {
  const problems = new Problems(origins)
  const given: Record<string, unknown> = readGroup(problems, 'options', '', options, NAMES)
  const numbers = readNumbers(problems, '', given, NUMBERS)
  const times = readNumbers(problems, '', given, TIMES) as Record<keyof typeof TIMES, number>
  const reconciler = readReconciler(problems, given.reconciler)
  const limitNames = new Set(Object.keys(LIMITS))
  const limitsGiven = readGroup(problems, 'limits', 'limits.', given.limits, limitNames)
  const limits = readNumbers(problems, 'limits.', limitsGiven, LIMITS)
  const embedder = readEmbedder(problems, given.embedder, numbers.vectorDimension)
  const resolved = {
    ...numbers,
    ...times,
    vectorDimension: numbers.vectorDimension ?? embedder?.dimension,
    metric: readChoice(problems, 'metric', given.metric, METRICS),
    durability: readChoice(problems, 'durability', given.durability, DURABILITIES),
    readOnly: readBoolean(problems, 'readOnly', given.readOnly),
    reconciler,
    limits: limits as LimitOptions,
    vectorIndex: readVectorIndex(problems, given.vectorIndex),
    textIndex: readTextIndex(problems, given.textIndex),
    historyKeepMs: readHistory(problems, given.history),
    embedder,
    embed: readChoice(problems, 'embed', given.embed, EMBED_TIMES) ?? 'now',
  }
  if (resolved.embed === 'later' && given.embedder === undefined) {
    problems.add('embed', 'later needs an embedder', 'later')
  }
  refuseWhatIsNotAvailable(problems, given)
  if (problems.first === undefined) return Object.freeze(resolved)
  throw new SutraError('ERR_CONFIG', problems.messages.join('; '), problems.first)
}

function readGroup(
  problems: Problems,
  what: string,
  prefix: string,
  group: unknown,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  if (group === undefined) return {}
  if (!isObject(group)) {
    problems.add(what, `expected an object, got ${show(group)}`, group)
    return {}
  }
  for (const name of Object.keys(group)) {
    if (!names.has(name)) problems.add(`${prefix}${shortName(name)}`, 'unknown option', undefined)
  }
  return { ...group }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readNumbers<Name extends string>(
  problems: Problems,
  prefix: string,
  given: Record<string, unknown>,
  ranges: Readonly<Record<Name, Range>>,
): Record<Name, number | undefined> {
  const read: Record<string, number | undefined> = {}
  for (const [name, range] of Object.entries<Range>(ranges)) {
    const value = given[name]
    read[name] = range.default
    if (value === undefined) continue
    if (isInRange(value, range)) read[name] = value
    else problems.add(`${prefix}${name}`, `${show(value)} is not ${describe(range)}`, value)
  }
  return read
}

function isInRange(value: unknown, range: Range): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false
  if (range.whole && !Number.isInteger(value)) return false
  return (range.above ? value > range.min : value >= range.min) && value <= range.max
}

function describe(range: Range): string {
  const kind = range.whole ? 'a whole number' : 'a number'
  if (range.max === Number.MAX_SAFE_INTEGER) return `${kind} of at least ${range.min}`
  return range.above
    ? `${kind} above ${range.min} and up to ${range.max}`
    : `${kind} from ${range.min} to ${range.max}`
}

function readReconciler(problems: Problems, group: unknown): Required<ReconcilerOptions> {
  const names = new Set(Object.keys(RECONCILER))
  const given = readGroup(problems, 'reconciler', 'reconciler.', group, names)
  const read = readNumbers(problems, 'reconciler.', given, RECONCILER)
  const resolved = Object.freeze(read) as Required<ReconcilerOptions>
  const { intervalMsMin: min, intervalMsBase: base, intervalMsMax: max } = resolved
  if (min > base || base > max) {
    const message = `intervals must be min <= base <= max, got ${min}, ${base}, ${max}`
    problems.add('reconciler.intervalMsBase', message, base)
  }
  return resolved
}

/** What is left out is the engine's default. */
function readVectorIndex(problems: Problems, group: unknown): Readonly<VectorIndexOptions> {
  const names = new Set([...Object.keys(VECTOR_INDEX), 'quantization'])
  const given = readGroup(problems, 'vectorIndex', 'vectorIndex.', group, names)
  const numbers = readNumbers(problems, 'vectorIndex.', given, VECTOR_INDEX)
  const name = 'vectorIndex.quantization'
  const quantization = readChoice(problems, name, given.quantization, QUANTIZATIONS)
  const read = { ...numbers, quantization }
  const isGiven = ([, value]: [string, unknown]): boolean => value !== undefined
  return Object.freeze(Object.fromEntries(Object.entries(read).filter(isGiven)))
}

function readTextIndex(problems: Problems, group: unknown): Readonly<TextIndexOptions> {
  const given = readGroup(problems, 'textIndex', 'textIndex.', group, new Set(['language']))
  const language = readChoice(problems, 'textIndex.language', given.language, LANGUAGES)
  return Object.freeze(language === undefined ? {} : { language })
}

/** Off if the group is left out; a group that says nothing is a mistake. */
function readHistory(problems: Problems, group: unknown): number | undefined {
  const given = readGroup(problems, 'history', 'history.', group, HISTORY_NAMES)
  if (isObject(group) && given.keepMs === undefined) {
    problems.add('history.keepMs', `missing; expected ${describe(HISTORY.keepMs)}`, undefined)
  }
  return readNumbers(problems, 'history.', given, HISTORY).keepMs
}

function readChoice<T extends string>(
  problems: Problems,
  name: string,
  value: unknown,
  choices: readonly T[],
): T | undefined {
  if (value === undefined || choices.includes(value as T)) return value as T | undefined
  problems.add(name, `${show(value)} is none of ${choices.join(', ')}`, value)
  return undefined
}

function readBoolean(problems: Problems, name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  problems.add(name, `${show(value)} is neither true nor false`, value)
  return false
}

function readEmbedder(
  problems: Problems,
  value: unknown,
  dimension: number | undefined,
): Embedder | undefined {
  if (value === undefined) return undefined
  const embedder = value as Partial<Embedder> | null
  if (typeof embedder !== 'object' || embedder === null || typeof embedder.embed !== 'function') {
    problems.add('embedder', 'expected an object with name, dimension and embed()', value)
    return undefined
  }
  if (!isInRange(embedder.dimension, NUMBERS.vectorDimension)) {
    const problem = `${show(embedder.dimension)} is not ${describe(NUMBERS.vectorDimension)}`
    problems.add('embedder.dimension', problem, embedder.dimension)
  } else if (dimension !== undefined && embedder.dimension !== dimension) {
    const problem = `${embedder.dimension} differs from vectorDimension ${dimension}`
    problems.add('embedder.dimension', problem, embedder.dimension)
  }
  if (typeof embedder.name !== 'string' || embedder.name === '') {
    problems.add('embedder.name', 'expected a name', embedder.name)
  }
  return embedder as Embedder
}

function refuseWhatIsNotAvailable(problems: Problems, given: Record<string, unknown>): void {
  const later = 'is not available in this version'
  if (typeof given.shards === 'number' && given.shards > 1 && given.shards <= 64) {
    problems.add('shards', `more than 1 ${later}`, given.shards)
  }
}

/** Checks the path of a store's folder. */
export function checkPath(path: unknown): asserts path is string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0') && path.isWellFormed()) return
  throw new SutraError('ERR_INVALID', `path: expected the path of a folder, got ${show(path)}`, {
    field: 'path',
  })
}
