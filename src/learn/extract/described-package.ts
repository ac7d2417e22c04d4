// What a manifest file adds to its document: the package that it describes.

import type { Extracted, PackageFacts } from '../extracted.js'
import { documentKey } from '../keys.js'

/** Adds the package of the manifest at `path`, and that its document `describes` it. */
export function withPackage(
  found: Extracted,
  path: string,
  facts: PackageFacts | undefined,
): Extracted {
  if (facts === undefined) return found
  found.packages.push(facts)
  found.associations.push({
    source: documentKey(path),
    targets: [facts.key],
    type: 'semantic',
    label: 'describes',
  })
  return found
}
