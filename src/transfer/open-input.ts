// Opens what is imported: a file or a stream, compressed or not, as chunks of plain bytes.

import { createReadStream } from 'node:fs'
import { createGunzip, type Gunzip } from 'node:zlib'
import { SutraError } from '../errors.js'

/** A path, or anything that gives bytes: a stream, standard input, an array of chunks. */
export type ImportSource = string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Bytes of a compressed source, counted as they are read. */
export interface InputCount {
  bytesRead: number
}

const GZIP_MAGIC = [0x1f, 0x8b] as const

/**
 * Plain bytes of a source. Whether it is compressed is seen from its content, not its name.
 *
 * @throws ERR_NOT_FOUND or ERR_IO for a file that cannot be read, ERR_CORRUPT for compressed data
 * that is damaged or ends early. What was read before is given first.
 */
export async function* openInput(
  source: ImportSource,
  count: InputCount,
): AsyncGenerator<Uint8Array> {
  const chunks = counted(source, count)
  const head: Uint8Array[] = []
  let headBytes = 0
  while (headBytes < GZIP_MAGIC.length) {
    const next = await chunks.next()
    if (next.done) break
    head.push(next.value)
    headBytes += next.value.length
  }
  const magic = Buffer.concat(head).subarray(0, GZIP_MAGIC.length)
  const whole = joined(head, chunks)
  if (GZIP_MAGIC.every((byte, at) => magic[at] === byte)) yield* gunzipped(whole)
  else yield* whole
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* head
  yield* rest
}

async function* counted(source: ImportSource, count: InputCount): AsyncGenerator<Uint8Array> {
  const chunks = typeof source === 'string' ? createReadStream(source) : source
  try {
    for await (const chunk of chunks) {
      const bytes: unknown = chunk
      if (!(bytes instanceof Uint8Array)) {
        throw new SutraError('ERR_INVALID', 'the source must give bytes, not text', {
          field: 'source',
        })
      }
      count.bytesRead += bytes.length
      yield bytes
    }
  } catch (error) {
    throw readError(source, error)
  }
}

function readError(source: ImportSource, error: unknown): unknown {
  if (error instanceof SutraError || !(error instanceof Error)) return error
  const file = typeof source === 'string' ? source : undefined
  const code = 'code' in error && error.code === 'ENOENT' ? 'ERR_NOT_FOUND' : 'ERR_IO'
  return new SutraError(code, `cannot read ${file ?? 'the source'}: ${error.message}`, {
    file,
    cause: error,
  })
}

/**
 * Decompresses step by step. A pipe would throw away what it holds when the data turns out to be
 * cut; here everything that can be decompressed comes out before the error does.
 */
async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const steps = new GunzipSteps(createGunzip())
  try {
    for await (const chunk of chunks) yield* steps.write(chunk)
    yield* steps.end()
  } finally {
    steps.destroy()
  }
}

class GunzipSteps {
  readonly #gunzip: Gunzip
  #failure: Error | undefined
  #ended = false
  #wake: () => void = () => {}

  constructor(gunzip: Gunzip) {
    this.#gunzip = gunzip
    gunzip.on('readable', () => this.#wake())
    gunzip.on('end', () => {
      this.#ended = true
      this.#wake()
    })
    gunzip.on('error', (error) => {
      this.#failure = error
      this.#wake()
    })
  }

  /** Everything a chunk decompresses to. */
  async *write(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
    let taken = false
    this.#gunzip.write(chunk, () => {
      taken = true
      this.#wake()
    })
    yield* this.#until(() => taken)
  }

  /** What is left; throws if the compressed data is not complete. */
  async *end(): AsyncGenerator<Uint8Array> {
    this.#gunzip.end()
    yield* this.#until(() => this.#ended)
  }

  destroy(): void {
    this.#gunzip.destroy()
  }

  async *#until(done: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const bytes: unknown = this.#gunzip.read()
      if (bytes instanceof Uint8Array) yield bytes
      else if (this.#failure !== undefined) throw gzipError(this.#failure)
      else if (done()) return
      else await woken
    }
  }
}

function gzipError(error: Error): SutraError {
  const cut = 'code' in error && error.code === 'Z_BUF_ERROR'
  const message = cut
    ? 'the compressed data ends early: the file is cut'
    : `the compressed data is damaged: ${error.message}`
  return new SutraError('ERR_CORRUPT', message, { cause: error })
}
