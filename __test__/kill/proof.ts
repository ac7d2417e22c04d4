// `npm run proof:kill -- 100`: kills a writing process so many times, and checks after each that
// nothing acknowledged is lost and nothing is half done. `-- 100 17` repeats the choices of seed 17.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KillRounds, type Round } from './rounds.js'

const ROUNDS_DEFAULT = 100
const SHOWN_EVERY = 10

interface Sums {
  calls: number
  acknowledged: number
  torn: number
}

function add(sums: Sums, { report, tornBytes }: Round): void {
  sums.calls += report.issued
  sums.acknowledged += report.answers.size
  sums.torn += tornBytes > 0 ? 1 : 0
}

function line(done: number, { counts }: Round, sums: Sums): string {
  const { concepts, vectors, edges } = counts
  return (
    `${done} kills: ${sums.acknowledged} of ${sums.calls} calls acknowledged, ${sums.torn} torn ` +
    `writes cut off; ${concepts} concepts, ${vectors} vectors, ${edges} associations checked`
  )
}

async function run(rounds: number, seed: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-kill-'))
  const kills = new KillRounds(folder, seed)
  const sums: Sums = { calls: 0, acknowledged: 0, torn: 0 }
  console.log(`seed ${seed}`)
  for (let done = 1; done <= rounds; done++) {
    const round = await kills.next()
    add(sums, round)
    if (round.problems.length > 0) {
      console.error(`round ${done}, seed ${seed}, kept in ${folder}:`)
      for (const problem of round.problems) console.error(`  ${problem}`)
      console.log(`kill: ${done - 1} passed, 1 failed`)
      return false
    }
    if (done % SHOWN_EVERY === 0 || done === rounds) console.log(line(done, round, sums))
  }
  rmSync(folder, { recursive: true })
  console.log(`kill: ${rounds} passed, 0 failed`)
  return true
}

const [rounds = ROUNDS_DEFAULT, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number)
process.exitCode = (await run(rounds, seed)) ? 0 : 1
