// Folders that cannot be opened: one clear line each.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { openStore } from '../../src/index.js'
import { refusal, temporaryFolder } from './temporary-store.js'

test('a path that is a file', async (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, 'hello')
  const error = await refusal(() => openStore(file))
  t.true(['ERR_CONFIG', 'ERR_IO'].includes(error.code), error.message)
  t.true(error.message.includes(file), error.message)
  t.false(error.message.includes('\n'))
  t.is(readFileSync(file, 'utf8'), 'hello')
})

test('a folder that holds something else', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'letters.txt'), 'hello')
  const error = await refusal(() => openStore(folder))
  t.is(error.code, 'ERR_CONFIG')
  t.true(error.message.includes(folder), error.message)
  t.deepEqual(readdirSync(folder), ['letters.txt'])
})

test('a folder below one that does not exist is made', async (t) => {
  const folder = join(temporaryFolder(t), 'a', 'b')
  const store = await openStore(folder, { vectorDimension: 3 })
  await store.close()
  t.true(readdirSync(folder).length > 0)
})

test('a folder that may not be written', async (t) => {
  const parent = temporaryFolder(t)
  mkdirSync(join(parent, 'locked'))
  chmodSync(join(parent, 'locked'), 0o500)
  const opening = openStore(join(parent, 'locked', 'store'), { vectorDimension: 3 })
  if (process.getuid?.() === 0) {
    // The superuser may write everywhere.
    await (await opening).close()
    t.pass()
    return
  }
  const error = await refusal(() => opening)
  t.is(error.code, 'ERR_IO')
})
