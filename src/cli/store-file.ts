import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** First bytes of the file STORE; docs/format/store.md has its byte map. */
const MAGIC = Buffer.from('SUTRA\r\n\u001a', 'latin1')
const DIMENSION_AT = 40

/**
 * Dimension of the vectors of the store in a folder, or undefined if no store is there. The engine
 * checks the file when it opens the store; this only tells which embedder fits before that.
 */
export function dimensionOf(folder: string): number | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(join(folder, 'STORE'))
  } catch {
    return undefined
  }
  const readable = bytes.length >= DIMENSION_AT + 4 && bytes.subarray(0, 8).equals(MAGIC)
  return readable ? bytes.readUInt32LE(DIMENSION_AT) : undefined
}
