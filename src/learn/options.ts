// Options of learning a folder, checked before anything is read or written.

import { SutraError } from '../errors.js'
import { DEFAULT_EXCLUDES } from './ignore-rules.js'

/** What is done at the moment. */
export type LearnPhase = 'read' | 'associate' | 'sweep'

/** How far learning is. */
export interface LearnProgress {
  phase: LearnPhase
  filesDone: number
  filesTotal: number
  /** Concepts found so far, changed or not. */
  concepts: number
  /** Associations compared so far, changed or not. */
  associations: number
}

/** Options of {@link learnFolder}. */
export interface LearnOptions {
  /** Namespace the concepts are in. @default 'default' */
  namespace?: string
  /**
   * Name of this collection inside the namespace; part of its keys unless it is empty. Given, it
   * is taken as it is. Left out, it is empty for the first folder of a namespace, and the name of
   * the folder for others.
   */
  name?: string
  /** Also READMEs and the dependency graph of the installed npm packages. @default false */
  packages?: boolean
  /**
   * Patterns like those in .gitignore, after those of DEFAULT_EXCLUDES: `!data/` takes the default
   * `data/` back.
   */
  exclude?: readonly string[]
  /** Obey the .gitignore files of the folder. @default true */
  gitignore?: boolean
  /** Larger files are reported, not read, bytes. 1 to 100,000,000. @default 10000000 */
  fileBytesMax?: number
  /** Longer sections are split, bytes of UTF-8. 256 to 10,000,000. @default 8192 */
  contentBytesMax?: number
  /** Concepts of one file, 1 to 100,000; more are reported. @default 5000 */
  conceptsPerFileMax?: number
  /** Write every concept again, as after a change of embedder. @default false */
  force?: boolean
  signal?: AbortSignal
  onProgress?: (progress: LearnProgress) => void
}

/** Options with their defaults. */
export interface LearnSettings {
  namespace: string
  name: string | undefined
  packages: boolean
  exclude: readonly string[]
  gitignore: boolean
  fileBytesMax: number
  contentBytesMax: number
  conceptsPerFileMax: number
  force: boolean
  signal: AbortSignal | undefined
  onProgress: ((progress: LearnProgress) => void) | undefined
}

const NAME = /^[\p{L}\p{N}._@ -]{0,100}$/u

/** Checks the options and fills in defaults. Throws ERR_INVALID naming the option. */
export function learnSettings(options: LearnOptions): LearnSettings {
  if (options.name !== undefined && !NAME.test(options.name)) {
    throw invalid('name', options.name, 'at most 100 letters, digits, spaces and . _ @ -')
  }
  return {
    namespace: options.namespace ?? 'default',
    name: options.name,
    packages: options.packages ?? false,
    exclude: [...DEFAULT_EXCLUDES, ...(options.exclude ?? [])],
    gitignore: options.gitignore ?? true,
    fileBytesMax: inRange('fileBytesMax', options.fileBytesMax ?? 10_000_000, 1, 100_000_000),
    contentBytesMax: inRange('contentBytesMax', options.contentBytesMax ?? 8192, 256, 10_000_000),
    conceptsPerFileMax: inRange(
      'conceptsPerFileMax',
      options.conceptsPerFileMax ?? 5000,
      1,
      100_000,
    ),
    force: options.force ?? false,
    signal: options.signal,
    onProgress: options.onProgress,
  }
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(field, value, `an integer from ${least} to ${most}`)
}

function invalid(field: string, value: unknown, wanted: string): SutraError {
  return new SutraError('ERR_INVALID', `${field} is ${JSON.stringify(value)}, must be ${wanted}`, {
    field,
    value,
  })
}
