import { stat } from 'node:fs/promises'
import { SutraError } from '../errors.js'

/**
 * Checks that what a command is to read is there, before a store is opened or made for it.
 *
 * @throws ERR_NOT_FOUND, ERR_INVALID if it is of the other kind, ERR_IO if it cannot be reached.
 */
export async function checkInput(path: string, kind: 'file' | 'folder'): Promise<void> {
  const field = kind
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new SutraError('ERR_NOT_FOUND', `there is no ${kind} ${path}`, { field, value: path })
    }
    const reason = code === 'EACCES' ? 'no permission' : String(code)
    throw new SutraError('ERR_IO', `${path} cannot be read: ${reason}`, {
      file: path,
      cause: error,
    })
  }
  if (isFolder === (kind === 'folder')) return
  const found = isFolder ? 'a folder' : 'not a folder'
  throw new SutraError('ERR_INVALID', `${path} is ${found}`, { field, value: path })
}
