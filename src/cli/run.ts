// One run of the command line: read the arguments, run the command, report what went wrong, and
// end with the exit code that says it.
import { Command, CommanderError, Option } from 'commander'
import { SETTINGS, resolveConfiguration } from '../config/index.js'
import type { Problem, SettingName } from '../config/index.js'
import { VERSION } from '../version.js'
import { COMMANDS } from './command-list.js'
import type { CliCommand, CommandCall, CommandIo } from './command.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'
import { Interrupt } from './interrupt.js'
import { withStore } from './open-store.js'
import { Output } from './output.js'
import { Progress } from './progress.js'
import { errorLines, interruptLine, usageLine } from './report.js'

/** Runs one command line, without the name of the program, and gives the exit code. */
export async function runCli(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  const json = argv.includes('--json')
  let exitCode: ExitCode = EXIT.done
  const program = new Command('sutra')
    .description('Durable store of concepts, vectors and typed associations.')
    .version(VERSION, '-V, --version', 'version of this program')
    .helpCommand(true)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.process.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(usageLine(text, json)),
    })
  for (const command of COMMANDS) {
    const added = addCommand(program, command)
    added.action(async (...given: unknown[]) => {
      const positional = given
        .slice(0, -2)
        .flat()
        .filter((one) => one !== undefined)
      exitCode = await execute(command, positional as string[], added.opts(), io)
    })
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const asked = ['commander.helpDisplayed', 'commander.version'].includes(error.code)
    return asked ? EXIT.done : EXIT.usage
  }
  return exitCode
}

function addCommand(program: Command, command: CliCommand): Command {
  const added = program
    .command(`${command.name} ${command.arguments ?? ''}`.trim())
    .summary(command.summary)
    .description(
      `${command.summary}${command.description === undefined ? '' : `\n\n${command.description}`}`,
    )
    .exitOverride()
    .configureOutput(program.configureOutput())
    .addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`)
  for (const { syntax, about, parser } of Object.values(command.flags)) {
    added.option(syntax, parser === undefined ? about : `${about} (${parser.range})`)
  }
  for (const name of command.settings) added.addOption(settingOption(name))
  added.option('--config <file>', 'JSON file with settings (see docs/config.md)')
  added.option('--json', 'results and errors as JSON, one document a line')
  return added
}

function settingOption(name: SettingName): Option {
  const setting = SETTINGS[name]
  const flag = 'flag' in setting ? setting.flag : ''
  const fallback = 'fallback' in setting ? `, default ${setting.fallback}` : ''
  const variable = 'variable' in setting ? `, or ${setting.variable}` : ''
  const short = flag === '--data' ? '-d, ' : ''
  const about = `${setting.about} (${setting.parser.range}${fallback}${variable})`
  return new Option(`${short}${flag} <value>`, about)
}

async function execute(
  command: CliCommand,
  positional: readonly string[],
  options: Readonly<Record<string, unknown>>,
  io: CommandIo,
): Promise<ExitCode> {
  const json = options['json'] === true
  const out = new Output(io.process.stdout, json)
  const interrupt = command.handlesSignals === true ? undefined : new Interrupt(io.process)
  const progress = new Progress(io.stderr, json)
  try {
    const given = readGiven(command, options, io)
    const signals = [out.closed, interrupt?.signal].filter((signal) => signal !== undefined)
    const call: Omit<CommandCall, 'withStore'> = {
      ...io,
      ...given,
      arguments: positional,
      out,
      progress,
      signal: AbortSignal.any(signals),
    }
    const code = await command.run({
      ...call,
      withStore: (access, use) => withStore(call, access, use),
    })
    await out.drained()
    if (out.failure !== undefined) throw out.failure
    return interrupt?.exitCode ?? code ?? EXIT.done
  } catch (error) {
    progress.clear()
    if (out.closed.aborted && out.failure === undefined) return EXIT.done
    if (interrupt?.exitCode !== undefined) {
      io.stderr.write(`${interruptLine(json)}\n`)
      return interrupt.exitCode
    }
    for (const line of errorLines(error, json)) io.stderr.write(`${line}\n`)
    return command.errorExitCode ?? exitCodeOf(error)
  } finally {
    interrupt?.release()
  }
}

/** Settings and flags, checked together so that everything wrong is told at once. */
function readGiven(
  command: CliCommand,
  options: Readonly<Record<string, unknown>>,
  io: CommandIo,
): Pick<CommandCall, 'settings' | 'origins' | 'flags'> {
  const problems: Problem[] = []
  const flags: Record<string, unknown> = {}
  for (const [name, { syntax, parser }] of Object.entries(command.flags)) {
    const option = new Option(syntax)
    const value = options[option.attributeName()]
    if (value === undefined) continue
    const parsed = parser === undefined ? value : parser.parse(value)
    if (parsed === undefined && parser !== undefined) {
      const origin = `argument ${option.long}`
      const message = `${origin} is ${JSON.stringify(value)}: must be ${parser.range}`
      problems.push({ option: name, value, range: parser.range, origin, message })
    }
    flags[name] = parsed
  }
  const given: Partial<Record<SettingName, unknown>> = {}
  for (const name of command.settings) {
    given[name] = options[settingOption(name).attributeName()]
  }
  const { environment } = io
  const file = options['config'] as string | undefined
  return { ...resolveConfiguration({ arguments: given, environment, file, problems }), flags }
}
