import { SAME_SIGNAL_MS } from '../server/http/signals.js'
import { EXIT } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'

/**
 * Ctrl-C and SIGTERM for a command that runs for a while: the first aborts `signal`, so the command
 * ends in order with what was acknowledged; the second ends the process at once.
 */
export class Interrupt {
  readonly #abort = new AbortController()
  readonly #process: NodeJS.Process
  #exitCode: ExitCode | undefined
  #stoppingAt = Infinity

  constructor(source: NodeJS.Process) {
    this.#process = source
    source.on('SIGINT', this.#handle)
    source.on('SIGTERM', this.#handle)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** The exit code that says which signal came, or undefined if none did. */
  get exitCode(): ExitCode | undefined {
    return this.#exitCode
  }

  /** Leaves signals to the process again. */
  release(): void {
    this.#process.off('SIGINT', this.#handle)
    this.#process.off('SIGTERM', this.#handle)
  }

  readonly #handle = (name: NodeJS.Signals): void => {
    const exitCode = name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
    const now = performance.now()
    if (now - this.#stoppingAt >= SAME_SIGNAL_MS) this.#process.exit(exitCode)
    if (this.#exitCode !== undefined) return
    this.#exitCode = exitCode
    this.#stoppingAt = now
    this.#abort.abort(new Error(`stopped by ${name}`))
  }
}
