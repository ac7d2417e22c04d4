// Runs many rounds and says how they went; what npm run proof:kill and proof:power have in common.
import type { KillRounds, Round } from './rounds.js'

const SHOWN_EVERY = 10

interface Sums {
  calls: number
  answered: number
  torn: number
  orphans: number
}

function add(sums: Sums, { report, tornBytes, orphans }: Round): void {
  sums.calls += report.issued
  sums.answered += report.answers.size
  sums.torn += tornBytes > 0 ? 1 : 0
  sums.orphans += orphans
}

function line(done: number, { counts, segments }: Round, sums: Sums): string {
  const { concepts, vectors, edges } = counts
  return (
    `${done} rounds: ${sums.answered} of ${sums.calls} calls answered, ${sums.torn} torn writes ` +
    `cut off, ${sums.orphans} unfinished files removed; ${concepts} concepts, ${vectors} ` +
    `vectors, ${edges} associations checked in ${segments} segments and the log`
  )
}

/** Whether all rounds went well. Stops at the first that did not and leaves its folder. */
export async function prove(
  name: string,
  kills: KillRounds,
  rounds: number,
  seed: number,
): Promise<boolean> {
  const sums: Sums = { calls: 0, answered: 0, torn: 0, orphans: 0 }
  console.log(`seed ${seed}`)
  for (let done = 1; done <= rounds; done++) {
    const round = await kills.next()
    add(sums, round)
    if (round.problems.length > 0) {
      console.error(`round ${done}, seed ${seed}, kept in ${kills.folder}:`)
      for (const problem of round.problems) console.error(`  ${problem}`)
      console.log(`${name}: ${done - 1} passed, 1 failed`)
      return false
    }
    if (done % SHOWN_EVERY === 0 || done === rounds) console.log(line(done, round, sums))
  }
  console.log(`${name}: ${rounds} passed, 0 failed`)
  return true
}
