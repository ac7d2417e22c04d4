// The process whose syncs fail: writes, makes the trigger file, and says as JSON what it got from
// then on. Started by failing-sync.spec.ts with the shim preloaded.
import { rmSync, writeFileSync } from 'node:fs'
import { openStore } from '../../src/index.js'
import { findState, type Report } from '../kill/checker.js'
import { readContents, searchProblems } from '../kill/contents.js'
import { Model } from '../kill/model.js'
import { DIMENSION, operationOf } from '../kill/operations.js'
import { Calls } from './calls.js'

/** What the process says. */
export interface Said {
  readonly issued: number
  readonly answers: [number, { sequence: number } | { code: string }][]
  /** Codes of the calls made while syncing failed. */
  readonly failing: string[]
  /** Codes of the calls made when it would have worked again. */
  readonly after: string[]
  /** What was wrong with the contents, seen from the process itself. */
  readonly problems: string[]
  readonly running: boolean
  /** Code of closing, `undefined` if it was said to have gone well. */
  readonly closed: string | undefined
}

const [folder = '', trigger = '', seed = '0'] = process.argv.slice(2)

async function run(): Promise<Said> {
  const store = await openStore(folder, { vectorDimension: DIMENSION, durability: 'fsync' })
  const calls = new Calls(Number(seed))
  await calls.make(store, 200)
  const acknowledged = calls.issued
  writeFileSync(trigger, '')
  await calls.make(store, 32)
  const failing = calls.takeRefusals().map(({ code }) => code)
  rmSync(trigger)
  await calls.make(store, 8)
  const after = calls.takeRefusals().map(({ code }) => code)
  const seen: Report = { issued: acknowledged, answers: calls.answers }
  const operation = (index: number) => operationOf(Number(seed), 0, index)
  const problems = findState(new Model(), seen, operation, await readContents(store))
  problems.push(...(await searchProblems(store)))
  const { running } = store.reconcilerStats()
  const closed = await store.close().then(
    () => undefined,
    (error: { code?: string }) => error.code,
  )
  const { issued, answers } = calls
  return { issued, answers: [...answers], failing, after, problems, running, closed }
}

console.log(JSON.stringify(await run()))
