// Keys of learned concepts: readable, and the same for the same file on every machine.

import { createHash } from 'node:crypto'
import { posix } from 'node:path'

const KEY_BYTES_MAX = 512

/** Key of a file: `doc:docs/guide.md`. */
export const documentKey = (path: string): string => `doc:${path}`

/** Key of a section: `section:docs/guide.md#install`. */
export const sectionKey = (path: string, slug: string): string => `section:${path}#${slug}`

/** Key of a documented item of source code: `symbol:src/store.ts#Store.close`. */
export const symbolKey = (path: string, name: string): string => `symbol:${path}#${name}`

/** Key of a folder: `folder:docs`; the learned folder itself is `folder:.`. */
export const folderKey = (path: string): string => `folder:${path}`

/** Key of an npm package: `package:fastify`. */
export const packageKey = (name: string): string => `package:${name}`

/** Key of a Rust crate: `crate:serde`. */
export const crateKey = (name: string): string => `crate:${name}`

/** Key of the folder a file or folder is in; `.` has none. */
export function parentFolderKey(path: string): string | undefined {
  return path === '.' ? undefined : folderKey(posix.dirname(path))
}

/**
 * The key as the store gets it: with the name of the collection in front of its path, if it has
 * one (`doc:handbook//docs/guide.md`; no path has two slashes), and cut to what a key may have,
 * with a hash of the whole in place of what was cut.
 */
export function storeKey(key: string, collection: string): string {
  const colon = key.indexOf(':') + 1
  const full = collection === '' ? key : `${key.slice(0, colon)}${collection}//${key.slice(colon)}`
  if (Buffer.byteLength(full) <= KEY_BYTES_MAX) return full
  const tail = `~${createHash('sha256').update(full).digest('hex').slice(0, 32)}`
  const head = Buffer.from(full).subarray(0, KEY_BYTES_MAX - tail.length)
  // The cut may fall inside a character; what is left of that one is dropped.
  return new TextDecoder().decode(head).replace(/\ufffd+$/, '') + tail
}

/**
 * Joins a relative reference in a file to a path from the learned folder. Undefined if it leaves
 * the folder. A leading slash means the learned folder itself.
 */
export function resolvePath(fromFile: string, reference: string): string | undefined {
  const path = reference.startsWith('/')
    ? posix.normalize(`.${reference}`)
    : posix.join(posix.dirname(fromFile), reference)
  if (path === '..' || path.startsWith('../')) return undefined
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
