// Syncs that fail for real: a shim preloaded into the writing process. Rust's standard library goes
// through fsync and fdatasync of the C library, so the shim reaches the engine.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { openStore } from '../../src/index.js'
import { findState, type Report } from '../kill/checker.js'
import { runWriter } from '../kill/child.js'
import { readContents } from '../kill/contents.js'
import { Dice } from '../kill/dice.js'
import { Model } from '../kill/model.js'
import { operationOf } from '../kill/operations.js'
import { compile, compilerProblem } from './compile.js'
import type { Said } from './sync-failure.js'

const SEED = 11
const ROUNDS = 3
const PROCESS = fileURLToPath(new URL('sync-failure.ts', import.meta.url))
const REGISTER = import.meta.resolve('@oxc-node/core/register')

const problem = compilerProblem()
if (problem !== undefined) console.log(`skipped, tests of failing syncs: ${problem}`)
const withShim = problem === undefined ? test : test.skip

interface Place {
  readonly folder: string
  readonly trigger: string
  readonly env: Record<string, string>
}

function placeOf(t: ExecutionContext): Place {
  const shim = compile('failing-sync.c', '-shared', '-fPIC')
  const root = mkdtempSync(join(tmpdir(), 'sutra-sync-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  t.teardown(() => rmSync(dirname(shim), { recursive: true, force: true }))
  const trigger = join(root, 'trigger')
  const env = { LD_PRELOAD: shim, SUTRA_FAIL_SYNC: trigger }
  return { folder: join(root, 'store'), trigger, env }
}

withShim('a failed sync is final until the store is opened again, and reads go on', async (t) => {
  const { folder, trigger, env } = placeOf(t)
  const args = [`--import=${REGISTER}`, PROCESS, folder, trigger, String(SEED)]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  })
  t.is(status, 0, stderr)
  const said = JSON.parse(stdout) as Said
  t.true(said.failing.includes('ERR_IO'))
  t.true(said.failing.every((code) => code === 'ERR_IO' || code === 'ERR_CLOSED'))
  t.true(said.after.length > 0)
  t.deepEqual([...new Set(said.after)], ['ERR_CLOSED'])
  t.deepEqual(said.problems, [])
  t.false(said.running)
  t.is(said.closed, 'ERR_CLOSED')
  const report: Report = { issued: said.issued, answers: new Map(said.answers) }
  await using store = await openStore(folder)
  const operation = (index: number) => operationOf(SEED, 0, index)
  t.deepEqual(findState(new Model(), report, operation, await readContents(store)), [])
  t.true((await store.learn({ content: 'Written after opening it again.' })).created)
})

withShim('syncs that begin to fail at random instants lose nothing acknowledged', async (t) => {
  t.timeout(ROUNDS * 60_000)
  const { folder, trigger, env } = placeOf(t)
  const model = new Model()
  const writer = { folder, seed: SEED, flushChance: 0.02 }
  const dice = new Dice(SEED)
  let failed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const report = await runWriter(
      { ...writer, round, durability: 'fsync', inFlight: 16, operationsMax: 100_000 },
      {
        signal: 'SIGTERM',
        from: `done ${dice.between(50, 150)}`,
        afterMs: dice.below(100),
        before: (seen) => {
          writeFileSync(trigger, '')
          return seen('failed')
        },
      },
      env,
    )
    t.true(existsSync(trigger))
    rmSync(trigger)
    t.is(report.code, 0, report.errors)
    failed += [...report.answers.values()].some((a) => 'code' in a && a.code === 'ERR_IO') ? 1 : 0
    await using store = await openStore(folder)
    const operation = (index: number) => operationOf(SEED, round, index)
    t.deepEqual(findState(model, report, operation, await readContents(store)), [])
  }
  t.is(failed, ROUNDS)
})
