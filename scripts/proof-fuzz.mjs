// `npm run proof:fuzz -- 3600`: fuzzes every decoder, for so many seconds in all, 60 by default.
// Targets named behind the number share the seconds alone. Ends with 1 when one failed.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NIGHTLY, needNightly } from './nightly.mjs'
import { ROOT, fail } from './project.mjs'

const LINES_SHOWN = 60

// A decoder never needs more than a few times its input: 64 MiB at once is a finding.
const LIMITS = ['-max_len=8192', '-rss_limit_mb=1024', '-malloc_limit_mb=64', '-timeout=10']

/** Runs `cargo fuzz` and gives its exit code and lines. What it says in between is of no use. */
async function cargoFuzz(args, { hasErrors = true } = {}) {
  const child = spawn('cargo', [`+${NIGHTLY}`, 'fuzz', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = []
  const inputs = hasErrors ? [child.stdout, child.stderr] : [child.stdout]
  for (const input of inputs) createInterface({ input }).on('line', (line) => lines.push(line))
  if (!hasErrors) child.stderr.resume()
  const code = await new Promise((done) => child.once('close', done))
  return { code, lines }
}

async function fuzz(target, seconds) {
  const corpus = join('fuzz/corpus', target)
  mkdirSync(join(ROOT, corpus), { recursive: true })
  const limits = [...LIMITS, `-max_total_time=${seconds}`, '-print_final_stats=1']
  const run = ['run', target, corpus, join('fuzz/seeds', target), '--', ...limits]
  const { code, lines } = await cargoFuzz(run)
  const find = (pattern) => lines.map((line) => pattern.exec(line)?.[1]).findLast(Boolean)
  const executions = Number(find(/^stat::number_of_executed_units: *(\d+)/) ?? 0)
  // Once a binary ended at once and in order, as it was not the fuzzer: nothing run is no proof.
  const failed = code !== 0 || executions === 0
  console.log(`${target.padEnd(16)} ${executions} executions, ${failed ? 'FAILED' : 'clean'}`)
  if (failed) {
    console.log(lines.slice(-LINES_SHOWN).join('\n'))
    console.log(`${target}: ${find(/Test unit written to (.*)/) ?? 'no artifact was written'}`)
  }
  return { executions, failed }
}

const [secondsText = '60', ...named] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(secondsText)) fail('usage: npm run proof:fuzz -- [seconds] [target ...]')
needNightly('fuzz', 'cargo install cargo-fuzz --version 0.13.2 --locked')
const listed = await cargoFuzz(['list'], { hasErrors: false })
const known = listed.lines
if (listed.code !== 0 || known.length === 0) fail('cargo fuzz lists no targets')
const unknown = named.find((target) => !known.includes(target))
if (unknown !== undefined) fail(`no target is called ${unknown}: ${known.join(', ')}`)

// Built before, so that the seconds are all spent fuzzing.
const built = await cargoFuzz(['build'])
if (built.code !== 0) fail(`the targets do not build\n${built.lines.join('\n')}`)

const targets = named.length === 0 ? known : named
const seconds = Math.max(1, Math.floor(Number(secondsText) / targets.length))
const results = []
for (const target of targets) results.push(await fuzz(target, seconds))
const failed = results.filter((result) => result.failed).length
const executions = results.reduce((sum, result) => sum + result.executions, 0)
console.log(
  `${targets.length} targets, ${seconds} s each, ${executions} executions, ${failed} failed`,
)
process.exitCode = failed === 0 ? 0 : 1
