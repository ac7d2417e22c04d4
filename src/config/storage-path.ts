import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * The folder a STORAGE_PATH means. The earlier engine was given the path of its one file,
 * `/data/storage.dat`, and deployments still say so: the folder that holds it is meant.
 * A folder that really has this name is taken as it is.
 */
export function storageFolder(path: string): string {
  if (basename(path) !== 'storage.dat') return path
  const entry = statSync(path, { throwIfNoEntry: false })
  return entry?.isDirectory() === true ? path : dirname(path)
}
