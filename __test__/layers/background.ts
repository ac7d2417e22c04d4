// Waiting for the work behind the writes.
import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../../src/index.js'

const LOOK_MS = 20
/** Looks without a change after which nothing more is expected. */
const STILL_LOOKS = 5
const WAIT_MS_MAX = 60_000

/** Waits until a condition holds, or fails with its name. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it did not come to this: ${what}`)
    await delay(LOOK_MS)
  }
}

/** Waits until no segment is written and none are merged any more. */
export async function untilQuiet(store: Store): Promise<void> {
  let before = ''
  let still = 0
  await until('nothing is flushed or merged', () => {
    const { background } = store.stats()
    if (background.compactionError !== undefined) throw new Error(background.compactionError)
    const now = JSON.stringify(background)
    still = now === before && background.waiting === 0 ? still + 1 : 0
    before = now
    return still >= STILL_LOOKS
  })
}
