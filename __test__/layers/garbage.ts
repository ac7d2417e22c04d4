// Everything that nobody refers to any more is given up, now and not some time.
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Collects garbage, and lets the engine be told of it. */
export async function collectGarbage(): Promise<void> {
  // What a finalizer gives up may have held something else.
  for (let round = 0; round < 3; round++) {
    await turn()
    collect()
    await turn()
  }
}
