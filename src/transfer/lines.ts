// Bytes to numbered lines, in bounded memory.

/** A line of text, or why it is none. Numbers start at 1. */
export type Line =
  | { number: number; text: string; bytes: number }
  | { number: number; problem: 'too-long' | 'encoding'; bytes: number }

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Cuts chunks into lines. A line over the limit is passed over, however long, and reported. */
export class LineCutter {
  readonly #lineBytesMax: number
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #pieces: Uint8Array[] = []
  /** Bytes of the line so far, also those passed over. */
  #bytes = 0
  #number = 1

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /** Number of the line that is read at the moment. */
  get number(): number {
    return this.#number
  }

  /** The lines that end in this chunk. */
  *push(chunk: Uint8Array): Generator<Line> {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end < 0) break
      this.#take(chunk.subarray(start, end))
      yield this.#finish()
      start = end + 1
    }
    // The rest is copied: the chunk's memory may be used again by whoever gave it.
    if (start < chunk.length) this.#take(Uint8Array.prototype.slice.call(chunk, start))
  }

  /** The last line, if the input does not end with a newline. */
  *end(): Generator<Line> {
    if (this.#bytes > 0) yield this.#finish()
  }

  #take(piece: Uint8Array): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#lineBytesMax) this.#pieces = []
    else this.#pieces.push(piece)
  }

  #finish(): Line {
    const number = this.#number++
    const bytes = this.#bytes
    const pieces = this.#pieces
    this.#bytes = 0
    this.#pieces = []
    if (bytes > this.#lineBytesMax) return { number, problem: 'too-long', bytes }
    let line = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    if (line.at(-1) === CARRIAGE_RETURN) line = line.subarray(0, -1)
    try {
      const text = this.#decoder.decode(line)
      return { number, text: number === 1 ? text.replace(/^\ufeff/, '') : text, bytes }
    } catch {
      return { number, problem: 'encoding', bytes }
    }
  }
}
