// What a command is. Each one is a file in commands/ and exports one object of this type.
import type { Configuration, Parser, SettingName } from '../config/index.js'
import type { Embedder, Store } from '../types.js'
import type { ExitCode } from './exit-codes.js'
import type { Output } from './output.js'
import type { Progress } from './progress.js'

/** One flag of a command. Without a parser it is a switch. */
export interface Flag<T> {
  /** As commander writes it: `-k, --top-k <count>`. */
  readonly syntax: string
  readonly about: string
  readonly parser?: Parser<T>
}

/** Flags by the name the command reads them by. */
export type Flags = Readonly<Record<string, Flag<unknown>>>

/** What was given for each flag. */
export type FlagValues<F extends Flags> = {
  readonly [N in keyof F]: F[N] extends Flag<infer T> ? T | undefined : never
}

/** A flag with a value. */
export function flag<T>(syntax: string, parser: Parser<T>, about: string): Flag<T> {
  return { syntax, parser, about }
}

/** A flag without a value. */
export function switchFlag(syntax: string, about: string): Flag<boolean> {
  return { syntax, about }
}

/** The streams and variables a command runs with. */
export interface CommandIo {
  readonly process: NodeJS.Process
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stderr: NodeJS.WritableStream
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** One run of a command. */
export interface CommandCall<F extends Flags = Flags> extends CommandIo, Configuration {
  readonly arguments: readonly string[]
  readonly flags: FlagValues<F>
  readonly out: Output
  readonly progress: Progress
  /** Aborted by Ctrl-C, SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal
  /** Opens the store, runs `use`, closes it, whatever happened. */
  withStore<T>(
    access: StoreAccess,
    use: (store: Store, embedder?: Embedder) => Promise<T>,
  ): Promise<T>
}

/**
 * `read` needs a store that is there; `write` makes one where there is none. `bulk` is a `write`
 * that waits for the disk and the embedder as long as it takes: nobody else waits behind it.
 */
export type StoreAccess = 'read' | 'write' | 'bulk'

/** One command of the command line. */
export interface CliCommand<F extends Flags = Flags> {
  readonly name: string
  /** Positional arguments as commander writes them: `<from> <to>`. */
  readonly arguments?: string
  readonly summary: string
  /** More than the summary, for `--help`. */
  readonly description?: string
  /** Settings of the table this command offers as flags. */
  readonly settings: readonly SettingName[]
  readonly flags: F
  /** Command lines for `--help`; a test runs every one. */
  readonly examples: readonly string[]
  /** The exit code of every error, for a command whose codes are its own. */
  readonly errorExitCode?: ExitCode
  /** True if it takes care of signals itself. */
  readonly handlesSignals?: boolean
  run(call: CommandCall<F>): Promise<ExitCode | void>
}

/** Keeps the types of the flags while checking the rest. */
export function defineCommand<const F extends Flags>(command: CliCommand<F>): CliCommand<F> {
  return command
}
