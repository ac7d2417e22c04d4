// `npm run proof:interleavings -- 10000`: so many schedules of each kind for every scenario, in a
// release build; `-- 10000 7` others. The last line counts the scenarios that hold.
import { fail } from './project.mjs'
import { runLines } from './runner.mjs'

const [schedules = '10000', seed = '1'] = process.argv.slice(2)
for (const number of [schedules, seed]) {
  if (!/^[1-9]\d*$/.test(number)) fail(`${number} is not a number of schedules, or no seed`)
}
const what = ['-p', 'sutra-sim', '--features', 'interleavings', '--test', 'interleavings']
const env = { ...process.env, INTERLEAVINGS: schedules, INTERLEAVINGS_SEED: seed }
const args = ['test', '--release', '--locked', ...what, '--', '--nocapture']
process.exitCode = await runLines('cargo', args, () => {}, { env })
