// The only file that loads the addon: its functions as they are, the buffer shared with it, and how
// its answers become errors. Raw functions answer a number: what they say is at `Native*` below.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isErrorCode, SutraError } from './errors.js'
import type { DirectBuffer } from './message-pack/direct-buffer.js'
import { decodeMessagePack } from './message-pack/reader.js'

/** Answer of a raw function that failed: the error lies in the exchange, as MessagePack. */
const FAILED = -1

/** Answer of a reader whose state is not the newest any more: ask a new one. */
export const STALE = -(2 ** 31)

/** Kinds of work that run off the JavaScript thread and answer by a message. */
export const JOBS = {
  open: 0,
  close: 1,
  flush: 2,
  search: 3,
  paths: 4,
  list: 5,
  check: 6,
  checkFolder: 7,
  repairFolder: 8,
} as const

/** Kinds of derived ids. */
export const ID_KINDS = { content: 0, key: 1 } as const

/**
 * Reads of one state of the store. A number below 0 is an error, see {@link Exchange.check}, but
 * for {@link STALE}. A location is valid for the reader that gave it, for as long as it is
 * referenced.
 */
export interface NativeReader {
  /** 0 for absent, else 1 with [f64 location, f64 sequence] in the exchange. */
  get(id: string): number
  /** Ids as hex in the exchange; [f64 location or 0, f64 sequence] for each takes their place. */
  getMany(count: number): number
  /** 0 or 1. */
  has(id: string): number
  /** Count of edges, laid out as src/records/association-view.ts reads them. */
  neighbors(id: string, flags: number, labelBytes: number, limit: number): number
  /** Newest visible sequence. */
  sequence(): number
  /** Text of the concept at a location. */
  content(location: number): string | number
  /** Fixed fields of the concept: see src/records/concept-view.ts. */
  concept(location: number): number
  /** Length of the attributes of the concept, as MessagePack in the exchange; 0 for none. */
  attributes(location: number): number
  /** Dimension of the vector, which is copied into `into` if that is as long; 0 for none. */
  vector(location: number, into: Float32Array): number
  /** Fixed fields of the association: see src/records/association-view.ts. */
  association(location: number): number
  /** As {@link attributes}, for an association. */
  associationAttributes(location: number): number
  /** Starts a job whose arguments are in the exchange. */
  job(kind: number, token: number, argumentBytes: number): number
  /** Gives up what it reads, if nothing that it found is referenced; no other call may follow. */
  release(): number
  /** Tells the garbage collector how much memory what it found keeps, now that it is stale. */
  hold(): number
}

/** One opened handle of a store. */
export interface NativeStore {
  /** Frames of [u32 token, u32 bytes, batch] in the first `bytes` of the buffer. */
  submit(buffer: Buffer, bytes: number): number
  /** Starts open, close, flush or a check. */
  job(kind: number, token: number, argumentBytes: number): number
  /** Asks a job to stop; it then answers ERR_ABORTED. */
  cancel(token: number): number
  /** Length of the statistics, as MessagePack in the exchange. */
  stats(): number
  /** Reads the newest commit, until the layers change. */
  reader(): NativeReader | number
  /** Reads the state as of now for ever. */
  snapshot(): NativeReader | number
  /** Reads an earlier state: of a sequence (0), or of a time in milliseconds from 1970 (1). */
  at(kind: number, moment: number): NativeReader | number
}

/** What the addon calls with messages: their length in the exchange, or their bytes. */
export type Deliver = (message: number | ArrayBuffer) => void

/** Functions that answer through one exchange. */
interface NativeExchange {
  /** Goes over to a larger buffer. */
  grow(buffer: Buffer): number
  createStore(deliver: Deliver): NativeStore
  /** Writes the hex id of texts in the exchange, namespace first, to its start. */
  deriveId(kind: number, namespaceBytes: number, textBytes: number): number
}

interface Addon {
  /** Makes functions that answer through this buffer, on the thread that calls. */
  createExchange(buffer: Buffer): NativeExchange
  /** Every code that the addon can answer, with spaces between. */
  errorCodes(): string
}

const EXCHANGE_BYTES = 256 * 1024

/**
 * The buffer through which calls and answers go, one for each JavaScript thread. What is in it is
 * valid until the next call; nothing of it is ever handed to the user without a copy.
 */
export class Exchange {
  buffer: DirectBuffer
  f64: Float64Array
  u32: Uint32Array
  readonly native: NativeExchange

  constructor(addon: Addon) {
    this.buffer = Buffer.allocUnsafeSlow(EXCHANGE_BYTES) as DirectBuffer
    this.f64 = new Float64Array(this.buffer.buffer)
    this.u32 = new Uint32Array(this.buffer.buffer)
    this.native = addon.createExchange(this.buffer)
  }

  /** Makes room for so many bytes. What was in the buffer is kept. */
  ensure(bytes: number): void {
    if (bytes <= this.buffer.length) return
    const length = Math.ceil(Math.max(bytes, 2 * this.buffer.length) / 8) * 8
    const larger = Buffer.allocUnsafeSlow(length) as DirectBuffer
    this.buffer.copy(larger)
    this.buffer = larger
    this.f64 = new Float64Array(larger.buffer)
    this.u32 = new Uint32Array(larger.buffer)
    this.native.grow(larger)
  }

  /** Throws if the answer is an error. True if the call has to be repeated with more room. */
  isShort(answer: number): boolean {
    if (answer >= 0) return false
    if (answer === FAILED) throw this.error(0)
    this.ensure(-answer)
    return true
  }

  /** Throws if the answer is an error, for calls that need no room. */
  check(answer: number): number {
    if (answer < 0) throw this.error(0)
    return answer
  }

  /** The error that lies at an offset. */
  error(offset: number): SutraError {
    return errorOf(decodeMessagePack(this.buffer, offset))
  }
}

/** The error that the addon described. */
export function errorOf(description: unknown): SutraError {
  const { code, message, field, value, limit, file, offset } = description as Record<
    string,
    unknown
  >
  const known = typeof code === 'string' && isErrorCode(code) ? code : 'ERR_IO'
  return new SutraError(known, String(message), {
    field: field as string | undefined,
    value,
    limit: limit as number | undefined,
    file: file as string | undefined,
    offset: offset as number | undefined,
  })
}

/** File names of the addon for this machine, most likely first. */
function addonNames(): string[] {
  const { platform, arch } = process
  const suffixes = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[platform as string] ?? ['']
  return suffixes.map((suffix) => `sutra-storage.${platform}-${arch}${suffix}.node`)
}

function loadAddon(): Addon {
  // This file is one level below the package root, as source and when built.
  const root = join(dirname(fileURLToPath(import.meta.url)), '..')
  const override = process.env['SUTRA_NATIVE_PATH']
  const paths = override ? [override] : addonNames().map((name) => join(root, name))
  const load = createRequire(import.meta.url)
  let cause: unknown
  for (const path of paths.filter((candidate) => existsSync(candidate))) {
    try {
      return load(path) as Addon
    } catch (error) {
      cause = error
    }
  }
  const reason = cause instanceof Error ? `does not load: ${cause.message}` : 'is missing'
  const message = `the native addon ${paths[0]} ${reason}; build it with: npm run build`
  throw new SutraError('ERR_CONFIG', message, { cause })
}

/** The addon. Loaded with the package, so that what is wrong shows at once. */
export const addon: Addon = loadAddon()

/** The exchange of this thread. */
export const exchange = new Exchange(addon)
