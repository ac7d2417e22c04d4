// Finds the files of a folder, in a fixed order, without following links and without reading.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { SutraError } from '../errors.js'
import { IgnoreRules } from './ignore-rules.js'
import { folderKey } from './keys.js'
import { readFileUpTo } from './read-file.js'
import type { LearnProblem } from './report.js'

/** A file to read. */
export interface FoundFile {
  /** From the learned folder, with slashes. */
  path: string
  absolute: string
  /** Key of the folder or package it is in. */
  parentKey: string
}

/** What a folder holds. */
export interface FoundFolder {
  files: FoundFile[]
  /** Folders with something in them, by path; '.' is the learned folder itself. */
  folders: Map<string, string[]>
  excluded: number
  problems: LearnProblem[]
}

/** Which files are left out. */
export interface WalkOptions {
  exclude: readonly string[]
  gitignore: boolean
  /** Throws when the caller has aborted. */
  checkpoint: () => void
}

const IGNORE_FILE = '.gitignore'
/** Larger ones are no lists of patterns. */
const IGNORE_BYTES_MAX = 1_000_000

/** What the folder of a store has: it may lie in the folder that is learned into it. */
const STORE_FILES = ['STORE', 'LOCK'] as const

interface OpenList {
  folder: string
  rules: IgnoreRules
}

/** Walks a folder. A part that cannot be read is a problem, not the end. */
export async function walkFolder(root: string, options: WalkOptions): Promise<FoundFolder> {
  const walk = new Walk(root, options)
  await walk.folder('.', [])
  return walk.found
}

class Walk {
  readonly found: FoundFolder = { files: [], folders: new Map(), excluded: 0, problems: [] }
  readonly #root: string
  readonly #options: WalkOptions
  readonly #defaults: IgnoreRules

  constructor(root: string, options: WalkOptions) {
    this.#root = root
    this.#options = options
    this.#defaults = new IgnoreRules(options.exclude)
  }

  /** Reads one folder and those below. True if it has something in it that is read. */
  async folder(path: string, above: readonly OpenList[]): Promise<boolean> {
    this.#options.checkpoint()
    const absolute = join(this.#root, path)
    const entries = await this.#entries(path, absolute)
    if (path !== '.' && STORE_FILES.every((name) => entries.some((one) => one.name === name))) {
      this.found.excluded++
      return false
    }
    const hasList = entries.some((one) => one.name === IGNORE_FILE && one.isFile())
    const lists = hasList ? await this.#lists(path, absolute, above) : above
    const names: string[] = []
    const at = this.found.folders.size
    // Set before its children, so that a parent comes first.
    this.found.folders.set(path, names)
    for (const entry of entries) {
      const child = path === '.' ? entry.name : `${path}/${entry.name}`
      if (this.#isExcluded(child, entry.isDirectory(), lists)) this.found.excluded++
      else if (entry.isDirectory()) {
        if (await this.folder(child, lists)) names.push(`${entry.name}/`)
      } else if (entry.isFile()) {
        names.push(entry.name)
        this.found.files.push({
          path: child,
          absolute: join(this.#root, child),
          parentKey: folderKey(path),
        })
      } else this.#skip(child, entry.isSymbolicLink())
    }
    if (names.length === 0 && at > 0) this.found.folders.delete(path)
    return names.length > 0
  }

  async #entries(path: string, absolute: string) {
    try {
      const entries = await readdir(absolute, { withFileTypes: true })
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      if (path === '.') {
        const message = `cannot read the folder ${absolute}: ${messageOf(error)}`
        throw new SutraError('ERR_IO', message, { file: absolute, cause: error })
      }
      this.found.problems.push({ path, reason: 'unreadable', message: messageOf(error) })
      return []
    }
  }

  async #lists(
    path: string,
    absolute: string,
    above: readonly OpenList[],
  ): Promise<readonly OpenList[]> {
    if (!this.#options.gitignore) return above
    const file = path === '.' ? IGNORE_FILE : `${path}/${IGNORE_FILE}`
    try {
      const read = await readFileUpTo(join(absolute, IGNORE_FILE), IGNORE_BYTES_MAX)
      if ('bytes' in read) {
        const text = new TextDecoder().decode(read.bytes)
        return [...above, { folder: path, rules: new IgnoreRules(text.split('\n')) }]
      }
      const message = `${read.bytesFound} bytes, more than ${IGNORE_BYTES_MAX}: leaves nothing out`
      this.found.problems.push({ path: file, reason: 'too-large', message })
    } catch (error) {
      const message = `${messageOf(error)}: leaves nothing out`
      this.found.problems.push({ path: file, reason: 'unreadable', message })
    }
    return above
  }

  #isExcluded(path: string, isFolder: boolean, lists: readonly OpenList[]): boolean {
    if (this.#defaults.verdict(path, isFolder) === true) return true
    // The deepest list that speaks of the path decides.
    for (const { folder, rules } of lists.toReversed()) {
      const below = folder === '.' ? path : path.slice(folder.length + 1)
      const verdict = rules.verdict(below, isFolder)
      if (verdict !== undefined) return verdict
    }
    return false
  }

  #skip(path: string, isLink: boolean): void {
    this.found.problems.push(
      isLink
        ? { path, reason: 'symlink', message: 'a symbolic link, not followed' }
        : { path, reason: 'special', message: 'neither a file nor a folder' },
    )
  }
}

/** Whether an error says that there is no such file or folder. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** The text of an error, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
