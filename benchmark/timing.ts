// The loops that take the time.

import type { Run } from './question.js'

/** Time of each call, one after the other. */
export async function timeEach(
  count: number,
  call: (index: number) => Promise<unknown> | undefined,
): Promise<Run> {
  const latenciesMs = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    const started = performance.now()
    const answer = call(index)
    // A call that is synchronous is not made slower by a turn of the event loop.
    if (answer !== undefined) await answer
    latenciesMs[index] = performance.now() - started
  }
  return { latenciesMs }
}

/** Rate of synchronous calls. */
export function timeLoop(count: number, loop: (count: number) => void): Run {
  const started = performance.now()
  loop(count)
  return { perSecond: (1000 * count) / (performance.now() - started) }
}

/** Rate of calls of which so many are under way at any time. */
export async function timeInFlight(
  count: number,
  inFlight: number,
  call: (index: number) => Promise<unknown>,
): Promise<Run> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await call(next++)
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: inFlight }, lane))
  return { perSecond: (1000 * count) / (performance.now() - started) }
}
