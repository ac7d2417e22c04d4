// Import of JSONL: streamed, in bounded memory, bad lines reported by number.

import { stat } from 'node:fs/promises'
import { SutraError } from '../errors.js'
import { Turns } from '../turns.js'
import type { Store } from '../types.js'
import { AssociationImport } from './import-associations.js'
import { ConceptImport } from './import-concepts.js'
import { addProblem, emptyReport, type ImportReport } from './import-report.js'
import { LineCutter, type Line } from './lines.js'
import { openInput, type ImportSource, type InputCount } from './open-input.js'
import { parseRecord } from './records.js'

/** How far an import is. */
export interface ImportProgress {
  lines: number
  /** Bytes of the source as it is, compressed or not. */
  bytesRead: number
  /** Undefined for a stream. */
  bytesTotal: number | undefined
  concepts: number
  associations: number
}

/** Options of {@link importFile}. */
export interface ImportOptions {
  /** Namespace of lines that name none. @default 'default' */
  namespace?: string
  /** Stop at the first bad line. What came before stays. @default false */
  strict?: boolean
  /** Longer lines are reported, bytes. 1,000 to 500,000,000. @default 50000000 */
  lineBytesMax?: number
  /** Associations kept until both ends are there, 0 to 10,000,000. @default 1000000 */
  deferredMax?: number
  signal?: AbortSignal
  onProgress?: (progress: ImportProgress) => void
}

/** Bytes of lines kept until both ends are there. */
const DEFERRED_BYTES_MAX = 256 * 1024 * 1024
const LINES_PER_PROGRESS = 1000

/**
 * Imports concepts and associations from a file or a stream of JSONL, gzip or plain. The order of
 * lines is free: an association may come before its ends.
 *
 * Bad lines are counted and reported with number and reason, the others are imported. Lines are
 * written in batches: an import that was aborted or died can be run again, and changes nothing
 * that is there already. Memory is bounded by the longest line and the lines that wait for ends.
 *
 * @throws With `strict`, the error of the first bad line, its number in the message and `value`.
 * ERR_NOT_FOUND or ERR_IO for the source, ERR_ABORTED, and what the store throws.
 */
export async function importFile(
  store: Store,
  source: ImportSource,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const started = performance.now()
  const bytesTotal = typeof source === 'string' ? await bytesOf(source) : undefined
  const run = new ImportRun(store, checked(options), bytesTotal)
  const report = await run.run(source)
  report.tookMs = performance.now() - started
  return report
}

type ImportSettings = ReturnType<typeof checked>

class ImportRun {
  readonly #settings: ImportSettings
  readonly #report = emptyReport()
  readonly #concepts: ConceptImport
  readonly #associations: AssociationImport
  readonly #lines: LineCutter
  readonly #count: InputCount = { bytesRead: 0 }
  readonly #bytesTotal: number | undefined
  readonly #turns = new Turns()

