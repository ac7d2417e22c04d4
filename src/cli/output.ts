import type { Writable } from 'node:stream'

/**
 * Standard output of a command: results only. A reader that has seen enough (`| head`) closes the
 * pipe; that is no error, it only ends the output.
 */
export class Output {
  readonly stream: Writable
  readonly json: boolean
  readonly #closed = new AbortController()
  #failure: Error | undefined

  constructor(stream: Writable, json: boolean) {
    this.stream = stream
    this.json = json
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure = error
      this.#closed.abort(error)
    })
  }

  /** Aborted once nobody reads the output any more. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Why the output could not be written, if it is not that the reader went away. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** One line of text. */
  line(text = ''): void {
    if (!this.closed.aborted) this.stream.write(`${text}\n`)
  }

  /** One JSON document on a line of its own. */
  document(value: unknown): void {
    this.line(JSON.stringify(value))
  }

  /** Resolves when everything has been handed to the reader, or the reader is gone. */
  async drained(): Promise<void> {
    if (this.closed.aborted) return
    await new Promise<void>((resolve) => {
      this.stream.write('', () => resolve())
    })
  }
}
