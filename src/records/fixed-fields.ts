// The fields of fixed size that the addon writes into the exchange for one concept or association:
//   f64 created | updated | strength or weight | confidence | valid from | valid to | sequence
//   u32 bytes of the first text | u32 bytes of the second text | first text | second text
// Times are milliseconds from 1970, NaN for none. Texts: namespace and key, or label and nothing.

import { exchange } from '../native.js'

export const CREATED = 0
export const UPDATED = 1
export const STRENGTH = 2
export const WEIGHT = 2
export const CONFIDENCE = 3
export const VALID_FROM = 4
export const VALID_TO = 5
export const SEQUENCE = 6

const FIRST_TEXT_BYTES = 14
const SECOND_TEXT_BYTES = 15
const TEXTS_AT = 64

/** Reads a record into the exchange. */
export type ReadFields = (location: number) => number

/** Repeats a read until the exchange has room for its answer, which is a count or a length. */
export function readFields(read: ReadFields, location: number): number {
  let answer = read(location)
  while (exchange.isShort(answer)) answer = read(location)
  return answer
}

/** The number in a slot, after {@link readFields}. */
export function numberField(slot: number): number {
  return exchange.f64[slot] ?? Number.NaN
}

/** The date in a slot, if there is one. */
export function dateField(slot: number): Date | undefined {
  const time = numberField(slot)
  return Number.isNaN(time) ? undefined : new Date(time)
}

/** The first text; an empty one is none. */
export function firstText(): string | undefined {
  return textAt(TEXTS_AT, exchange.u32[FIRST_TEXT_BYTES] ?? 0)
}

/** The second text; an empty one is none. */
export function secondText(): string | undefined {
  const first = exchange.u32[FIRST_TEXT_BYTES] ?? 0
  return textAt(TEXTS_AT + first, exchange.u32[SECOND_TEXT_BYTES] ?? 0)
}

function textAt(at: number, bytes: number): string | undefined {
  return bytes === 0 ? undefined : exchange.buffer.utf8Slice(at, at + bytes)
}
