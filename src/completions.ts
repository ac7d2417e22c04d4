// What waits for an answer of the engine. A token names each waiting call; one message carries the
// answers of a whole commit group, as frames that start at multiples of 8 bytes:
//   u32 token | u32 status | u32 payload bytes | u32 count | payload
// Status 0: done, `count` and the payload are for the caller's decoder. Status 1: a MessagePack
// error.

import { SutraError } from './errors.js'
import type { DirectBuffer } from './message-pack/direct-buffer.js'
import { decodeMessagePack } from './message-pack/reader.js'
import { errorOf, exchange } from './native.js'

const FRAME_HEADER_BYTES = 16
const DONE = 0
/** Token of the frame that says that the layers of the store have changed. */
const CHANGED = 2 ** 32 - 1

/** One message, and the frame that is being read. */
export interface Message {
  readonly buffer: DirectBuffer
  readonly u32: Uint32Array
  readonly f64: Float64Array
  /** Where the payload starts; a multiple of 8. */
  at: number
  /** Bytes of the payload. */
  bytes: number
  count: number
}

/** Writes that were called between two flushes. */
export interface Period {
  /** How many of them are not settled. */
  open: number
}

/** What one waiting call needs. */
export interface Waiting {
  /** Makes the result from the payload; it must not call the addon. */
  readonly decode: (message: Message) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** Bytes of the batch, for the bound on what is in flight; 0 for jobs. */
  readonly bytes: number
  /** Word in front of an operation's number in field names; '' for a single operation. */
  readonly group: string
  /** Of a write; jobs have none. */
  readonly period: Period | undefined
}

export class Completions {
  #waiting: (Waiting | undefined)[] = []
  #free: number[] = []
  #onSettled: (operations: number, bytes: number) => void = () => {}
  #onChanged: () => void = () => {}

  /** Told after each message how many writes it settled, and their bytes. */
  onSettled(listener: (operations: number, bytes: number) => void): void {
    this.#onSettled = listener
  }

  /** Told when the layers of the store have changed, with no message being read. */
  onChanged(listener: () => void): void {
    this.#onChanged = listener
  }

  /** Takes a token back whose call was not made after all. */
  forget(token: number): void {
    this.#take(token)
  }

  /** Gives a token to a waiting call. */
  add(waiting: Waiting): number {
    const token = this.#free.pop() ?? this.#waiting.length
    this.#waiting[token] = waiting
    return token
  }

  /** Settles one call with an error that did not come from the engine. */
  reject(token: number, error: unknown): void {
    this.#take(token)?.reject(error)
  }

  /** Called by the addon, on the JavaScript thread with no other call of it on the stack. */
  readonly deliver = (message: number | ArrayBuffer): void => {
    if (typeof message === 'number') {
      this.#settleAll(exchange.buffer, exchange.u32, exchange.f64, message)
      return
    }
    const words = new Uint32Array(message)
    const buffer = Buffer.from(message) as DirectBuffer
    this.#settleAll(buffer, words, new Float64Array(message), message.byteLength)
  }

  #settleAll(buffer: DirectBuffer, u32: Uint32Array, f64: Float64Array, bytes: number): void {
    const message: Message = { buffer, u32, f64, at: 0, bytes: 0, count: 0 }
    let operations = 0
    let freed = 0
    for (let at = 0; at < bytes; at = message.at + Math.ceil(message.bytes / 8) * 8) {
      const word = at / 4
      message.at = at + FRAME_HEADER_BYTES
      message.bytes = u32[word + 2] ?? 0
      message.count = u32[word + 3] ?? 0
      const token = u32[word] ?? 0
      if (token === CHANGED) queueMicrotask(this.#onChanged)
      const waiting = token === CHANGED ? undefined : this.#take(token)
      if (waiting === undefined) continue
      settle(waiting, u32[word + 1] ?? 0, message)
      if (waiting.bytes > 0) operations++
      freed += waiting.bytes
    }
    this.#onSettled(operations, freed)
  }

  #take(token: number): Waiting | undefined {
    const waiting = this.#waiting[token]
    if (waiting === undefined) return undefined
    this.#waiting[token] = undefined
    this.#free.push(token)
    if (waiting.period !== undefined) waiting.period.open--
    return waiting
  }
}

function settle(waiting: Waiting, status: number, message: Message): void {
  let result: unknown
  try {
    if (status !== DONE) {
      waiting.reject(refusalOf(waiting, message))
      return
    }
    result = waiting.decode(message)
  } catch (error) {
    waiting.reject(error)
    return
  }
  waiting.resolve(result)
}

/** The engine counts operations; the caller passed concepts or associations. */
function refusalOf(waiting: Waiting, message: Message): SutraError {
  const error = errorOf(decodeMessagePack(message.buffer, message.at))
  if (waiting.group === '' || error.field === undefined) return error
  const field = error.field.startsWith('operations[')
    ? `${waiting.group}${error.field.slice('operations'.length)}`
    : `${waiting.group}[0].${error.field}`
  return new SutraError(
    error.code,
    error.message.replace(error.field, () => field),
    {
      field,
      value: error.value,
      limit: error.limit,
    },
  )
}
