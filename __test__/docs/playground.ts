// A folder where an example of the docs runs as a reader would run it: the package installed, the
// command on the PATH, a few notes to learn.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import ts from 'typescript'
import type { Example } from './examples.js'

const RUN_MS_MAX = 60_000

const NOTES: Record<string, string> = {
  'aspirin.md':
    '# Aspirin\n\nAspirin relieves pain and fever.\n\n## Effect\n\nIt inhibits COX-1, ' +
    'see [prostaglandins](prostaglandins.md).\n',
  'prostaglandins.md': '# Prostaglandins\n\nThey are made by COX-1 and cause pain.\n',
  'todo.txt': 'Ask the pharmacy about the price of ibuprofen.\n',
}

const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}

/** What a run gave; `status` is 0 for success. */
export interface Outcome {
  readonly status: number
  readonly output: string
}

/** Makes a folder with the package of `root`; the caller removes it with {@link remove}. */
export function makePlayground(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-docs-'))
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/sutra-storage'), 'junction')
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  mkdirSync(join(folder, 'bin'))
  const command = `#!/bin/sh\nexec "${process.execPath}" "${root}/dist/cli/main.js" "$@"\n`
  writeFileSync(join(folder, 'bin/sutra'), command, { mode: 0o755 })
  mkdirSync(join(folder, 'notes'))
  for (const [name, text] of Object.entries(NOTES)) writeFileSync(join(folder, 'notes', name), text)
  return folder
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs an example in the folder. */
export async function runExample(folder: string, example: Example): Promise<Outcome> {
  return example.language === 'ts' ? runProgram(folder, example) : runShell(folder, example)
}

async function runProgram(folder: string, { text }: Example): Promise<Outcome> {
  const source = join(folder, 'example.ts')
  writeFileSync(source, text)
  const program = ts.createProgram([source], COMPILER)
  const problems = ts.getPreEmitDiagnostics(program)
  if (problems.length > 0) {
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }
    return { status: 1, output: ts.formatDiagnostics(problems, host) }
  }
  program.emit()
  return start(folder, process.execPath, ['example.js'])
}

/** `sutra serve &` and `curl` work as they stand, on a free port in place of 8000. */
async function runShell(folder: string, { text }: Example): Promise<Outcome> {
  const port = await freePort()
  const script = text
    .replaceAll(/\bsutra serve\b/g, `sutra serve --port ${port}`)
    .replaceAll(/(127\.0\.0\.1|localhost):8000\b/g, `$1:${port}`)
    .replaceAll(/\bcurl\b/g, 'curl --fail-with-body --retry 40 --retry-delay 1 --retry-connrefused')
  const stop = "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"
  return start(folder, 'bash', ['-e', '-o', 'pipefail', '-c', `${stop}\n${script}`])
}

async function start(folder: string, command: string, args: string[]): Promise<Outcome> {
  const path = `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, PATH: path, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  }
  const status = await new Promise<number>((done) => {
    child.once('error', (error) => {
      output += String(error)
      done(1)
    })
    child.once('close', (code) => done(code ?? 1))
  })
  return { status, output }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
