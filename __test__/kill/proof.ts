// `npm run proof:kill -- 100`: kills a writing process so many times, and checks after each that
// nothing acknowledged is lost and nothing is half done. `-- 100 17` repeats the choices of seed
// 17.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prove } from './prove.js'
import { KillRounds } from './rounds.js'

const ROUNDS_DEFAULT = 100

const [rounds = ROUNDS_DEFAULT, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'sutra-kill-'))
const isProven = await prove('kill', new KillRounds(folder, seed), rounds, seed)
if (isProven) rmSync(folder, { recursive: true })
process.exitCode = isProven ? 0 : 1
