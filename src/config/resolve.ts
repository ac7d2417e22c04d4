// Puts arguments, environment, configuration file and defaults together. Everything that is wrong
// is collected, so an operator corrects a deployment once and not one variable at a time.
import { readFileSync } from 'node:fs'
import { SutraError } from '../errors.js'
import type { Origin, Problem } from './setting.js'
import { SETTINGS, settingEntries } from './settings.js'
import type { SettingName, Settings } from './settings.js'
import { storageFolder } from './storage-path.js'

/** What was given, by source. */
export interface Sources {
  /** Values of flags by setting name, as the command line has them. */
  readonly arguments?: Readonly<Partial<Record<SettingName, unknown>>>
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Path of a JSON file with settings by name. */
  readonly file?: string | undefined
  /** Problems found elsewhere, to be reported together with these. */
  readonly problems?: readonly Problem[]
}

/** All settings, and for each where its value came from. */
export interface Configuration {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, string>>
}

/** ERR_CONFIG with everything that is wrong, each problem also by itself in `problems`. */
export class ConfigurationError extends SutraError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('ERR_CONFIG', problems.map((problem) => problem.message).join('; '), {
      field: problems[0]?.option,
      value: problems[0]?.value,
    })
    this.problems = problems
  }
}

/**
 * Reads all settings: an argument wins over the environment, that over the file, that over the
 * default. An empty environment variable counts as not set, as `VAR=${VAR:-}` leaves it.
 *
 * Throws {@link ConfigurationError} (ERR_CONFIG) with every problem of every source, also of
 * values that a better source overrides.
 */
export function resolveConfiguration(sources: Sources): Configuration {
  const problems: Problem[] = [...(sources.problems ?? [])]
  const file = sources.file === undefined ? {} : readConfigurationFile(sources.file, problems)
  const settings: Partial<Record<SettingName, unknown>> = {}
  const origins: Partial<Record<SettingName, string>> = {}
  for (const [name, setting] of settingEntries()) {
    settings[name] = setting.fallback
    origins[name] = 'default'
    const variable = setting.variable
    const environment = variable === undefined ? undefined : sources.environment?.[variable]
    const given: [Origin, unknown][] = [
      ['file', Object.hasOwn(file, name) ? file[name] : undefined],
      ['environment', environment === '' ? undefined : environment],
      ['argument', sources.arguments?.[name]],
    ]
    for (const [origin, value] of given) {
      if (value === undefined) continue
      const place = describeOrigin(origin, name, sources.file)
      const parsed = setting.parser.parse(value)
      const refusal = parsed === undefined ? undefined : setting.refuse?.(parsed)
      if (parsed === undefined || refusal !== undefined) {
        problems.push(problemOf(name, value, place, refusal))
        continue
      }
      settings[name] = parsed
      origins[name] = place
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  const complete = settings as Settings
  return {
    settings: { ...complete, data: storageFolder(complete.data) },
    origins: origins as Record<SettingName, string>,
  }
}

function describeOrigin(origin: Origin, name: SettingName, file: string | undefined): string {
  const setting = SETTINGS[name]
  if (origin === 'argument' && 'flag' in setting) return `argument ${setting.flag}`
  if (origin === 'environment' && 'variable' in setting) {
    return `environment variable ${setting.variable}`
  }
  return origin === 'file' ? `file ${file}` : origin
}

function problemOf(
  option: SettingName,
  value: unknown,
  origin: string,
  refusal: string | undefined,
): Problem {
  const range = SETTINGS[option].parser.range
  const shown = JSON.stringify(value) ?? String(value)
  const what = refusal ?? `must be ${range}`
  return { option, value, range, origin, message: `${option} (${origin}) is ${shown}: ${what}` }
}

function readConfigurationFile(path: string, problems: Problem[]): Record<string, unknown> {
  const fail = (why: string): Record<string, unknown> => {
    const range = 'a JSON file with one object'
    const message = `config (argument --config) is ${JSON.stringify(path)}: ${why}`
    problems.push({ option: 'config', value: path, range, origin: 'argument --config', message })
    return {}
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    return fail(error instanceof SyntaxError ? `not JSON: ${error.message}` : reasonOf(error))
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return fail('must hold one JSON object')
  }
  for (const [option, value] of Object.entries(parsed)) {
    if (Object.hasOwn(SETTINGS, option)) continue
    const range = `one of ${Object.keys(SETTINGS).join(', ')}`
    const origin = `file ${path}`
    const message = `${option} (${origin}) is not an option; known are ${range.slice(7)}`
    problems.push({ option, value, range, origin, message })
  }
  return parsed as Record<string, unknown>
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'no permission to read it'
  if (code === 'EISDIR') return 'a folder, not a file'
  return 'cannot be read'
}
