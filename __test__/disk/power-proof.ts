// `npm run proof:power -- 20`: cuts the power of a disk while a process writes to it, so many
// times, and checks after each that nothing acknowledged is lost or half done. Needs root.
// `-- 20 17` repeats the choices of seed 17.
import { join } from 'node:path'
import { openStore } from '../../src/index.js'
import { runWriter } from '../kill/child.js'
import { DIMENSION } from '../kill/operations.js'
import { prove } from '../kill/prove.js'
import { KillRounds } from '../kill/rounds.js'
import { PowerDisk, powerProblem } from './power.js'

const ROUNDS_DEFAULT = 20
const CONTROL_CALLS = 500
const CONTROL_MS = 50

/**
 * The same without syncing: acknowledged calls must be gone, or the cuts prove nothing. Gives the
 * last sequence that was acknowledged, and the last that is there.
 */
async function control(disk: PowerDisk): Promise<{ acknowledged: number; there: number }> {
  const folder = join(disk.folder, 'control')
  await (await openStore(folder, { vectorDimension: DIMENSION })).close()
  const writer = { folder, seed: 1, round: 0, inFlight: 1, operationsMax: CONTROL_CALLS } as const
  const { answers } = await runWriter(
    { ...writer, durability: 'os' },
    { signal: 'SIGKILL', from: 'done', afterMs: CONTROL_MS, before: () => disk.cut() },
  )
  await disk.restore()
  const sequences = [...answers.values()].map((answer) =>
    'sequence' in answer ? answer.sequence : 0,
  )
  await using store = await openStore(folder)
  return { acknowledged: Math.max(...sequences), there: store.stats().sequence }
}

async function run(rounds: number, seed: number): Promise<boolean> {
  const disk = new PowerDisk()
  const { acknowledged, there } = await control(disk)
  console.log(`without syncing, ${there} of ${acknowledged} acknowledged commits survive a cut`)
  if (there >= acknowledged) {
    console.error('the cut loses nothing here, so the rounds would prove nothing')
    disk.remove()
    return false
  }
  const kills = new KillRounds(join(disk.folder, 'store'), seed, disk)
  const isProven = await prove('power', kills, rounds, seed)
  if (isProven) disk.remove()
  return isProven
}

const [rounds = ROUNDS_DEFAULT, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number)
const problem = powerProblem()
if (problem === undefined) {
  process.exitCode = (await run(rounds, seed)) ? 0 : 1
} else {
  console.error(`skipped, power cuts: ${problem}`)
  console.log(`power: 0 passed, 0 failed, ${rounds} skipped`)
}
