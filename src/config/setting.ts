// How one setting is named, read and checked. The table of all settings is in settings.ts.

/** Where a value came from, worst to best: the best one given wins. */
export type Origin = 'default' | 'file' | 'environment' | 'argument'

/** One thing that is wrong with the configuration, in words an operator can act on. */
export interface Problem {
  /** Name of the setting. */
  readonly option: string
  /** The value as it was given. */
  readonly value: unknown
  /** What would be accepted. */
  readonly range: string
  /** `argument --port`, `environment variable MEMORY_THRESHOLD`, `file sutra.json`. */
  readonly origin: string
  readonly message: string
}

/** Reads one given value, or says with undefined that it is outside the range. */
export interface Parser<T> {
  readonly range: string
  parse(value: unknown): T | undefined
}

/** One setting: its names in every source, its range and its default. */
export interface Setting<T> {
  readonly parser: Parser<T>
  readonly fallback?: T
  /** Command line flag without its value, `--port`. */
  readonly flag?: string
  /** Environment variable. */
  readonly variable?: string
  /** What the setting does, for the help and docs/config.md. */
  readonly about: string
  /** Why a value that is well formed is still refused. */
  refuse?(value: T): string | undefined
}

/** A whole number, ends included. `0x10`, `1e3`, ` 7` and `7.0` are not numbers to an operator. */
export function wholeNumber(min: number, max: number, unit = ''): Parser<number> {
  const range = `a whole number from ${min} to ${max}${unit === '' ? '' : ` ${unit}`}`
  return {
    range,
    parse(value) {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
      return number >= min && number <= max ? number : undefined
    },
  }
}

/** One word of a list. */
export function oneOf<const T extends string>(...words: readonly T[]): Parser<T> {
  return {
    range: words.length === 1 ? `'${words[0]}'` : `one of ${words.join(', ')}`,
    parse: (value) => words.find((word) => word === value),
  }
}

/** Text that matches a pattern. */
export function text(range: string, pattern: RegExp): Parser<string> {
  return {
    range,
    parse: (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined),
  }
}

const ADDRESS = String.raw`\[[0-9a-fA-F:.]{2,45}\]|[0-9a-fA-F:.]{2,45}`
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?'
const HOST = new RegExp(`^(?:${ADDRESS}|${NAME})$`)

/** A host name or an address. */
export function host(): Parser<string> {
  return text('a host name or an address', HOST)
}

/** `host:port`, an IPv6 address in brackets. */
export function hostAndPort(): Parser<string> {
  const port = wholeNumber(1, 65_535)
  return {
    range: 'host:port, the port from 1 to 65535',
    parse(value) {
      if (typeof value !== 'string') return undefined
      const colon = value.lastIndexOf(':')
      const name = value.slice(0, Math.max(colon, 0))
      // Without brackets it cannot be told where an IPv6 address ends and the port begins.
      if (!HOST.test(name) || (name.includes(':') && !name.startsWith('['))) return undefined
      return port.parse(value.slice(colon + 1)) === undefined ? undefined : value
    },
  }
}

/** An http or https address without credentials in it: those would end up in logs. */
export function httpUrl(): Parser<string> {
  return {
    range: 'an http:// or https:// address without user name and password',
    parse(value) {
      if (typeof value !== 'string' || !URL.canParse(value)) return undefined
      const url = new URL(value)
      if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
      return url.username === '' && url.password === '' ? value : undefined
    },
  }
}

/** A decimal number, ends included. */
export function decimal(min: number, max: number): Parser<number> {
  return {
    range: `a number from ${min} to ${max}`,
    parse(value) {
      const plain = typeof value === 'string' && /^\d{1,15}(?:\.\d{1,15})?$/.test(value)
      const number = plain ? Number(value) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
      return number >= min && number <= max ? number : undefined
    },
  }
}

/** An object in JSON. */
export const jsonObject: Parser<Record<string, unknown>> = {
  range: 'an object in JSON',
  parse(value) {
    try {
      const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value
      const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      return isObject ? (parsed as Record<string, unknown>) : undefined
    } catch {
      return undefined
    }
  },
}

const DAY = String.raw`(\d{4}-\d\d-\d\d)`
const TIME = String.raw`T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)`
const MOMENT = new RegExp(`^${DAY}(?:${TIME})?$`)

/** A moment in ISO 8601. A time says its zone: what is meant must not depend on the machine. */
export function moment(): Parser<Date> {
  return {
    range: 'a day like 2024-05-01, or a time like 2024-05-01T12:00:00Z',
    parse(value) {
      const [, day] = (typeof value === 'string' && MOMENT.exec(value)) || []
      if (day === undefined || !isDay(day)) return undefined
      const date = new Date(value as string)
      return Number.isNaN(date.getTime()) ? undefined : date
    },
  }
}

/** Date takes 30 February for 1 March. */
function isDay(day: string): boolean {
  const date = new Date(day)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

/** Words of a list, with commas between them. */
export function listOf<const T extends string>(...words: readonly T[]): Parser<T[]> {
  return {
    range: `${words.join(', ')}, one or more with commas between them`,
    parse(value) {
      if (typeof value !== 'string') return undefined
      const given = value.split(',')
      const found = words.filter((word) => given.includes(word))
      return given.every((word) => (words as readonly string[]).includes(word)) ? found : undefined
    },
  }
}
