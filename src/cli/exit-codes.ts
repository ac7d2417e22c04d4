import { SutraError } from '../errors.js'

/** Exit codes of every command; docs/cli.md explains them to scripts. */
export const EXIT = {
  /** Done, also when a search has no hits or a graph no path. */
  done: 0,
  /** Failed while running. */
  failed: 1,
  /** The command line, the configuration or a value given is wrong. */
  usage: 2,
  /** What was asked for is not there: a concept, a folder or file to read. */
  notFound: 3,
  /** The store cannot be opened: absent, not a store, in use, damaged, no permission. */
  notOpened: 4,
  /** Done, but some lines or files were refused; each was reported. */
  partly: 5,
  /** Stopped by Ctrl-C; what was acknowledged is stored. */
  interrupted: 130,
  /** Stopped by SIGTERM; what was acknowledged is stored. */
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** An error of opening the store, whose exit code is its own. */
export class OpenError extends SutraError {
  /** True if an option is wrong, not the folder. */
  readonly aboutOption: boolean

  constructor(cause: SutraError, origin?: string) {
    const from = origin === undefined ? '' : ` (from ${origin})`
    super(cause.code, `${cause.message}${from}`, {
      field: cause.field,
      value: cause.value,
      limit: cause.limit,
      file: cause.file,
      offset: cause.offset,
      cause,
    })
    this.aboutOption = cause.code === 'ERR_CONFIG' && cause.field !== 'path'
  }
}

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof SutraError)) return EXIT.failed
  if (error instanceof OpenError) return error.aboutOption ? EXIT.usage : EXIT.notOpened
  if (error.code === 'ERR_CONFIG') return EXIT.usage
  if (error.code === 'ERR_INVALID' || error.code === 'ERR_LIMIT') return EXIT.usage
  if (error.code === 'ERR_NOT_FOUND') return EXIT.notFound
  return EXIT.failed
}
