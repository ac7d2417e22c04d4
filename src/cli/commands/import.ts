import { STORE_SETTINGS } from '../../config/index.js'
import type { ImportOptions, ImportProgress, ImportReport } from '../../transfer/index.js'
import { defineCommand, flag, switchFlag } from '../command.js'
import type { FlagValues } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { NAMESPACE } from '../find-concept.js'
import { checkInput } from '../input.js'
import type { ProgressState } from '../progress.js'
import { pairs, printable } from '../text.js'

const PROBLEMS_SHOWN_MAX = 20
const STANDARD_INPUT = '-'

const FLAGS = {
  namespace: flag('-n, --namespace <name>', NAMESPACE, 'namespace of lines that name none'),
  strict: switchFlag('--strict', 'stop at the first bad line; what came before stays'),
}

/** Imports concepts and associations from JSON lines. */
export const importCommand = defineCommand({
  name: 'import',
  arguments: '<file>',
  summary: 'import concepts from JSON lines',
  description:
    'One object a line, `kind` is concept or association; gzip or plain; - is standard input.\n' +
    'Bad lines are reported with number and reason, the others are imported. Ctrl-C stops in\n' +
    'order: the same command goes on from there.',
  settings: STORE_SETTINGS,
  flags: FLAGS,
  examples: [
    'sutra import concepts.jsonl',
    'sutra import concepts.jsonl.gz --data ./memory --json',
    'sutra import - --strict < concepts.jsonl',
  ],
  async run(call) {
    const file = call.arguments[0] ?? STANDARD_INPUT
    if (file !== STANDARD_INPUT) await checkInput(file, 'file')
    return call.withStore('bulk', async (store) => {
      const { importFile } = await import('../../transfer/index.js')
      const report = await importFile(store, file === STANDARD_INPUT ? call.stdin : file, {
        ...importOptions(call.flags),
        signal: call.signal,
        onProgress: (progress) => call.progress.update(progressState(progress)),
      })
      call.progress.clear()
      if (call.out.json) call.out.document(report)
      else {
        for (const line of pairs(summary(report))) call.out.line(line)
        for (const line of problemLines(report)) call.stderr.write(`${line}\n`)
      }
      return report.complete && report.problemCount === 0 ? EXIT.done : EXIT.partly
    })
  },
})

function importOptions(flags: FlagValues<typeof FLAGS>): ImportOptions {
  const options: ImportOptions = { strict: flags.strict === true }
  if (flags.namespace !== undefined) options.namespace = flags.namespace
  return options
}

function progressState(progress: ImportProgress): ProgressState {
  const { lines, bytesRead, bytesTotal, concepts, associations } = progress
  const counts = { lines, concepts, associations }
  return { done: bytesRead, total: bytesTotal, unit: 'bytes', counts }
}

function summary(report: ImportReport): [string, unknown][] {
  const { concepts, associations } = report
  return [
    ['lines', report.lines],
    ['concepts', `${concepts.created} new, ${concepts.updated} changed`],
    ['associations', `${associations.created} new, ${associations.updated} changed`],
    ['refused', report.problemCount],
    ['complete', report.complete],
    ['sequence', report.sequence],
    ['took', `${(report.tookMs / 1000).toFixed(1)} s`],
  ]
}

function* problemLines(report: ImportReport): Generator<string> {
  for (const { line, code, message } of report.problems.slice(0, PROBLEMS_SHOWN_MAX)) {
    yield printable(`sutra: line ${line}: ${code}: ${message}`)
  }
  const more = report.problemCount - PROBLEMS_SHOWN_MAX
  if (more > 0) yield `sutra: and ${more} more; --json shows them`
}
