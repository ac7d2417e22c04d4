// `npm run proof:miri -- 16`: runs the unsafe code, and what is read without locks, in miri. It
// stops at undefined behaviour and at data races, and gives a reader any value that an atomic may
// still have for it. The number says in how many orders of the threads; 16 by default.
import { countCargo } from './counts.mjs'
import { NIGHTLY, needNightly } from './nightly.mjs'
import { fail } from './project.mjs'
import { duration, runLines } from './runner.mjs'

const [seedsText = '16'] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(seedsText)) fail('usage: npm run proof:miri -- [seeds]')
needNightly('miri', `rustup component add miri --toolchain ${NIGHTLY}`)

const PARTS = [
  {
    what: `readers beside a writer, ${seedsText} orders`,
    flags: `-Zmiri-many-seeds=0..${seedsText}`,
    args: ['--lib', '--', 'readers'],
  },
  {
    what: 'rows, tables and lists of a delta',
    // Tests of random cases ask for the folder they are in.
    flags: '-Zmiri-disable-isolation',
    args: ['--lib', '--', 'vector::', 'delta::', '--skip', 'readers'],
  },
  {
    what: 'a shard over files in memory, which stand for mapped ones: miri maps no files',
    flags: '',
    args: ['--test', 'model', '--', 'what_was_flushed_is_read_where_it_is_mapped'],
  },
]

for (const { what, flags, args } of PARTS) {
  console.log(`\n== ${what}`)
  const start = performance.now()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const env = { ...process.env, MIRIFLAGS: `${process.env.MIRIFLAGS ?? ''} ${flags}` }
  const miri = [`+${NIGHTLY}`, 'miri', 'test', '--locked', '-p', 'sutra-shard', ...args]
  const code = await runLines('cargo', miri, (line) => countCargo(counts, line), { env })
  // A filter that no test has any more proves nothing.
  if (code !== 0 || counts.passed === 0) fail(`miri found something, or nothing to run: ${what}`)
  console.log(`${counts.passed} passed in ${duration(performance.now() - start)}`)
}
