// Starts the writing process, ends it, and gives what it said.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Report } from './checker.js'
import type { WriterOptions } from './writer.js'

const REGISTER = import.meta.resolve('@oxc-node/core/register')
const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const RUN_MS_MAX = 120_000

/** A line that the writing process says before its end may be chosen from. */
export type Moment = 'opening' | 'ready' | `done ${number}`

/** When and how the process ends. */
export interface Ending {
  readonly signal: 'SIGKILL' | 'SIGTERM'
  /** The first line that begins like this starts the clock. */
  readonly from: Moment
  readonly afterMs: number
  /** Done at that moment, before the signal. */
  readonly before?: () => void | Promise<void>
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
  const said: string[] = []
  let errors = ''
  let end: Promise<void> | undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    if (line.startsWith(ending.from)) end ??= bringToEnd()
  })
  child.stderr.on('data', (chunk) => (errors += String(chunk)))

  async function bringToEnd(): Promise<void> {
    await delay(ending.afterMs)
    await ending.before?.()
    child.kill(ending.signal)
  }

  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done, fail) => {
    child.once('error', fail)
    // After its end what it said is still read to the last line.
    child.once('close', (...result) => done(result))
  })
  clearTimeout(limit)
  await end
  return { ...reportOf(said), code, signal, isClosed: said.includes('closed'), errors }
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
