// package-lock.json: the dependency graph of an installation that is not here.

import type { PackageFacts } from '../extracted.js'
import { factsOf, isObject } from './package-json.js'

const FOLDER = 'node_modules/'

/** Every package a lock file of version 2 or 3 lists; empty if it is something else. */
export function packageLockFacts(text: string): PackageFacts[] {
  let lock: unknown
  try {
    lock = JSON.parse(text)
  } catch {
    return []
  }
  if (!isObject(lock) || !isObject(lock.packages)) return []
  const found: PackageFacts[] = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    const at = place.lastIndexOf(FOLDER)
    if (at < 0 || !isObject(entry)) continue
    // An alias is installed under a name that is not its own; the entry then says its own.
    const name = typeof entry.name === 'string' ? entry.name : place.slice(at + FOLDER.length)
    if (name !== '') found.push(factsOf(name, entry, { dev: false }))
  }
  return found
}
