// Where tests find the Open English WordNet, which is not part of this repository: beside it, or
// in the folder that SUTRA_TEST_DATA names.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** Path of oewn.jsonl.gz; it may be absent. */
export function oewnPath(): string {
  const folder = process.env.SUTRA_TEST_DATA ?? join(PROJECT, '../shared/data')
  return join(folder, 'oewn.jsonl.gz')
}
