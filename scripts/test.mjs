// `npm test`: builds what is missing, then runs every kind of test, one after another.
// The last line is the sum over all runners. A runner that ran no test counts as failed.
// `npm test -- rust ava` runs only the runners named.
import { join } from 'node:path'
import { bootstrap } from './bootstrap.mjs'
import { countCargo, countPlain, countSim, countTap } from './counts.mjs'
import { ROOT, fail } from './project.mjs'
import { duration, runLines } from './runner.mjs'

const SIM_SEEDS = process.env.SIM_SEEDS ?? '10000'

const RUNNERS = [
  {
    name: 'rust',
    what: 'unit and property tests of the crates',
    command: 'cargo',
    args: ['test', '--workspace', '--locked', '--no-fail-fast'],
    count: countCargo,
  },
  {
    name: 'bugs',
    what: 'planted bugs, each of which the simulation has to find',
    command: 'cargo',
    args: [
      ['test', '--locked', '-p', 'sutra-sim', '--features', 'planted-bugs'],
      ['--test', 'campaign', '--test', 'repair_bugs'],
    ].flat(),
    count: countCargo,
  },
  {
    name: 'threads',
    what: 'the engine under many interleavings of its threads, and mistakes for them to find',
    command: 'cargo',
    args: [
      ['test', '--locked', '-p', 'sutra-sim', '--test', 'interleavings'],
      ['--features', 'interleavings,planted-bugs'],
    ].flat(),
    count: countCargo,
  },
  {
    name: 'sim',
    what: `crash simulation, ${SIM_SEEDS} seeds`,
    command: 'cargo',
    args: ['run', '--release', '--locked', '-p', 'sutra-sim', '--', '--seeds', SIM_SEEDS],
    count: countSim,
  },
  {
    name: 'ava',
    what: 'tests of the package, the servers and our own rules',
    command: process.execPath,
    args: [join(ROOT, 'node_modules/ava/entrypoints/cli.mjs'), '--tap'],
    count: countTap,
  },
  {
    name: 'package',
    what: 'the packed package, installed and imported elsewhere',
    command: process.execPath,
    args: [join(ROOT, 'scripts/check-package.mjs')],
    count: countPlain,
  },
]

async function runOne(runner) {
  console.log(`\n== ${runner.name}: ${runner.what}`)
  const start = performance.now()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const code = await runLines(runner.command, runner.args, (line) => runner.count(counts, line))
  const ran = counts.passed + counts.failed
  const trouble =
    ran === 0 ? 'ran no test' : code === 0 ? undefined : `ended with exit code ${code}`
  // A runner that broke outside of its tests must still show in the sum.
  if (trouble !== undefined && counts.failed === 0) counts.failed = 1
  return { ...counts, name: runner.name, trouble, took: performance.now() - start }
}

function report(results) {
  console.log('\n== summary')
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const result of results) {
    for (const key of Object.keys(sum)) sum[key] += result[key]
    const note = result.trouble === undefined ? '' : ` (${result.trouble})`
    const numbers = `${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`
    console.log(`${result.name.padEnd(8)} ${numbers} in ${duration(result.took)}${note}`)
  }
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''
  console.log(`${sum.passed} passed, ${sum.failed} failed${skipped}`)
  return sum.failed === 0 ? 0 : 1
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !RUNNERS.some((runner) => runner.name === name))
if (unknown !== undefined) {
  fail(`no runner is called ${unknown}: ${RUNNERS.map((runner) => runner.name).join(', ')}`)
}
bootstrap()
const results = []
for (const runner of RUNNERS) {
  if (wanted.length === 0 || wanted.includes(runner.name)) results.push(await runOne(runner))
}
process.exitCode = report(results)
