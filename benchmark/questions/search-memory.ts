// How much memory of its own a process needs for each concept that can be searched: when files are
// mapped and searches go on, and at the worst moment of filling the store and making its indexes.

import { fork } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasProcessFigures } from '../process-figures.js'
import type { Contender, Question, Run, Setting } from '../question.js'
import type { SearchMemory, Work } from '../search-memory-process.js'
import { openSutra } from '../sutra.js'

const PROCESS = fileURLToPath(new URL('../search-memory-process.js', import.meta.url))

const CONCEPTS = 100_000
const CONCEPTS_LARGE = 1_000_000
const QUICK_DIVISOR = 20
/** A build takes a minute, or ten times as long: see `Question.roundsMax`. */
const ROUNDS = 3

interface Scale {
  readonly concepts: number
  readonly isLarge: boolean
}

const SCALES: readonly Scale[] = [
  { concepts: CONCEPTS, isLarge: false },
  { concepts: CONCEPTS_LARGE, isLarge: true },
]

export const questions: Question[] = SCALES.flatMap((scale) => [mapped(scale), building(scale)])

function dataOf({ concepts }: Scale): string {
  return `${concepts.toLocaleString('en')} concepts with a vector of 768 dimensions (index i8), a text of 8 to 30 words, attributes and three associations`
}

function mapped(scale: Scale): Question {
  const { concepts, isLarge } = scale
  return {
    name: isLarge ? 'million-search-memory' : 'search-memory',
    title: `Memory of a process that searches, for each of ${concepts.toLocaleString('en')} concepts`,
    unit: 'bytes',
    conditions: `${dataOf(scale)}, in files and indexed; RssAnon of a process that opens the store, searches it 200 times by vector and by two words and reads associations, less that of one that does so with an empty store, by the number of concepts; two equal processes differ by 1 to 2 MB`,
    isLarge,
    target: { kind: 'at most', value: 500 },
    open: (setting) => openMapped(setting, scale),
  }
}

function building(scale: Scale): Question {
  const { concepts, isLarge } = scale
  return {
    name: isLarge ? 'million-search-memory-build' : 'search-memory-build',
    title: `Memory of a process that fills and indexes a store, at its peak, for each of ${concepts.toLocaleString('en')} concepts`,
    unit: 'bytes',
    conditions: `${dataOf(scale)}, written with durability 'os', then flushed, until all indexes are made; highest RssAnon of the process, less that of one that makes up the same data and writes none of it, by the number of concepts`,
    isLarge,
    roundsMax: isLarge ? 1 : ROUNDS,
    open: (setting) => openBuilding(setting, scale),
  }
}

function countOf({ isQuick }: Setting, { concepts }: Scale): number {
  return isQuick ? concepts / QUICK_DIVISOR : concepts
}

async function openMapped(setting: Setting, scale: Scale): Promise<Contender[] | string> {
  if (!hasProcessFigures()) return 'only Linux tells RssAnon'
  const count = countOf(setting, scale)
  const folder = builtFolder(setting, count)
  if (!existsSync(folder)) await fresh(folder, (own) => apart('build', own, count))
  const empty = join(setting.folder, 'empty')
  mkdirSync(empty, { recursive: true })
  await (await openSutra(empty)).close()
  return [
    {
      name: 'sutra',
      detail: 'openStore, search by vector and by words, neighbors',
      run: async () => {
        const before = await apart('search', empty, count)
        return perConcept(await apart('search', folder, count), before, count)
      },
      close: () => {},
    },
  ]
}

async function openBuilding(setting: Setting, scale: Scale): Promise<Contender[] | string> {
  if (!hasProcessFigures()) return 'only Linux tells RssAnon'
  const count = countOf(setting, scale)
  const folder = join(setting.folder, 'built')
  return [
    {
      name: 'sutra',
      detail: "learnMany, associateMany, flush, indexes; durability 'os', memoryThreshold 50,000",
      run: async () => {
        const before = await fresh(folder, (own) => apart('make up', own, count))
        const after = await fresh(folder, (own) => apart('build', own, count))
        return perConcept(after, before, count)
      },
      close: () => {},
    },
  ]
}

/** The store that is searched; the questions of one run share it. */
function builtFolder({ shared }: Setting, count: number): string {
  return join(shared, `search-memory-${count}`)
}

async function fresh<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return work(folder)
}

function perConcept(after: SearchMemory, before: SearchMemory, count: number): Run {
  if (after.concepts !== count) throw new Error(`${after.concepts} of ${count} concepts are there`)
  return { bytes: (after.anonymousBytes - before.anonymousBytes) / count }
}

function apart(work: Work, folder: string, count: number): Promise<SearchMemory> {
  // The smallest young generation: what JavaScript throws away must not look like memory in use.
  const execArgv = ['--expose-gc', '--max-semi-space-size=1']
  const child = fork(PROCESS, [work, folder, String(count)], { execArgv })
  return new Promise((resolve, reject) => {
    let answer: SearchMemory | undefined
    child.once('message', (message) => (answer = message as SearchMemory))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer === undefined || code !== 0) reject(new Error(`${work} ended with code ${code}`))
      else resolve(answer)
    })
  })
}
