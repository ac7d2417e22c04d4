// The options that providers share: every range and default, checked in one place, all problems
// told in one error. What was given for a key or a header never gets into a message.

import { SutraError } from '../errors.js'
import type { Metric } from '../types.js'
import { shortName, show } from '../validate/refusal.js'

/** Options of every embedder that asks somebody else. */
export interface EmbedderOptions {
  /** Length of the vectors, 1 to 4,096: that of the store. */
  dimension: number
  /** Texts asked for at once, 1 to 10,000. Fewer if they are long. @default 64 */
  batchTextsMax?: number
  /** Requests under way at once, 1 to 64. @default 4 */
  concurrency?: number
  /** Time for one try, ms, 1 to 300,000. @default 30000 */
  timeoutMs?: number
  /** Bring vectors to unit length. */
  normalize?: boolean
  /** How the store compares; under cosine a vector of zeros is refused. @default 'cosine' */
  metric?: Metric
}

/** Options of every embedder that is reached over HTTP. */
export interface HttpEmbedderOptions extends EmbedderOptions {
  /** Where it is: http or https, without user name and password. */
  url?: string
  /** Sent as `Authorization: Bearer`. It is in no message and no log line. */
  apiKey?: string
  /** More headers of every request. Their values are in no message either. */
  headers?: Record<string, string>
  /** Tries after a first one that failed, 0 to 10. @default 3 */
  retries?: number
}

/** Options with their defaults. */
export type ResolvedOptions = Readonly<Required<EmbedderOptions>>

/** Options with their defaults, and where the requests go. */
export interface ResolvedHttpOptions extends ResolvedOptions {
  readonly url: URL
  readonly retries: number
  readonly headers: Readonly<Record<string, string>>
  /** What must not be shown. */
  readonly secrets: readonly string[]
}

const RANGES = {
  dimension: [1, 4096],
  batchTextsMax: [1, 10_000],
  concurrency: [1, 64],
  timeoutMs: [1, 300_000],
} as const
const RETRIES = { retries: [0, 10] } as const
const DEFAULTS = { batchTextsMax: 64, concurrency: 4, timeoutMs: 30_000 }
const RETRIES_DEFAULT = 3
const METRICS: readonly unknown[] = ['cosine', 'dot', 'l2']
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const HEADER_VALUE = /^[\x20-\x7e]*$/
const API_KEY = /^[\x21-\x7e]+$/
const NAMES = [...Object.keys(RANGES), 'normalize', 'metric']
const HTTP_NAMES = ['url', 'apiKey', 'headers', 'retries']

type Given = Record<string, unknown>

/** Collects what is wrong with the options of one embedder. */
export class OptionProblems {
  readonly #what: string
  readonly #messages: string[] = []
  #first: { field: string; value: unknown } | undefined

  constructor(what: string) {
    this.#what = what
  }

  add(field: string, problem: string, value?: unknown): void {
    this.#messages.push(`${field}: ${problem}`)
    this.#first ??= { field, value: typeof value === 'object' ? undefined : value }
  }

  /** ERR_CONFIG with every problem, if there is one. */
  throwIfAny(): void {
    if (this.#first === undefined) return
    throw new SutraError('ERR_CONFIG', `${this.#what}: ${this.#messages.join('; ')}`, this.#first)
  }
}

/** The options as an object of known names. */
export function readNames(problems: OptionProblems, options: unknown, more: string[]): Given {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    problems.add('options', `expected an object, got ${show(options)}`)
    return {}
  }
  for (const name of Object.keys(options)) {
    if (more.includes(name) || NAMES.includes(name)) continue
    problems.add(shortName(name), 'unknown option')
  }
  return { ...options }
}

/** Checks the options of any provider; `standard` has the defaults that are its own. */
export function readOptions(
  problems: OptionProblems,
  given: Given,
  standard: Partial<EmbedderOptions>,
): ResolvedOptions {
  const read: Given = { normalize: false, metric: 'cosine', ...DEFAULTS, ...standard }
  for (const [name, value] of Object.entries(given)) if (value !== undefined) read[name] = value
  checkRanges(problems, read, RANGES)
  if (typeof read.normalize !== 'boolean') {
    problems.add('normalize', `${show(read.normalize)} is neither true nor false`, read.normalize)
  }
  if (!METRICS.includes(read.metric)) {
    problems.add('metric', `${show(read.metric)} is none of ${METRICS.join(', ')}`, read.metric)
  }
  return read as unknown as ResolvedOptions
}

function checkRanges(
  problems: OptionProblems,
  given: Given,
  ranges: Readonly<Record<string, readonly [number, number]>>,
): void {
  for (const [name, [min, max]] of Object.entries(ranges)) {
    const value = given[name]
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) continue
    problems.add(name, `${show(value)} is not a whole number from ${min} to ${max}`, value)
  }
}

/** Checks the options of a provider that is reached over HTTP. */
export function readHttpOptions(
  problems: OptionProblems,
  options: unknown,
  standard: Partial<HttpEmbedderOptions>,
  more: string[],
): { given: Given; resolved: ResolvedHttpOptions } {
  const given = readNames(problems, options, [...HTTP_NAMES, ...more])
  const resolved = readOptions(problems, given, standard)
  const retries = (given.retries ?? RETRIES_DEFAULT) as number
  checkRanges(problems, { retries }, RETRIES)
  const url = readUrl(problems, given.url ?? standard.url)
  const headers = readHeaders(problems, given.headers)
  const secrets = Object.values(headers)
  if (given.apiKey !== undefined) {
    if (typeof given.apiKey === 'string' && API_KEY.test(given.apiKey)) {
      headers.authorization = `Bearer ${given.apiKey}`
      secrets.push(given.apiKey)
    } else problems.add('apiKey', 'expected visible ASCII characters without spaces')
  }
  return { given, resolved: { ...resolved, retries, url, headers, secrets } }
}

/** An option that is text, and has to be there unless it has a default. */
export function readText(
  problems: OptionProblems,
  given: Given,
  name: string,
  standard?: string,
): string {
  const value = given[name] ?? standard
  if (typeof value === 'string' && value !== '') return value
  problems.add(name, `expected a text, got ${show(value)}`, value)
  return ''
}

function readUrl(problems: OptionProblems, given: unknown): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  if (url !== undefined && url.username === '' && url.password === '') {
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
  }
  // What was given may hold a password, so it is not shown.
  problems.add('url', 'expected an http:// or https:// address without user name and password')
  return new URL('http://127.0.0.1')
}

function readHeaders(problems: OptionProblems, given: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  if (given === undefined) return headers
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    problems.add('headers', `expected an object, got ${show(given)}`)
    return headers
  }
  for (const [name, value] of Object.entries(given)) {
    if (!HEADER_NAME.test(name)) problems.add('headers', 'a name is not one of a header')
    else if (typeof value !== 'string' || !HEADER_VALUE.test(value)) {
      problems.add(`headers.${shortName(name)}`, 'expected a text of ASCII characters')
    } else headers[name.toLowerCase()] = value
  }
  return headers
}
