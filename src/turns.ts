// Lets other work of the event loop have its turn during a long computation.

/** How long one turn may last, ms: a request that comes in meanwhile waits this long at most. */
const TURN_MS_MAX = 10

/** One computation's turns. Call {@link Turns.next} in its loop, often. */
export class Turns {
  #ends = performance.now() + TURN_MS_MAX

  /** Resolves at once while the turn lasts, else after other work had its turn. */
  async next(): Promise<void> {
    if (performance.now() < this.#ends) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#ends = performance.now() + TURN_MS_MAX
  }
}
