// `npm run proof:scale`, `npm run proof:memory`: builds what is missing and runs one long proof.
// The first argument is its source, in benchmark/proofs/; the others are the proof's own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { BUILT, translateSources } from './benchmark-sources.mjs'
import { bootstrap } from './bootstrap.mjs'
import { ROOT } from './project.mjs'

const [source, ...options] = process.argv.slice(2)
const file = source.replace('benchmark/', '').replace(/\.ts$/, '.js')

bootstrap()
await translateSources()
// What JavaScript throws away must neither look like memory in use nor grow with the proof.
const args = ['--expose-gc', '--max-semi-space-size=4', join(BUILT, file), ...options]
const proving = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
proving.once('close', (code) => {
  process.exitCode = code ?? 1
})
