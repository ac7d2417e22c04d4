// What the operating system says about this process. Linux only: elsewhere there is no RssAnon.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

const PROCESS = '/proc/self'

/** Whether the figures of this file can be had here. */
export function hasProcessFigures(): boolean {
  return existsSync(`${PROCESS}/status`) && existsSync(`${PROCESS}/io`)
}

export interface ResidentBytes {
  /** Everything of the process that is in memory, mapped files included. */
  readonly all: number
  /** The process's own: heap, stacks, allocations. Unlike a mapping it cannot be dropped. */
  readonly anonymous: number
}

export function residentBytes(): ResidentBytes {
  const status = readFileSync(`${PROCESS}/status`, 'utf8')
  return { all: kibibytes(status, 'VmRSS'), anonymous: kibibytes(status, 'RssAnon') }
}

function kibibytes(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]
  if (found === undefined) throw new Error(`${PROCESS}/status does not tell ${name}`)
  return 1024 * Number(found)
}

/** Collections and pauses until what they free is given back to the system. */
const COLLECTIONS = 4
const COLLECTION_PAUSE_MS = 100

/** RssAnon without what JavaScript has thrown away. Needs `--expose-gc`. */
export async function settledAnonymousBytes(): Promise<number> {
  if (global.gc === undefined) throw new Error('start this with --expose-gc')
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < COLLECTIONS; turn++) {
    global.gc()
    await pause(COLLECTION_PAUSE_MS)
    least = Math.min(least, residentBytes().anonymous)
  }
  return least
}

/** Bytes that this process has given to write calls since it began. */
export function bytesWritten(): number {
  const found = /^wchar: (\d+)$/m.exec(readFileSync(`${PROCESS}/io`, 'utf8'))?.[1]
  return Number(found ?? Number.NaN)
}

/** Nanoseconds that the threads whose names begin so have run, together. */
export function threadRunNs(beginning: string): number {
  let sum = 0
  for (const thread of readdirSync(`${PROCESS}/task`)) {
    const folder = `${PROCESS}/task/${thread}`
    try {
      if (!readFileSync(`${folder}/comm`, 'utf8').startsWith(beginning)) continue
      sum += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0])
    } catch (error) {
      // A thread may end between the listing and the reading.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return sum
}
