// Runs the `sutra` command as a child process, as a shell would.
import type { ExecutionContext } from 'ava'
import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const REGISTER = import.meta.resolve('@oxc-node/core/register')
const MAIN = resolve('src/cli/main.ts')

/** Of our own environment a command gets only what it is found and loaded with. */
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'SUTRA_NATIVE_PATH'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)

/** How a run went. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Where and with what a command runs. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  readonly stdin?: string | Buffer
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>
  /** Resolves with what matched once standard output or error match. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
}

/** Starts `sutra` with arguments. Only the variables given are in its environment. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(process.execPath, [`--import=${REGISTER}`, MAIN, ...args], {
    cwd: options.cwd,
    env: { ...ENVIRONMENT, ...options.env },
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  return watch(child)
}

function watch(child: ChildProcessWithoutNullStreams): Running {
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
    for (const look of watchers) look()
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
    for (const look of watchers) look()
  })
  const outcome = new Promise<Outcome>((fulfil, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => fulfil({ code, signal, stdout, stderr }))
  })
  const seen = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((fulfil, reject) => {
      const look = (): void => {
        const found = pattern.exec(`${stdout}\n${stderr}`)
        if (found !== null) fulfil(found)
      }
      watchers.add(look)
      look()
      outcome.then(() => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)), reject)
    })
  return { child, outcome, seen }
}

/** Runs `sutra` to its end. */
export function sutra(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start(args, options).outcome
}

/** Starts a command line in a shell that knows `sutra`. */
export function startLine(line: string, cwd: string, env: Record<string, string> = {}): Running {
  const bin = join(cwd, '.bin')
  mkdirSync(bin, { recursive: true })
  const script = `#!/bin/sh\nexec "${process.execPath}" "--import=${REGISTER}" "${MAIN}" "$@"\n`
  writeFileSync(join(bin, 'sutra'), script, { mode: 0o755 })
  const path = `${bin}:${ENVIRONMENT['PATH'] ?? ''}`
  // With exec there is no shell between us and the command: signals reach it.
  return watch(
    spawn('sh', ['-c', `exec ${line}`], { cwd, env: { ...ENVIRONMENT, PATH: path, ...env } }),
  )
}

/** A folder that is gone after the test. */
export function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sutra-cli-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}
