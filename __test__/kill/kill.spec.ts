// A process that writes is killed at random instants, again and again in one folder. The same with
// more rounds: `npm run proof:kill -- 100`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openStore } from '../../src/index.js'
import { differences, findState, type Answer, type Report } from './checker.js'
import { runWriter } from './child.js'
import { readContents } from './contents.js'
import { Model } from './model.js'
import { operationOf, perform, DIMENSION } from './operations.js'
import { LIES, PLANTED, type Plant } from './plants.js'
import { KillRounds } from './rounds.js'

const ROUNDS = 10
const SEED = 3

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-kill-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('a process killed while writing loses nothing acknowledged and does nothing by halves', async (t) => {
  t.timeout(ROUNDS * 30_000)
  const seed = Date.now() % 2 ** 31
  const kills = new KillRounds(folderOf(t), seed)
  let answered = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { problems, report } = await kills.next()
    t.deepEqual(problems, [], `seed ${seed}, round ${round}`)
    answered += report.answers.size
  }
  t.log(`seed ${seed}: ${answered} calls answered in ${ROUNDS} rounds`)
  t.true(answered > ROUNDS)
})

for (const plant of Object.keys(LIES) as Plant[]) {
  test(`the checker finds that ${plant}`, async (t) => {
    const folder = folderOf(t)
    const operationsMax = 300
    const report = await runWriter(
      { folder, seed: SEED, round: 0, durability: 'os', inFlight: 16, operationsMax, plant },
      { signal: 'SIGKILL', from: `done ${operationsMax}`, afterMs: 0 },
    )
    t.is(report.issued, operationsMax + 1, report.errors)
    await using store = await openStore(folder)
    const contents = await readContents(store)
    const operation = (index: number) =>
      index === operationsMax ? PLANTED : operationOf(SEED, 0, index)
    const problems = findState(new Model(), report, operation, contents)
    t.true(problems.length > 0)
    t.log(problems[0])
    // Without the lie all is well: it is the lie that was found.
    const honest = new Model()
    for (let index = 0; index < operationsMax; index++) honest.apply(operation(index))
    const lines = differences(honest.lines(), contents)
    t.true(
      lines.every((line) => /^counts |must not be there$/.test(line)),
      lines.join('\n'),
    )
  })
}

/** A store after so many calls, with the answers that a process would have had. */
async function written(t: ExecutionContext, calls: number) {
  const answers = new Map<number, Answer>()
  const store = await openStore(folderOf(t), { vectorDimension: DIMENSION, durability: 'os' })
  t.teardown(() => store.close())
  for (let index = 0; index < calls; index++) {
    try {
      answers.set(index, { sequence: await perform(store, operationOf(SEED, 0, index)) })
    } catch (error) {
      answers.set(index, { code: (error as { code: string }).code })
    }
  }
  const report: Report = { issued: calls, answers }
  return { report, contents: await readContents(store) }
}

const operation = (index: number) => operationOf(SEED, 0, index)

test('model and engine agree, and every kind of line is compared', async (t) => {
  const { report, contents } = await written(t, 600)
  t.deepEqual(findState(new Model(), report, operation, contents), [])
  const kinds = new Set([...contents.keys()].map((line) => line.split(' ')[0]))
  t.deepEqual([...kinds].toSorted(), ['concept', 'counts', 'in', 'out'])
})

test('every line that is missing, changed or too many is found', async (t) => {
  const { report, contents } = await written(t, 200)
  const model = new Model()
  t.deepEqual(findState(model, report, operation, contents), [])
  const check = (change: (lines: Map<string, string>) => void): number => {
    const lines = new Map(contents)
    change(lines)
    return differences(model.lines(), lines).length
  }
  for (const [line, text] of contents) {
    t.is(
      check((lines) => lines.delete(line)),
      1,
      line,
    )
    t.is(
      check((lines) => lines.set(line, text.replace(/\d/, '_'))),
      1,
      line,
    )
  }
  t.is(
    check((lines) => lines.set('concept 0', '{}')),
    1,
  )
})

test('calls without an answer may be there from the first on, but not with a gap', async (t) => {
  const { report, contents } = await written(t, 200)
  const answered = (count: number, issued: number): Report => ({
    issued,
    answers: new Map([...report.answers].slice(0, count)),
  })
  t.deepEqual(findState(new Model(), answered(0, 200), operation, contents), [])
  t.deepEqual(findState(new Model(), answered(150, 220), operation, contents), [])
  t.not(findState(new Model(), answered(0, 190), operation, contents).length, 0)
  const skipping = (index: number) => operation(index < 100 ? index : index + 1)
  t.not(findState(new Model(), answered(100, 300), skipping, contents).length, 0)
})

test('a refusal in a group that could not be synced says nothing of that group', async (t) => {
  const { report, contents } = await written(t, 100)
  const answers = new Map(report.answers)
  const model = new Model()
  for (let index = 0; index < 140; index++) {
    const isRefused = 'code' in model.apply(operation(index))
    if (index >= 100) answers.set(index, { code: isRefused ? 'ERR_NOT_FOUND' : 'ERR_IO' })
  }
  const failed = { issued: 140, answers }
  const codes = [...answers.values()]
    .slice(100)
    .map((answer) => ('code' in answer ? answer.code : ''))
  t.deepEqual([...new Set(codes)].toSorted(), ['ERR_IO', 'ERR_NOT_FOUND'])
  t.deepEqual(findState(new Model(), failed, operation, contents), [])
})

test('an answer that does not follow from the calls before is found', async (t) => {
  const { report, contents } = await written(t, 100)
  const changed = (index: number, answer: Answer): Report => ({
    ...report,
    answers: new Map(report.answers).set(index, answer),
  })
  t.regex(findState(new Model(), changed(50, { sequence: 1 }), operation, contents)[0]!, /^call 50/)
  const refused = changed(0, { code: 'ERR_NOT_FOUND' })
  t.regex(findState(new Model(), refused, operation, contents)[0]!, /^call 0/)
})
