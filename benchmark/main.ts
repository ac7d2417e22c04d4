// `npm run bench`: asks every question, shows the answers, and with --write-docs keeps them in
// docs/benchmarks.json and docs/benchmarks.md.

import { fork } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Answer } from './answer.js'
import { describeMachine, PROJECT } from './machine.js'
import type { Question } from './question.js'
import { QUESTIONS } from './questions.js'
import { makePage, makeReport, type Report } from './report.js'

const ROUNDS = 9
const ROUNDS_QUICK = 3

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    million: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    folder: { type: 'string', default: join(PROJECT, '.bench/data') },
    json: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
})

const isQuick = options.quick
const shared = join(options.folder, 'shared')
const rounds = Number(options.rounds ?? (isQuick ? ROUNDS_QUICK : ROUNDS))
const asked = QUESTIONS.filter(({ isLarge = false }) => options.million || !isLarge)
const wanted = asked.filter(
  ({ name }) => options.only.length === 0 || options.only.some((part) => name.startsWith(part)),
)
if (wanted.length === 0) {
  const names = asked.map(({ name }) => name).join(', ')
  throw new Error(`no question is called ${options.only.join(' or ')}; there are: ${names}`)
}

/** What a million concepts take while JavaScript makes them up: the data, not the stores. */
const HEAP_MIB = 8192

/** Asks a question in a process of its own. */
async function askApart({ name, isLarge }: Question, folder: string): Promise<Answer> {
  const heap = isLarge === true ? [`--max-old-space-size=${HEAP_MIB}`] : []
  const child = fork(
    fileURLToPath(new URL('./ask.js', import.meta.url)),
    [name, folder, shared, String(rounds), isQuick ? 'quick' : 'full'],
    { execArgv: [...process.execArgv, '--expose-gc', ...heap] },
  )
  return new Promise((resolve, reject) => {
    let answer: Answer | undefined
    child.once('message', (message) => (answer = message as Answer))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer === undefined || code !== 0) reject(new Error(`${name} ended with code ${code}`))
      else resolve(answer)
    })
  })
}

async function askAll(): Promise<Report> {
  mkdirSync(options.folder, { recursive: true })
  const machine = describeMachine(options.folder)
  const answers: Answer[] = []
  rmSync(shared, { recursive: true, force: true })
  for (const question of wanted) {
    const { name } = question
    process.stderr.write(`> ${name}\n`)
    const folder = join(options.folder, name)
    rmSync(folder, { recursive: true, force: true })
    answers.push(await askApart(question, folder))
    rmSync(folder, { recursive: true, force: true })
  }
  rmSync(shared, { recursive: true, force: true })
  return { machine, rounds, isQuick, date: new Date().toISOString().slice(0, 10), answers }
}

const report = await askAll()
console.log(makeReport(report))
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`)
}
if (options['write-docs']) {
  writeFileSync(join(PROJECT, 'docs/benchmarks.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(join(PROJECT, 'docs/benchmarks.md'), makePage(report))
}
