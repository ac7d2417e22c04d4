// A run that ends early, at any write, is completed by the next one: the store is then as if the
// folder had been learned once.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { learnFolder } from '../../src/learn/index.js'
import type { Store } from '../../src/types.js'
import { emptyStore, folderWith, holding, write } from './playground.js'

const BEFORE = {
  'a.md': '# A\n\n[b](b.md) [c](c.md#two)\n\n## Old\n\nOld text.\n',
  'b.md': '# B\n\nText.\n',
  'c.md': '# One\n\n# Two\n',
  'gone/d.md': '# D\n\n[a](../a.md)\n',
  'package.json': '{"name": "app", "dependencies": {"one": "1"}}',
}

function change(folder: string): void {
  write(folder, 'a.md', '# A\n\n[c](c.md)\n\n## New\n\nNew text.\n')
  write(folder, 'c.md', '# Two\n\n# One\n\n[e](e.md)\n')
  write(folder, 'e.md', '# E\n')
  rmSync(join(folder, 'gone'), { recursive: true })
}

/** The same store, but the writes after the first `count` fail as if the process had died. */
function dyingStore(store: Store, count: number): Store {
  let left = count
  const mortal = ['learnMany', 'associateMany', 'dissociate', 'delete']
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (!mortal.includes(String(name))) return member.bind(target)
      return (...input: unknown[]) => {
        if (left-- <= 0) return Promise.reject(new Error('died'))
        return member.apply(target, input)
      }
    },
  })
}

test('whatever write a run dies at, the next one completes it', async (t) => {
  const expected = await emptyStore(t)
  const folder = folderWith(t, BEFORE)
  change(folder)
  await learnFolder(expected, folder)
  const held = await holding(expected)
  let completed = false
  for (let writes = 0; !completed; writes++) {
    const store = await emptyStore(t)
    for (const [path, text] of Object.entries(BEFORE)) write(folder, path, text)
    rmSync(join(folder, 'e.md'), { force: true })
    await learnFolder(store, folder)
    change(folder)
    completed = await learnFolder(dyingStore(store, writes), folder).then(
      () => true,
      (error: Error) => {
        t.is(error.message, 'died')
        return false
      },
    )
    await learnFolder(store, folder)
    t.deepEqual(await holding(store), held, `after ${writes} writes`)
    t.true(writes < 100)
  }
})

test('a run that dies and files that change back leave nothing of the other', async (t) => {
  const store = await emptyStore(t)
  const folder = folderWith(t, BEFORE)
  await learnFolder(store, folder)
  const held = await holding(store)
  change(folder)
  await t.throwsAsync(learnFolder(dyingStore(store, 2), folder), { message: 'died' })
  for (const [path, text] of Object.entries(BEFORE)) write(folder, path, text)
  rmSync(join(folder, 'e.md'))
  await learnFolder(store, folder)
  t.deepEqual(await holding(store), held)
})

test('an aborted run ends with ERR_ABORTED and goes on later', async (t) => {
  const store = await emptyStore(t)
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, at) => [`${at}.md`, `# File ${at}\n\n[next](${at + 1}.md)\n`]),
  )
  const folder = folderWith(t, files)
  const stop = new AbortController()
  const run = learnFolder(store, folder, {
    signal: stop.signal,
    onProgress: ({ filesDone }) => filesDone === 20 && stop.abort(),
  })
  await t.throwsAsync(run, { code: 'ERR_ABORTED' })
  const report = await learnFolder(store, folder)
  t.is(store.stats().concepts, 101)
  t.is(report.concepts.created + report.concepts.unchanged, 101)
  await t.throwsAsync(learnFolder(store, folder, { signal: AbortSignal.abort() }), {
    code: 'ERR_ABORTED',
  })
})
