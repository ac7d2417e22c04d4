// Export to JSONL: what an import reads, of one moment of the store.

import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PassThrough, Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { SutraError } from '../errors.js'
import { Turns } from '../turns.js'
import type { Concept, Sequence, Snapshot, Store } from '../types.js'
import { associationLine, conceptLine } from './records.js'

/** How far an export is. */
export interface ExportProgress {
  concepts: number
  conceptsTotal: number
  associations: number
}

/** Options of {@link exportStore}. */
export interface ExportOptions {
  /** Only this namespace, and associations with both ends in it. Default: all. */
  namespace?: string
  /** Compress with gzip. @default false */
  gzip?: boolean
  /** Without them an import into a store with an embedder makes new ones. @default true */
  vectors?: boolean
  signal?: AbortSignal
  onProgress?: (progress: ExportProgress) => void
}

/** What {@link exportStore} wrote. */
export interface ExportReport {
  concepts: number
  associations: number
  /** Of the moment that was exported. */
  sequence: Sequence
  tookMs: number
}

const PAGE_CONCEPTS = 1000
/** Text handed on at once, characters. */
const CHUNK_LENGTH = 64 * 1024

/**
 * Writes the whole store to a stream: all concepts, then all associations. It is one moment of the
 * store, whatever is written meanwhile. Times of creation and sequences are not exported.
 *
 * The stream is ended, unless it is standard output or standard error.
 *
 * @throws ERR_ABORTED, ERR_IO for the stream, and what the store throws.
 */
export async function exportStore(
  store: Store,
  output: Writable,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const started = performance.now()
  using view = store.snapshot()
  const report: ExportReport = {
    concepts: 0,
    associations: 0,
    sequence: view.sequence,
    tookMs: 0,
  }
  const total = store.stats().concepts
  const text = chunked(linesOf(view, options, report, total))
  const end = output !== process.stdout && output !== process.stderr
  const { signal } = options
  try {
    await pipeline(Readable.from(text), options.gzip ? createGzip() : new PassThrough(), output, {
      end,
      ...(signal !== undefined && { signal }),
    })
  } catch (error) {
    throw exportError(error, signal)
  }
  report.tookMs = performance.now() - started
  return report
}

/**
 * Writes the whole store to a file. The file appears when it is complete and on disk, in place of
 * an earlier one; an export that fails leaves nothing.
 */
export async function exportFile(
  store: Store,
  path: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const partial = `${path}.partial`
  const output = createWriteStream(partial)
  // An error before the stream is piped, as with a closed store, would else end the process.
  output.on('error', () => {})
  try {
    const report = await exportStore(store, output, options)
    await syncPath(partial)
    await rename(partial, path)
    await syncPath(dirname(path))
    return report
  } catch (error) {
    output.destroy()
    await rm(partial, { force: true })
    throw exportError(error, options.signal, path)
  }
}

async function* linesOf(
  view: Snapshot,
  options: ExportOptions,
  report: ExportReport,
  conceptsTotal: number,
): AsyncGenerator<string> {
  const { namespace, vectors = true } = options
  const turns = new Turns()
  const progress = (): void => {
    const { concepts, associations } = report
    options.onProgress?.({ concepts, conceptsTotal, associations })
  }
  for await (const page of pages(view, namespace)) {
    for (const concept of page) {
      await turns.next()
      yield conceptLine(concept, { vector: vectors })
      report.concepts++
    }
    progress()
  }
  for await (const page of pages(view, namespace)) {
    for (const { id } of page) {
      await turns.next()
      for (const association of view.neighbors(id, { direction: 'out' })) {
        const isInside =
          namespace === undefined || view.get(association.target, { namespace }) !== undefined
        if (!isInside) continue
        yield associationLine(association)
        report.associations++
      }
    }
    progress()
  }
}

async function* pages(view: Snapshot, namespace: string | undefined): AsyncGenerator<Concept[]> {
  let cursor: string | undefined
  do {
    const page = await view.list({
      order: 'id',
      limit: PAGE_CONCEPTS,
      ...(namespace !== undefined && { namespace }),
      ...(cursor !== undefined && { cursor }),
    })
    yield page.items
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** Joins lines: a stream element for each would cost more than the line. */
async function* chunked(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = ''
  for await (const line of lines) {
    text += `${line}\n`
    if (text.length < CHUNK_LENGTH) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

/** Waits until a file, or the names in a folder, are on disk. */
async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

function exportError(error: unknown, signal: AbortSignal | undefined, file?: string): unknown {
  if (error instanceof SutraError) return error
  if (signal?.aborted) {
    return new SutraError('ERR_ABORTED', 'the export was aborted', { cause: signal.reason })
  }
  if (!(error instanceof Error)) return error
  const full = 'code' in error && error.code === 'ENOSPC'
  return new SutraError(full ? 'ERR_DISK_FULL' : 'ERR_IO', `cannot export: ${error.message}`, {
    file,
    cause: error,
  })
}
