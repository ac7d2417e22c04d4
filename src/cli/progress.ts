import type { WriteStream } from 'node:tty'

/** How far a long command is. */
export interface ProgressState {
  readonly done: number
  /** What `done` grows to; absent while it is not known. */
  readonly total?: number | undefined
  /** What is counted: lines, files, bytes. */
  readonly unit: string
  /** Further numbers to show. */
  readonly counts?: Readonly<Record<string, number>>
}

const TERMINAL_INTERVAL_MS = 100
const LINES_INTERVAL_MS = 1_000
const BAR_WIDTH = 24

/**
 * Progress on standard error: a bar that redraws itself on a terminal, one JSON object a second
 * otherwise, so that logs stay readable.
 */
export class Progress {
  readonly #stream: NodeJS.WritableStream
  readonly #terminal: boolean
  readonly #columns: number
  readonly #started = performance.now()
  #shownAt = -Infinity
  #shown = ''

  constructor(stream: NodeJS.WritableStream, json: boolean) {
    const terminal = stream as Partial<WriteStream>
    this.#stream = stream
    this.#terminal = terminal.isTTY === true && !json
    this.#columns = terminal.columns ?? 80
  }

  /** Shows the state, unless one was shown a moment ago. */
  update(state: ProgressState): void {
    const interval = this.#terminal ? TERMINAL_INTERVAL_MS : LINES_INTERVAL_MS
    if (performance.now() - this.#shownAt < interval) return
    this.#show(state)
  }

  /** Takes the bar away: what follows is the result. */
  clear(): void {
    if (this.#shown !== '') this.#stream.write(`\r${' '.repeat(this.#shown.length)}\r`)
    this.#shown = ''
  }

  #show(state: ProgressState): void {
    const now = performance.now()
    this.#shownAt = now
    const seconds = Math.max((now - this.#started) / 1000, 0.001)
    const perSecond = Math.round(state.done / seconds)
    if (!this.#terminal) {
      const { done, total, unit, counts } = state
      const took = Math.round(seconds * 10) / 10
      const line = {
        progress: { done, total, unit, ...counts, seconds: took, per_second: perSecond },
      }
      this.#stream.write(`${JSON.stringify(line)}\n`)
      return
    }
    const counts = Object.entries(state.counts ?? {}).map(([name, count]) => `, ${count} ${name}`)
    const total = state.total === undefined ? '' : `/${state.total}`
    const rest = `${counts.join('')}, ${perSecond}/s`
    const text = `${bar(state)}${state.done}${total} ${state.unit}${rest}`
    const line = text.slice(0, this.#columns - 1)
    this.#stream.write(`\r${line.padEnd(this.#shown.length)}`)
    this.#shown = line
  }
}

function bar({ done, total }: ProgressState): string {
  if (total === undefined || total <= 0) return ''
  const share = Math.min(done / total, 1)
  const full = Math.round(share * BAR_WIDTH)
  const percent = String(Math.floor(share * 100)).padStart(3)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${percent} % `
}
