// Small C programs of these tests, compiled where there is a compiler.
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Why no C program can be compiled here; `undefined` if one can. */
export function compilerProblem(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc)'
}

/** Compiles a source of this folder into a new one; gives the path of the result. */
export function compile(source: string, ...flags: string[]): string {
  const path = fileURLToPath(new URL(source, import.meta.url))
  const output = join(mkdtempSync(join(tmpdir(), 'sutra-compiled-')), 'output')
  const { status, stderr } = spawnSync('cc', ['-O1', '-o', output, path, ...flags], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${source} does not compile: ${stderr}`)
  return output
}
