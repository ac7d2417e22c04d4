// Asks one question, in a process of its own so that questions do not warm or burden each other.
// The contenders take turns, run by run: what the machine does besides hits all of them alike.
//
// Arguments: name of the question, its folder, the folder of what questions share, rounds, 'quick'
// or 'full'. Answers by a message.

import { mkdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { hasPeers } from './machine.js'
import type { Contender, Question, Run, Setting } from './question.js'
import { QUESTIONS } from './questions.js'
import { type Answer, makeAnswer } from './answer.js'

/** Lets the background work of the contender before come to rest. */
const PAUSE_MS = 50

export async function ask(question: Question, setting: Setting, rounds: number): Promise<Answer> {
  mkdirSync(setting.folder, { recursive: true })
  const contenders = await question.open(setting)
  if (typeof contenders === 'string') return makeAnswer(question, contenders)
  const runs = contenders.map((): Run[] => [])
  const last = Math.min(rounds, question.roundsMax ?? rounds)
  // The first round warms up and does not count.
  for (let round = question.roundsMax === 1 ? 1 : 0; round <= last; round++) {
    for (const [index, contender] of contenders.entries()) {
      const run = await runOnce(contender)
      if (round > 0) runs[index]?.push(run)
    }
  }
  for (const contender of contenders) await contender.close()
  return makeAnswer(question, contenders, runs)
}

async function runOnce(contender: Contender): Promise<Run> {
  global.gc?.()
  await pause(PAUSE_MS)
  return contender.run()
}

const [name, folder, shared, rounds, size] = process.argv.slice(2)
const question = QUESTIONS.find((question) => question.name === name)
if (question !== undefined && folder !== undefined && shared !== undefined) {
  const setting = { folder, shared, isQuick: size === 'quick', hasPeers: hasPeers() }
  const answer = await ask(question, setting, Number(rounds))
  process.send?.(answer)
  process.disconnect?.()
}
