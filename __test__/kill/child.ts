// Starts the writing process, ends it, and gives what it said.
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Report } from './checker.js'
import type { WriterOptions } from './writer.js'

const REGISTER = import.meta.resolve('@oxc-node/core/register')
const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const RUN_MS_MAX = 120_000

/** A line that the writing process says before its end may be chosen from. */
export type Moment = 'opening' | 'ready' | 'done' | `done ${number}`

/** Waits until the process says a line that begins like this, or ends. */
export type Seen = (start: string) => Promise<void>

/** When and how the process ends. */
export interface Ending {
  readonly signal: 'SIGKILL' | 'SIGTERM'
  /** The first line that begins like this starts the clock. */
  readonly from: Moment
  readonly afterMs: number
  /** Done at that moment, before the signal. */
  readonly before?: (seen: Seen) => void | Promise<void>
}

/** How a process ended. */
export interface Ended extends Report {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It said that it closed the store. */
  readonly isClosed: boolean
  readonly errors: string
}

/** Runs the writing process to the end chosen for it. */
export async function runWriter(
  options: WriterOptions,
  ending: Ending,
  env: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [`--import=${REGISTER}`, WRITER, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX)
  const said = new Said()
  let errors = ''
  createInterface({ input: child.stdout }).on('line', (line) => said.add(line))
  child.stderr.on('data', (chunk) => (errors += String(chunk)))
  const end = bringToEnd(child, said, ending)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.once('error', fail)
    // After its end what it said is still read to the last line.
    child.once('close', (...result) => done(result))
  })
  said.end()
  clearTimeout(limit)
  await end
  const { lines } = said
  return { ...reportOf(lines), code, signal, isClosed: lines.includes('closed'), errors }
}

async function bringToEnd(child: ChildProcess, said: Said, ending: Ending): Promise<void> {
  await said.seen(ending.from)
  if (said.isOver) return
  await delay(ending.afterMs)
  await ending.before?.((start) => said.seen(start))
  child.kill(ending.signal)
}

/** The lines so far, and who waits for one. */
class Said {
  readonly lines: string[] = []
  isOver = false
  readonly #waiting = new Map<string, () => void>()

  add(line: string): void {
    this.lines.push(line)
    for (const [start, wake] of this.#waiting) if (line.startsWith(start)) wake()
  }

  end(): void {
    this.isOver = true
    for (const wake of this.#waiting.values()) wake()
  }

  seen(start: string): Promise<void> {
    return new Promise((wake) => {
      if (this.isOver || this.lines.some((line) => line.startsWith(start))) wake()
      else this.#waiting.set(start, wake)
    })
  }
}

function reportOf(said: readonly string[]): Report {
  const answers = new Map<number, Answer>()
  let issued = 0
  for (const line of said) {
    const [word, number = '', rest = ''] = line.split(' ')
    if (word === 'issue') issued++
    if (word === 'done') answers.set(Number(number), { sequence: Number(rest) })
    if (word === 'refused') answers.set(Number(number), { code: rest })
  }
  return { issued, answers }
}
