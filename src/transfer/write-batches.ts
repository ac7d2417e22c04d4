// Collects operations into batches and keeps several of them under way, in bounded memory.

import { SutraError } from '../errors.js'

/** How much is collected and how much is under way. */
export interface BatchSizes {
  /** Operations of one batch. */
  operationsMax: number
  /** Estimated bytes of one batch. */
  bytesMax: number
  /** Batches under way at once. */
  inFlightMax: number
}

/** What the engine takes in one batch, and as much under way as keeps it busy. */
export const BATCH_SIZES: BatchSizes = {
  operationsMax: 1000,
  bytesMax: 8 * 1024 * 1024,
  inFlightMax: 4,
}

/** Operations of one kind on their way to the store. */
export class WriteBatches<Item> {
  readonly #write: (items: Item[]) => Promise<void>
  readonly #sizes: BatchSizes
  readonly #inFlight = new Set<Promise<void>>()
  #items: Item[] = []
  #bytes = 0
  #failure: { error: unknown } | undefined

  constructor(write: (items: Item[]) => Promise<void>, sizes: BatchSizes = BATCH_SIZES) {
    this.#write = write
    this.#sizes = sizes
  }

  /** Adds an operation. Waits while too much is under way. Throws what an earlier batch threw. */
  async add(item: Item, bytes: number): Promise<void> {
    if (this.#items.length > 0 && this.#bytes + bytes > this.#sizes.bytesMax) await this.#submit()
    this.#items.push(item)
    this.#bytes += bytes
    if (this.#items.length >= this.#sizes.operationsMax) await this.#submit()
  }

  /** Waits until everything added is written. Throws what the first failed batch threw. */
  async drain(): Promise<void> {
    await this.#submit()
    await this.settle()
    this.#throwFailure()
  }

  /** Waits until nothing is under way, however it ended. Collected items stay unwritten. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  async #submit(): Promise<void> {
    while (this.#inFlight.size >= this.#sizes.inFlightMax) await Promise.race(this.#inFlight)
    // After a failure nothing more is sent: what comes later may rely on what failed.
    this.#throwFailure()
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    const sent = this.#write(items)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#inFlight.delete(sent))
    this.#inFlight.add(sent)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/**
 * Writes a batch; if the engine refuses it, halves are tried until the operations at fault stand
 * alone. A batch is atomic, so without this one bad operation would keep 999 good ones out.
 * Errors that are not about an operation (disk, closed store) are thrown.
 */
export async function writeAround<Item>(
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<void>,
  onRefused: (item: Item, error: SutraError) => void,
): Promise<void> {
  try {
    await write(items)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const [first] = items
    if (items.length === 1 && first !== undefined) {
      onRefused(first, error)
      return
    }
    const half = Math.ceil(items.length / 2)
    await writeAround(items.slice(0, half), write, onRefused)
    await writeAround(items.slice(half), write, onRefused)
  }
}

/** True if an operation itself is at fault: the same operation would be refused again. */
function isRefusal(error: unknown): error is SutraError {
  // An embedder that answers nonsense does so for every operation.
  if (!(error instanceof SutraError) || error.field === 'embedder') return false
  return ['ERR_INVALID', 'ERR_LIMIT', 'ERR_NOT_FOUND'].includes(error.code)
}
