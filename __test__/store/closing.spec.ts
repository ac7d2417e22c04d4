// Closing: what is pending is written, afterwards everything answers ERR_CLOSED.
import { spawnSync } from 'node:child_process'
import test from 'ava'
import { openStore } from '../../src/index.js'
import type { Store } from '../../src/index.js'
import { refusal, temporaryFolder, temporaryStore } from './temporary-store.js'

const ID = 'f'.repeat(32)

test('close writes what is pending and may be called twice', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3 })
  const writes = Array.from({ length: 2000 }, (_, index) => store.learn({ content: `c${index}` }))
  await Promise.all([store.close(), store.close()])
  await store.close()
  const settled = await Promise.allSettled(writes)
  t.true(settled.every(({ status }) => status === 'fulfilled'))
  await using again = await openStore(folder)
  t.is(again.stats().concepts, 2000)
})

test('every call of a closed store answers ERR_CLOSED', async (t) => {
  const store = await temporaryStore(t)
  await store.close()
  const key = { source: ID, target: ID, type: 'causal' } as const
  const calls: Record<string, (closed: Store) => unknown> = {
    get: (closed) => closed.get(ID),
    getByKey: (closed) => closed.getByKey('k'),
    getMany: (closed) => closed.getMany([ID]),
    has: (closed) => closed.has(ID),
    neighbors: (closed) => closed.neighbors(ID),
    list: (closed) => closed.list(),
    search: (closed) => closed.search({ vector: [1, 2, 3] }),
    paths: (closed) => closed.paths(ID, ID),
    learn: (closed) => closed.learn({ content: 'c' }),
    learnMany: (closed) => closed.learnMany([{ content: 'c' }]),
    update: (closed) => closed.update(ID, {}),
    delete: (closed) => closed.delete(ID),
    associate: (closed) => closed.associate(key),
    associateMany: (closed) => closed.associateMany([key]),
    dissociate: (closed) => closed.dissociate(key),
    snapshot: (closed) => closed.snapshot(),
    at: (closed) => closed.at(1),
    transaction: (closed) => closed.transaction(() => 1),
    flush: (closed) => closed.flush(),
    stats: (closed) => closed.stats(),
    transactionStats: (closed) => closed.transactionStats(),
    reconcilerStats: (closed) => closed.reconcilerStats(),
    check: (closed) => closed.check(),
    backup: (closed) => closed.backup('file'),
  }
  for (const [name, call] of Object.entries(calls)) {
    t.is((await refusal(() => call(store))).code, 'ERR_CLOSED', name)
  }
})

test('flush gives the sequence of the last write', async (t) => {
  const store = await temporaryStore(t, { durability: 'none' })
  const { sequence } = await store.learn({ content: 'c' })
  t.is((await store.flush()).sequence, sequence)
})

function run(folder: string, code: string): { status: number | null; stdout: string } {
  const script = `
    import { openStore } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)}
    const store = await openStore(process.argv[1], { vectorDimension: 3 })
    ${code}`
  const loader = ['--import=@oxc-node/core/register', '--input-type=module']
  const args = [...loader, '-e', script, folder]
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
}

test('an open store does not keep the process alive', (t) => {
  const { status, stdout } = run(temporaryFolder(t), `console.log('end')`)
  t.is(status, 0)
  t.is(stdout, 'end\n')
})

test('a pending write keeps the process alive until it is acknowledged', (t) => {
  const code = `store.learn({ content: 'c' }).then(({ created }) => console.log(created))`
  const { status, stdout } = run(temporaryFolder(t), code)
  t.is(status, 0)
  t.is(stdout, 'true\n')
})

test('a folder left open by a process that ended can be opened', async (t) => {
  const folder = temporaryFolder(t)
  t.is(run(folder, `await store.learn({ content: 'c' }); process.exit(0)`).status, 0)
  await using store = await openStore(folder)
  t.is(store.stats().concepts, 1)
})
