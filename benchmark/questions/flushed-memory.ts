// How much memory of its own a process needs for a store that is in segment files, after everything
// in it was read once.

import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  countOf,
  flushedData,
  type FlushedData,
  openFlushed,
  type Scale,
  SCALES,
} from '../flushed.js'
import { LmdbStore } from '../peers/lmdb.js'
import { hasProcessFigures } from '../process-figures.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import { openSutra } from '../sutra.js'

const READER = fileURLToPath(new URL('../read-everything.js', import.meta.url))

export const questions: Question[] = SCALES.map((scale) => ({
  name: `${scale.name}-memory`,
  title: `Flushed: memory of the process for each of ${countOf(scale)} concepts`,
  unit: 'bytes',
  conditions: `${scale.data}; RssAnon of a process that opens the store and reads text, vector and associations of every concept once, less that of one that asks an empty store for the same ids, by the number of concepts; two equal processes differ by 1 to 2 MB`,
  isLarge: scale.isLarge,
  target: { kind: 'at most', value: 100 },
  open: (setting) => open(setting, scale),
}))

async function open(setting: Setting, scale: Scale): Promise<Contender[] | string> {
  if (!hasProcessFigures()) return 'only Linux tells RssAnon'
  const data = await flushedData(setting, scale)
  // Says so if the data is not flushed, and leaves the folder as it was.
  await (await openFlushed(data)).close()
  const empty = join(setting.folder, 'empty')
  mkdirSync(empty, { recursive: true })
  await (await openSutra(empty)).close()
  const contenders = [contender('sutra', 'openStore; get(id), neighbors(id)', data, empty)]
  if (setting.hasPeers) {
    await new LmdbStore(empty).close()
    const detail = 'open of five databases; get of text, vector and list of associations'
    contenders.push(contender('lmdb', detail, data, empty))
  }
  return contenders
}

function contender(
  name: 'sutra' | 'lmdb',
  detail: string,
  data: FlushedData,
  empty: string,
): Contender {
  const count = data.ids.length
  return {
    name,
    detail,
    run: async (): Promise<Run> => {
      const before = await readApart(name, empty, count)
      const after = await readApart(name, data.folder, count)
      if (before.concepts !== 0 || after.concepts !== count) throw new Error(`${name} lost some`)
      return { bytes: (after.anonymousBytes - before.anonymousBytes) / count }
    },
    close: () => {},
  }
}

/** What the reading process tells. */
export interface ReadEverything {
  readonly concepts: number
  readonly anonymousBytes: number
}

function readApart(name: string, folder: string, count: number): Promise<ReadEverything> {
  // The smallest young generation: what JavaScript throws away must not look like memory in use.
  const execArgv = ['--expose-gc', '--max-semi-space-size=1']
  const child = fork(READER, [name, folder, String(count)], { execArgv })
  return new Promise((resolve, reject) => {
    let answer: ReadEverything | undefined
    child.once('message', (message) => (answer = message as ReadEverything))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer === undefined || code !== 0) reject(new Error(`reading ended with code ${code}`))
      else resolve(answer)
    })
  })
}
