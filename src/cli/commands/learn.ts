import { isAbsolute, relative, resolve, sep } from 'node:path'
import { STORE_SETTINGS, text } from '../../config/index.js'
import type { ChangeCounts, LearnOptions, LearnProgress, LearnReport } from '../../learn/index.js'
import { defineCommand, flag, switchFlag } from '../command.js'
import type { FlagValues } from '../command.js'
import { EXIT } from '../exit-codes.js'
import { checkInput } from '../input.js'
import { REFERENCE_FLAGS } from '../find-concept.js'
import type { ProgressState } from '../progress.js'
import { pairs, printable } from '../text.js'

const PROBLEMS_SHOWN_MAX = 20
/** Reasons that mean something the user wanted learned was not. */
const SERIOUS = new Set(['unreadable', 'refused', 'encoding', 'too-large'])

const FLAGS = {
  namespace: REFERENCE_FLAGS.namespace,
  name: flag(
    '--name <name>',
    text('at most 100 characters', /^.{0,100}$/su),
    'name of the collection',
  ),
  packages: switchFlag('--packages', 'also the installed npm packages and what depends on what'),
  exclude: flag(
    '--exclude <patterns>',
    text('patterns as in .gitignore with commas between them', /^.{1,10000}$/su),
    'leave these out too; "!data/" takes a default one back',
  ),
  ignored: switchFlag('--ignored', 'also what .gitignore files leave out'),
  force: switchFlag('--force', 'write every concept again, changed or not'),
}

/** Learns a folder of documents. */
export const learnCommand = defineCommand({
  name: 'learn',
  arguments: '<folder>',
  summary: 'learn a folder of documents',
  description:
    'Markdown by section, text, JSON and doc comments of source files become concepts; their\n' +
    'order, folders, links and imports become associations. A second run changes only what\n' +
    'changed and removes what is gone. Ctrl-C stops in order: run it again to go on.',
  settings: STORE_SETTINGS,
  flags: FLAGS,
  examples: [
    'sutra learn .',
    'sutra learn docs --name handbook --exclude "drafts/,*.tmp"',
    'sutra learn . --packages --json',
  ],
  async run(call) {
    const folder = call.arguments[0] ?? '.'
    await checkInput(folder, 'folder')
    return call.withStore('bulk', async (store) => {
      const { DEFAULT_EXCLUDES, learnFolder } = await import('../../learn/index.js')
      const exclude = call.flags.exclude?.split(',') ?? DEFAULT_EXCLUDES
      const report = await learnFolder(store, folder, {
        ...learnOptions(call.flags),
        exclude: [...exclude, ...storePattern(folder, call.settings.data)],
        signal: call.signal,
        onProgress: (progress) => call.progress.update(progressState(progress)),
      })
      call.progress.clear()
      if (call.out.json) call.out.document(report)
      else {
        for (const line of pairs(summary(report))) call.out.line(line)
        for (const line of problemLines(report)) call.stderr.write(`${line}\n`)
      }
      const missed = [...SERIOUS].some((reason) => reason in report.problemCounts)
      return missed ? EXIT.partly : EXIT.done
    })
  },
})

function learnOptions(flags: FlagValues<typeof FLAGS>): LearnOptions {
  const options: LearnOptions = {}
  if (flags.namespace !== undefined) options.namespace = flags.namespace
  if (flags.name !== undefined) options.name = flags.name
  if (flags.packages === true) options.packages = true
  if (flags.ignored === true) options.gitignore = false
  if (flags.force === true) options.force = true
  return options
}

/** Keeps the store itself out of what is learned, if it lies in the folder. */
function storePattern(folder: string, data: string): string[] {
  const path = relative(resolve(folder), resolve(data))
  const outside = path === '' || path.startsWith('..') || isAbsolute(path)
  return outside ? [] : [`/${path.replaceAll(sep, '/')}/`]
}

function progressState({
  phase,
  filesDone,
  filesTotal,
  concepts,
  associations,
}: LearnProgress): ProgressState {
  if (phase === 'read') {
    return { done: filesDone, total: filesTotal, unit: 'files', counts: { concepts } }
  }
  return { done: associations, unit: 'associations', counts: { concepts } }
}

function summary(report: LearnReport): [string, unknown][] {
  const { filesRead, filesFound, excluded, unresolved, sequence, tookMs } = report
  return [
    ['folder', report.folder],
    ['namespace', report.namespace],
    ['collection', report.name === '' ? undefined : report.name],
    ['files', `${filesRead} read of ${filesFound}, ${excluded} excluded`],
    ['concepts', changes(report.concepts)],
    ['associations', changes(report.associations)],
    ['unresolved', `${unresolved} links and imports`],
    ['problems', Object.keys(report.problemCounts).length === 0 ? 'none' : report.problemCounts],
    ['sequence', sequence],
    ['took', `${(tookMs / 1000).toFixed(1)} s`],
  ]
}

function changes({ created, updated, unchanged, deleted }: ChangeCounts): string {
  return `${created} new, ${updated} changed, ${unchanged} as before, ${deleted} gone`
}

function* problemLines(report: LearnReport): Generator<string> {
  const serious = report.problems.filter(({ reason }) => SERIOUS.has(reason))
  for (const { path, reason, message } of serious.slice(0, PROBLEMS_SHOWN_MAX)) {
    yield printable(`sutra: ${path}: ${reason}: ${message}`)
  }
  const more = serious.length - PROBLEMS_SHOWN_MAX
  if (more > 0) yield `sutra: and ${more} more; --json shows them`
}
