// The log of a store as files, for tests that damage it.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Paths of the log's segments, oldest first. */
export function segmentsOf(store: string): string[] {
  return filesOf(store).filter((path) => path.endsWith('.wal'))
}

/** All files of a store, by name. */
export function filesOf(store: string): string[] {
  return readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** Where the records of a segment end: behind them is nothing but zeros. */
export function endOf(segment: string): number {
  const bytes = readFileSync(segment)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** Digests of every file but the lock's, by path within the store. */
export function digestsOf(store: string): Record<string, string> {
  const files = filesOf(store).filter((path) => !path.endsWith('LOCK'))
  return Object.fromEntries(
    files.map((path) => [
      relative(store, path),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  )
}