  constructor(store: Store, settings: ImportSettings, bytesTotal: number | undefined) {
    this.#settings = settings
    this.#bytesTotal = bytesTotal
    this.#lines = new LineCutter(settings.lineBytesMax)
    const refuse = (line: number, error: SutraError): void => this.#refuse(line, error)
    this.#concepts = new ConceptImport(store, this.#report, refuse)
    this.#associations = new AssociationImport({
      store,
      report: this.#report,
      namespace: settings.namespace,
      deferredMax: settings.deferredMax,
      deferredBytesMax: DEFERRED_BYTES_MAX,
      conceptsWritten: () => this.#concepts.drain(),
      refuse,
    })
  }

  async run(source: ImportSource): Promise<ImportReport> {
    try {
      if (await this.#read(source)) {
        for (const line of this.#lines.end()) await this.#line(line)
      }
      await this.#associations.finish()
      await this.#concepts.drain()
    } finally {
      // Nobody may close the store under writes that are still under way.
      await this.#concepts.settle()
      await this.#associations.settle()
    }
    this.#progress()
    // The engine's refusals come in as batches end.
    this.#report.problems.sort((a, b) => a.line - b.line)
    return this.#report
  }

  /** Reads all whole lines. False if the input is damaged: what follows is not a whole line. */
  async #read(source: ImportSource): Promise<boolean> {
    const chunks = openInput(source, this.#count)
    try {
      for (;;) {
        const next = await this.#nextChunk(chunks)
        if (next === undefined) return false
        if (next.done) return true
        for (const line of this.#lines.push(next.value)) await this.#line(line)
      }
    } finally {
      await chunks.return(undefined)
    }
  }

  /** The next chunk; undefined, and noted, if the input is damaged from here on. */
  async #nextChunk(chunks: AsyncGenerator<Uint8Array>) {
    try {
      return await chunks.next()
    } catch (error) {
      if (!(error instanceof SutraError) || error.code !== 'ERR_CORRUPT') throw error
      this.#report.complete = false
      this.#refuse(this.#lines.number, error)
      return undefined
    }
  }

  async #line(line: Line): Promise<void> {
    this.#checkpoint()
    await this.#turns.next()
    this.#report.lines++
    if (this.#report.lines % LINES_PER_PROGRESS === 0) this.#progress()
    if ('problem' in line) this.#refuse(line.number, this.#problemOf(line))
    else if (line.text.trim() !== '') await this.#record(line)
  }

  async #record({ number, text, bytes }: Extract<Line, { text: string }>): Promise<void> {
    let record: ReturnType<typeof parseRecord>
    try {
      record = parseRecord(text)
    } catch (error) {
      if (!(error instanceof SutraError)) throw error
      this.#refuse(number, error)
      return
    }
    if (record.kind === 'association') {
      await this.#associations.add(number, record.association, bytes)
    } else {
      const { namespace } = this.#settings
      await this.#concepts.add(number, { namespace, ...record.concept }, bytes)
    }
  }

  #problemOf({ problem, bytes }: Extract<Line, { problem: string }>): SutraError {
    if (problem === 'encoding') return new SutraError('ERR_INVALID', 'the line is not UTF-8')
    const limit = this.#settings.lineBytesMax
    const message = `the line has ${bytes} bytes, more than ${limit}`
    return new SutraError('ERR_LIMIT', message, { field: 'line', value: bytes, limit })
  }

  /** Notes a line that is not imported; ends a strict import. */
  #refuse(line: number, error: SutraError): void {
    if (this.#settings.strict) {
      throw new SutraError(error.code, `line ${line}: ${error.message}`, {
        field: error.field,
        value: line,
        cause: error,
      })
    }
    addProblem(this.#report, line, error)
  }

  #checkpoint(): void {
    const { signal } = this.#settings
    if (!signal?.aborted) return
    throw new SutraError('ERR_ABORTED', 'the import was aborted', { cause: signal.reason })
  }

  #progress(): void {
    const { lines, concepts, associations } = this.#report
    this.#settings.onProgress?.({
      lines,
      bytesRead: this.#count.bytesRead,
      bytesTotal: this.#bytesTotal,
      concepts: concepts.created + concepts.updated,
      associations: associations.created + associations.updated,
    })
  }
}

function checked(options: ImportOptions) {
  return {
    namespace: options.namespace ?? 'default',
    strict: options.strict ?? false,
    lineBytesMax: inRange('lineBytesMax', options.lineBytesMax ?? 50_000_000, 1000, 500_000_000),
    deferredMax: inRange('deferredMax', options.deferredMax ?? 1_000_000, 0, 10_000_000),
    signal: options.signal,
    onProgress: options.onProgress,
  }
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const message = `${field} is ${String(value)}, must be an integer from ${least} to ${most}`
  throw new SutraError('ERR_INVALID', message, { field, value })
}

/** Size for the progress; a file that is not there is reported when it is read. */
async function bytesOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}
