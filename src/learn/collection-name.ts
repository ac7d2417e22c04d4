// Which collection of a namespace a folder is: decides about keys before anything is written.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { SutraError } from '../errors.js'
import type { Store } from '../types.js'
import { folderKey, storeKey } from './keys.js'

/**
 * The name under which a folder is learned. The first folder of a namespace has the empty name and
 * so the plainest keys; others get the name of the folder. Two folders never share a name unless
 * it was given, because each run removes what its folder does not have.
 */
export function collectionName(
  store: Store,
  folder: string,
  namespace: string,
  given: string | undefined,
): string {
  if (given !== undefined) return given
  for (const name of ['', basename(folder)]) {
    const key = storeKey(folderKey('.'), name)
    const root = store.getByKey(key, { namespace })?.attributes.root
    // A folder that was moved away is taken to be this one in its new place.
    if (typeof root !== 'string' || root === folder || !existsSync(root)) return name
  }
  throw new SutraError(
    'ERR_CONFLICT',
    `the namespace '${namespace}' has learned another folder named '${basename(folder)}': ` +
      'give this one a name of its own with the option name',
    { field: 'name' },
  )
}
