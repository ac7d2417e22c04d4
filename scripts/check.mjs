// `npm run check`: formatters, linters and the type checker. All run, then the failures are listed.
import { join } from 'node:path'
import { bootstrapPackages } from './bootstrap.mjs'
import { ROOT } from './project.mjs'
import { duration, runLines } from './runner.mjs'

const bin = (name) => join(ROOT, 'node_modules', name)

const CHECKS = [
  ['cargo fmt', 'cargo', ['fmt', '--all', '--check']],
  ['prettier', process.execPath, [bin('prettier/bin/prettier.cjs'), '--check', '.']],
  ['oxlint', process.execPath, [bin('oxlint/bin/oxlint'), '--deny-warnings']],
  ['tsc', process.execPath, [bin('typescript/bin/tsc'), '--noEmit']],
  [
    'cargo clippy',
    'cargo',
    ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'],
  ],
  [
    'cargo clippy, what only tests build',
    'cargo',
    [
      ['clippy', '-p', 'sutra-sim', '--features', 'interleavings,planted-bugs'],
      ['--all-targets', '--locked', '--', '-D', 'warnings'],
    ].flat(),
  ],
]

bootstrapPackages()
const failures = []
for (const [name, command, args] of CHECKS) {
  const start = performance.now()
  console.log(`\n== ${name}`)
  const code = await runLines(command, args, () => {})
  console.log(
    `${name}: ${code === 0 ? 'clean' : 'FAILED'} in ${duration(performance.now() - start)}`,
  )
  if (code !== 0) failures.push(name)
}
console.log(failures.length === 0 ? '\nall checks clean' : `\nnot clean: ${failures.join(', ')}`)
process.exitCode = failures.length === 0 ? 0 : 1
