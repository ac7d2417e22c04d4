// Worker threads of one process share one engine; another process is told who has the folder.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { openStore } from '../../src/index.js'
import { refusal, temporaryFolder } from './temporary-store.js'

const INDEX = new URL('../../src/index.js', import.meta.url).href
const LOADER = '--import=@oxc-node/core/register'

let scripts = 0

/** Runs code in a worker and gives what it posts. */
async function inWorker(folder: string, code: string): Promise<unknown> {
  const script = `
    import { workerData, parentPort } from 'node:worker_threads'
    import { openStore } from ${JSON.stringify(INDEX)}
    const folder = workerData
    ${code}`
  const file = `${folder}-worker-${scripts++}.mjs`
  writeFileSync(file, script)
  const worker = new Worker(file, { workerData: folder, execArgv: [LOADER] })
  const posted: unknown[] = []
  worker.on('message', (message) => posted.push(message))
  await once(worker, 'exit')
  rmSync(file)
  return posted[0]
}

test('a worker sees what the main thread wrote, and the other way round', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3 })
  const { id } = await store.learn({ content: 'from main' })
  const other = await inWorker(
    folder,
    `const store = await openStore(folder, { vectorDimension: 3 })
     const seen = store.get(${JSON.stringify(id)})?.content
     const { id } = await store.learn({ content: 'from worker' })
     await store.close()
     parentPort.postMessage({ seen, id })`,
  )
  t.like(other, { seen: 'from main' })
  t.is(store.get((other as { id: string }).id)?.content, 'from worker')
  await store.learn({ content: 'still open' })
  await store.close()
})

test('workers write at the same time, one of them ends without closing', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3, durability: 'os' })
  const work = (name: string, end: string): Promise<unknown> =>
    inWorker(
      folder,
      `const store = await openStore(folder)
       const writes = Array.from({ length: 500 }, (_, i) => store.learn({ content: '${name}' + i }))
       await Promise.all(writes)
       parentPort.postMessage(store.stats().concepts)
       ${end}`,
    )
  await Promise.all([work('a', 'await store.close()'), work('b', ''), work('c', 'process.exit()')])
  t.is(store.stats().concepts, 1500)
  await store.close()
  const again = await openStore(folder)
  t.is(again.stats().concepts, 1500)
  await again.close()
})

test('a second opening with other options is refused by the option’s name', async (t) => {
  const folder = temporaryFolder(t)
  const store = await openStore(folder, { vectorDimension: 3, durability: 'fsync' })
  const error = await refusal(() => openStore(folder, { durability: 'os' }))
  t.is(error.code, 'ERR_CONFIG')
  t.is(error.field, 'durability')
  const dimension = await refusal(() => openStore(folder, { vectorDimension: 4 }))
  t.is(dimension.field, 'vectorDimension')
  const same = await openStore(folder, { durability: 'fsync' })
  await same.close()
  t.is(store.stats().concepts, 0)
  await store.close()
})

test('two paths of one folder are one store', async (t) => {
  const folder = temporaryFolder(t)
  const link = `${folder}-link`
  symlinkSync(folder, link)
  t.teardown(() => rmSync(link))
  const store = await openStore(folder, { vectorDimension: 3 })
  const linked = await openStore(link)
  const { id } = await store.learn({ content: 'c' })
  t.is(linked.get(id)?.content, 'c')
  await store.close()
  t.is(linked.get(id)?.content, 'c')
  await linked.close()
})

test('a second process gets ERR_LOCKED with the pid of the first', async (t) => {
  const folder = temporaryFolder(t)
  const hold = `
    import { openStore } from ${JSON.stringify(INDEX)}
    await openStore(process.argv[1], { vectorDimension: 3 })
    console.log('open')
    setInterval(() => {}, 1000)`
  const args = [LOADER, '--input-type=module', '-e', hold, folder]
  const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  const error = await refusal(() => openStore(folder))
  t.is(error.code, 'ERR_LOCKED')
  t.true(error.retryable)
  t.true(error.message.includes(String(holder.pid)), error.message)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await (await openStore(folder)).close()
})

test('a process can open what it just closed', async (t) => {
  const folder = temporaryFolder(t)
  for (let round = 0; round < 20; round++) {
    const store = await openStore(folder, { vectorDimension: 3, durability: 'os' })
    await store.learn({ content: `round ${round}` })
    await store.close()
  }
  const store = await openStore(folder)
  t.is(store.stats().concepts, 20)
  await store.close()
})

test('views, snapshots and stores that nobody holds are collected without harm', (t) => {
  const code = `
    import { openStore } from ${JSON.stringify(INDEX)}
    const store = await openStore(process.argv[1], { vectorDimension: 3, durability: 'os' })
    const { id } = await store.learn({ content: 'kept', attributes: { a: 1 }, vector: [1, 2, 3] })
    const kept = []
    for (let round = 0; round < 300; round++) {
      const view = store.snapshot()
      if (round % 50 === 0) kept.push(view.get(id))
      await store.learn({ content: 'c' + round })
      view.get(id).attributes
      if (round % 10 === 0) gc()
    }
    for (let round = 0; round < 10; round++) await (await openStore(process.argv[1])).close()
    await store.close()
    gc()
    const isWhole = (c) => c.content === 'kept' && c.attributes.a === 1 && c.vector[2] === 3
    const whole = kept.filter(isWhole)
    console.log(whole.length)`
  const args = [LOADER, '--expose-gc', '--input-type=module', '-e', code, temporaryFolder(t)]
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 60_000,
  })
  t.is(status, 0)
  t.is(stdout, '6\n')
})
