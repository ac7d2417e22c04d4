// What the machine itself allows: the same bytes written and synced by nobody in particular, and a
// call into native code that does nothing.

import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DIMENSION, TEXT_BYTES } from './data.js'
import type * as Native from '../src/native.js'
import type { Contender } from './question.js'
import { packageFile } from './sutra.js'
import { timeEach, timeLoop } from './timing.js'

/** Length of one segment of our log, once it has grown. */
const FILE_BYTES = 64 * 1024 * 1024

/** Header of a record, array and time of the commit, arrays and empty fields of one operation. */
const RECORD_BYTES = 40 + 10 + 12
const TEXT_HEADER_BYTES = 3
const VECTOR_HEADER_BYTES = 5
const ALIGNMENT = 8

/** Bytes that our log takes for one concept: see docs/format/wal.md. */
export function recordBytes(hasVector: boolean): number {
  const vector = hasVector ? VECTOR_HEADER_BYTES + 4 * DIMENSION : 0
  const bytes = RECORD_BYTES + TEXT_HEADER_BYTES + TEXT_BYTES + vector
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

/** A file written over and over, as a log does that uses its segments again. */
class RecycledFile {
  readonly #file: number
  #at = 0

  constructor(folder: string) {
    this.#file = openSync(join(folder, 'limit'), 'w+')
    const zeros = Buffer.alloc(1024 * 1024)
    for (let at = 0; at < FILE_BYTES; at += zeros.length) {
      writeSync(this.#file, zeros, 0, zeros.length, at)
    }
    fsyncSync(this.#file)
  }

  write(bytes: Buffer): void {
    if (this.#at + bytes.length > FILE_BYTES) this.#at = 0
    writeSync(this.#file, bytes, 0, bytes.length, this.#at)
    this.#at += bytes.length
  }

  sync(): void {
    fdatasyncSync(this.#file)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** One write and one sync at a time. */
export function bareWrite(folder: string, count: number, hasVector: boolean): Contender {
  const file = new RecycledFile(folder)
  const bytes = Buffer.alloc(recordBytes(hasVector), 'x')
  return {
    name: 'limit',
    detail: `write and fdatasync of ${bytes.length} bytes in a recycled file`,
    run: () =>
      timeEach(count, () => {
        file.write(bytes)
        file.sync()
        return undefined
      }),
    close: () => file.close(),
  }
}

/** As many records in one write and one sync as are in flight. */
export function bareGroups(
  folder: string,
  count: number,
  inFlight: number,
  hasVector: boolean,
): Contender {
  const file = new RecycledFile(folder)
  const bytes = Buffer.alloc(recordBytes(hasVector) * inFlight, 'x')
  return {
    name: 'limit',
    detail: `write and fdatasync of ${inFlight} records of ${recordBytes(hasVector)} bytes at once in a recycled file`,
    run: () =>
      timeLoop(count, () => {
        for (let written = 0; written < count; written += inFlight) {
          file.write(bytes)
          file.sync()
        }
      }),
    close: () => file.close(),
  }
}

/** One write at a time into the memory of the operating system. */
export function bareUnsynced(folder: string, count: number, hasVector: boolean): Contender {
  const file = new RecycledFile(folder)
  const bytes = Buffer.alloc(recordBytes(hasVector), 'x')
  return {
    name: 'limit',
    detail: `write of ${bytes.length} bytes in a recycled file, no sync`,
    run: () =>
      timeEach(count, () => {
        file.write(bytes)
        return undefined
      }),
    close: () => file.close(),
  }
}

/** The cost of crossing: a function of the addon that looks for a job that is not there. */
export async function emptyCall(count: number): Promise<Contender> {
  const { exchange } = (await import(packageFile('native.js'))) as typeof Native
  const native = exchange.native.createStore(() => {})
  return {
    name: 'limit',
    detail: 'a call of the addon that does nothing',
    run: () =>
      timeLoop(count, () => {
        for (let index = 0; index < count; index++) native.cancel(index)
      }),
    close: () => {},
  }
}
