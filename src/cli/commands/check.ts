import type { CheckProblem, CheckReport } from '../../types.js'
import { defineCommand } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { printable } from '../text.js'

/** Checks every file of a store that no process has open. Changes nothing. */
export const checkCommand = defineCommand({
  name: 'check',
  arguments: '[folder]',
  summary: 'check every file of a store, changing nothing',
  description:
    'Compares every checksum, and what the files say of each other. Exit code 0: sound, 1: damaged, 2: cannot run, because there is no store or a process has it open.',
  settings: ['data'],
  flags: {},
  examples: ['sutra check', 'sutra check --json'],
  errorExitCode: EXIT.usage,
  run: async (call) => {
    const { checkFolder } = await import('../../index.js')
    const report = await checkFolder(call.arguments[0] ?? call.settings.data)
    if (call.out.json) call.out.document(report)
    else for (const line of linesOf(report)) call.out.line(line)
    return report.sound ? EXIT.done : EXIT.failed
  },
})

function linesOf(report: CheckReport): string[] {
  const { sound, problems, filesChecked, bytesChecked, concepts, edges, vectors } = report
  const held = `${concepts} concepts, ${edges} associations and ${vectors} vectors in segments`
  return [
    ...problems.flatMap(problemLines),
    `checked ${filesChecked} files, ${bytesChecked} bytes: ${held}`,
    sound ? 'sound' : 'damaged',
  ]
}

function problemLines({ code, file, offset, message, advice }: CheckProblem): string[] {
  const place = file === undefined ? '' : ` ${file}${offset === undefined ? '' : ` at ${offset}`}`
  return [printable(`${code}${place}: ${message}`), printable(`  ${advice}`)]
}
