// How acknowledgements become results. The payload of one: f64 sequence, then for each operation
// 32 hex characters of the id, u32 changed (created or deleted) and u32 0.

import type { Message } from '../completions.js'
import type { LearnResult } from '../types.js'
import type { WriteKind } from '../write-queue.js'

const OUTCOME_BYTES = 40
const ID_CHARS = 32

function sequenceOf(message: Message): number {
  return message.f64[message.at / 8] ?? 0
}

function hasChanged(message: Message, index: number): boolean {
  return message.u32[(message.at + 8 + index * OUTCOME_BYTES + ID_CHARS) / 4] === 1
}

function learned(message: Message, index: number): LearnResult {
  const start = message.at + 8 + index * OUTCOME_BYTES
  const id = message.buffer.latin1Slice(start, start + ID_CHARS)
  return { id, sequence: sequenceOf(message), created: hasChanged(message, index) }
}

function associated(message: Message, index: number): { sequence: number; created: boolean } {
  return { sequence: sequenceOf(message), created: hasChanged(message, index) }
}

function all<T>(read: (message: Message, index: number) => T): (message: Message) => T[] {
  return (message) => Array.from({ length: message.count }, (_, index) => read(message, index))
}

export const LEARN: WriteKind = { decode: (message) => learned(message, 0), group: '' }
export const LEARN_MANY: WriteKind = { decode: all(learned), group: 'concepts' }
export const UPDATE: WriteKind = {
  decode: (message) => ({ sequence: sequenceOf(message) }),
  group: '',
}
export const DELETE: WriteKind = {
  decode: (message) => ({ deleted: hasChanged(message, 0), sequence: sequenceOf(message) }),
  group: '',
}
export const ASSOCIATE: WriteKind = { decode: (message) => associated(message, 0), group: '' }
export const ASSOCIATE_MANY: WriteKind = { decode: all(associated), group: 'associations' }
export const DISSOCIATE: WriteKind = DELETE
