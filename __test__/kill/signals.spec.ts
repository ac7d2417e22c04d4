// A program that closes its store when it is asked to end loses nothing, whatever the durability;
// and of several processes that open one folder at the same time, one has it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { openStore } from '../../src/index.js'
import { findState } from './checker.js'
import { runWriter } from './child.js'
import { readContents } from './contents.js'
import { Dice } from './dice.js'
import { Model } from './model.js'
import { DIMENSION, operationOf } from './operations.js'

const SEED = 7
const RIVALS = 4
const INDEX = new URL('../../src/index.js', import.meta.url).href
const REGISTER = import.meta.resolve('@oxc-node/core/register')

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sutra-signals-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'store')
}

for (const durability of ['fsync', 'os', 'none'] as const) {
  test(`SIGTERM under load: every call is answered and there, durability ${durability}`, async (t) => {
    const folder = folderOf(t)
    const dice = new Dice(SEED, Date.now())
    const writer = { folder, seed: SEED, round: 0 }
    const ended = await runWriter(
      { ...writer, durability, inFlight: 64, operationsMax: 1_000_000, flushChance: 0.02 },
      { signal: 'SIGTERM', from: 'done', afterMs: dice.below(200) },
    )
    t.is(ended.code, 0, ended.errors)
    t.true(ended.isClosed)
    t.is(ended.answers.size, ended.issued)
    const codes = [...ended.answers.values()].map((answer) => ('code' in answer ? answer.code : ''))
    t.deepEqual(
      [...new Set(codes)].filter((code) => code !== '' && code !== 'ERR_NOT_FOUND'),
      [],
    )
    await using store = await openStore(folder, { vectorDimension: DIMENSION })
    const operation = (index: number) => operationOf(SEED, 0, index)
    t.deepEqual(findState(new Model(), ended, operation, await readContents(store)), [])
    t.is(store.stats().recovery.tornBytes, 0)
  })
}

/** A process that opens the folder, says how it went, and holds the store until it is killed. */
function startRival(
  t: ExecutionContext,
  folder: string,
): { child: ChildProcess; said: Promise<string> } {
  const code = `
    import { openStore } from ${JSON.stringify(INDEX)}
    setInterval(() => undefined, 1 << 30)
    const opening = openStore(${JSON.stringify(folder)}, { vectorDimension: ${DIMENSION} })
    const said = await opening.then(() => 'opened', (error) => error.code + ' ' + error.message)
    console.log(said)`
  const child = spawn(process.execPath, [`--import=${REGISTER}`, '--input-type=module', '-e', code])
  t.teardown(() => child.kill('SIGKILL'))
  const said = new Promise<string>((done) => {
    createInterface({ input: child.stdout })
      .once('line', done)
      .once('close', () => done('ended'))
  })
  return { child, said }
}

test('of processes that open one folder at once, one has it and the others are told which', async (t) => {
  const folder = folderOf(t)
  const rivals = Array.from({ length: RIVALS }, () => startRival(t, folder))
  const answers = await Promise.all(rivals.map(({ said }) => said))
  const winners = rivals.filter((_, index) => answers[index] === 'opened')
  t.is(winners.length, 1, answers.join('\n'))
  const [winner] = winners
  for (const answer of answers.filter((text) => text !== 'opened')) {
    // Whoever asks between the lock and the writing of the number is not told it.
    t.regex(answer, /^ERR_LOCKED the store is open in another process/)
    const pid = /pid (\d+)/.exec(answer)?.[1]
    if (pid !== undefined) t.is(pid, String(winner?.child.pid))
  }
  winner?.child.kill('SIGKILL')
  if (winner) await once(winner.child, 'exit')
  await using store = await openStore(folder)
  t.is(store.stats().sequence, 0)
})
