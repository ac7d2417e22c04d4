import type { LostAssociation, LostConcept, RepairReport } from '../../types.js'
import { defineCommand, switchFlag } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { printable } from '../text.js'

/** Says what can be saved of a damaged store; with --yes, saves it. */
export const repairCommand = defineCommand({
  name: 'repair',
  arguments: '[folder]',
  summary: 'say what can be saved of a damaged store, and save it with --yes',
  description:
    'Without --yes nothing is changed. Lists every concept and association that is lost. Files that are not used any more are moved to a folder beside the others, none is deleted. Exit code 0: sound or repaired, 1: there is something to repair, 2: cannot run.',
  settings: ['data'],
  flags: { yes: switchFlag('--yes', 'do it: what is listed is lost') },
  examples: ['sutra repair', 'sutra repair --yes --json'],
  errorExitCode: EXIT.usage,
  run: async (call) => {
    const { repairFolder } = await import('../../index.js')
    const confirm = call.flags.yes === true
    const report = await repairFolder(call.arguments[0] ?? call.settings.data, { confirm })
    if (call.out.json) call.out.document(report)
    else for (const line of linesOf(report)) call.out.line(printable(line))
    return report.sound || report.done ? EXIT.done : EXIT.failed
  },
})

function linesOf(report: RepairReport): string[] {
  if (report.sound) return ['sound: there is nothing to repair']
  const { leftOut, logEndsAt, concepts, associations, aside } = report
  return [
    ...leftOut.map(({ file, readable, total }) => {
      const of = total === undefined ? 'an unknown number' : String(total)
      return `left out: ${file} (${readable} of ${of} could be read)`
    }),
    ...(logEndsAt === undefined ? [] : [`the log ends with sequence ${logEndsAt}`]),
    ...(report.manifestRebuilt ? ['the manifest is made anew'] : []),
    ...concepts.map((concept) => `concept ${concept.id}${keyOf(concept)}: ${fateOf(concept)}`),
    ...associations.map((association) => `${nameOf(association)}: ${fateOf(association)}`),
    `${concepts.length} concepts and ${associations.length} associations are lost or older`,
    report.done
      ? `repaired${aside === undefined ? '' : `; the files that are not used are in ${aside}`}`
      : 'nothing was changed; --yes does it',
  ]
}

function keyOf({ key }: LostConcept): string {
  return key === undefined ? '' : ` (key ${key})`
}

function nameOf({ source, target, type, label }: LostAssociation): string {
  return `association ${source} -> ${target} ${type}${label === undefined ? '' : ` ${label}`}`
}

function fateOf({ fate, sequence }: LostConcept | LostAssociation): string {
  if (fate === 'gone') return 'gone'
  if (fate === 'older') return `as of sequence ${sequence}`
  if (fate === 'partly') return `what sequence ${sequence} did not change is lost`
  return 'its vector is lost'
}
