// `npm run proof:memory`: what `stats().memoryBytes` says, added to what the process took before,
// is compared with what the system says the process has. Each case runs in a process of its own:
//
//   stated   = baseline + records + tables + vectors + held + files
//   measured = RssAnon of the process
//
// The baseline is RssAnon of the same process with the same store open and empty, after it has
// written and read a little. `mapped` is left out: these are pages of files, which the system drops
// when it wants to. Ends with 1 if stated and measured differ by more than 10 % of measured.
//
// `--mib` is how much the delta holds, `--only texts` runs one case, `--folder` says where.

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { hasProcessFigures } from '../process-figures.js'
import { CASES, type Compared } from './memory-case.js'
import { mebibytes } from './samples.js'

/** The engine writes a delta to a segment at 256 MiB. */
const MIB_DEFAULT = 200
const DIFFERENCE_MAX = 0.1
/** Below this the process itself differs by more than what is compared. */
const JUDGED_FROM_MIB = 100
const CHILD = fileURLToPath(new URL('./memory-case.js', import.meta.url))

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: String(MIB_DEFAULT) },
    only: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
})

function compareApart(name: string, folder: string): Promise<Compared[]> {
  const child = fork(CHILD, [name, folder, values.mib])
  return new Promise((resolve, reject) => {
    let answer: Compared[] | undefined
    child.once('message', (message) => (answer = message as Compared[]))
    child.once('error', reject)
    child.once('exit', (code) => {
      if (answer === undefined || code !== 0) reject(new Error(`${name} ended with code ${code}`))
      else resolve(answer)
    })
  })
}

/** Says what was found; false if it is too far apart. */
function judge(name: string, compared: Compared): boolean {
  const { state, baseline, kinds, measured } = compared
  const held = Object.values(kinds).reduce((sum, bytes) => sum + bytes, 0)
  const difference = (baseline + held - measured) / measured
  const ofHeld = (held - (measured - baseline)) / (measured - baseline)
  const shown = Object.entries(kinds).map(([kind, bytes]) => `${kind} ${mebibytes(bytes)}`)
  console.log(`${name}, ${state}`)
  console.log(
    `  stated   ${mebibytes(baseline + held)} = baseline ${mebibytes(baseline)}, ${shown.join(', ')}`,
  )
  console.log(`  measured ${mebibytes(measured)}; stated is ${percent(difference)} off`)
  if (compared.isEmptied) {
    console.log(`  given back: ${mebibytes(measured - baseline)} are left over the baseline`)
    return true
  }
  console.log(`  without the baseline: ${percent(ofHeld)} off`)
  if (Number(values.mib) < JUDGED_FROM_MIB) {
    console.log('  too little to judge')
    return true
  }
  return Math.abs(difference) <= DIFFERENCE_MAX
}

function percent(share: number): string {
  return `${share < 0 ? '' : '+'}${(100 * share).toFixed(1)} %`
}

async function prove(): Promise<boolean> {
  const wanted = CASES.filter((name) => values.only === undefined || values.only === name)
  if (wanted.length === 0) throw new Error(`there are the cases ${CASES.join(', ')}`)
  let isProven = true
  for (const name of wanted) {
    const folder = mkdtempSync(join(values.folder, 'sutra-memory-'))
    for (const compared of await compareApart(name, folder)) {
      if (judge(name, compared)) continue
      console.error(`problem: more than ${100 * DIFFERENCE_MAX} % off`)
      isProven = false
    }
    rmSync(folder, { recursive: true })
  }
  console.log(`memory: ${isProven ? 'holds' : 'DOES NOT HOLD'}`)
  return isProven
}

if (hasProcessFigures()) process.exitCode = (await prove()) ? 0 : 1
else {
  console.error('error: this proof needs Linux: only there RssAnon can be read')
  process.exitCode = 2
}
