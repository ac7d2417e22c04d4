import type { ExportOptions, ExportReport } from '../../transfer/index.js'
import { defineCommand, flag, switchFlag } from '../command.js'
import type { FlagValues } from '../command.js'
import { NAMESPACE } from '../find-concept.js'
import { pairs } from '../text.js'

const STANDARD_OUTPUT = '-'

const FLAGS = {
  namespace: flag('-n, --namespace <name>', NAMESPACE, 'only this namespace'),
  gzip: switchFlag('--gzip', 'compress with gzip'),
  noVectors: switchFlag('--without-vectors', 'leave vectors out; an import makes them anew'),
}

/** Exports the store as JSON lines. */
export const exportCommand = defineCommand({
  name: 'export',
  arguments: '[file]',
  summary: 'export concepts as JSON lines',
  description:
    'All concepts, then all associations, of one moment of the store: what import reads.\n' +
    'Without a file, or with -, to standard output. A file appears when it is complete.',
  settings: ['data'],
  flags: FLAGS,
  examples: [
    'sutra export',
    'sutra export concepts.jsonl.gz --gzip --json',
    'sutra export - --without-vectors > concepts.jsonl',
  ],
  run: (call) =>
    call.withStore('read', async (store) => {
      const { exportFile, exportStore } = await import('../../transfer/index.js')
      const file = call.arguments[0] ?? STANDARD_OUTPUT
      const options: ExportOptions = { ...exportOptions(call.flags), signal: call.signal }
      if (file === STANDARD_OUTPUT) {
        await exportStore(store, call.out.stream, options)
        return
      }
      options.onProgress = ({ concepts, conceptsTotal, associations }) =>
        call.progress.update({
          done: concepts,
          total: conceptsTotal,
          unit: 'concepts',
          counts: { associations },
        })
      const report = await exportFile(store, file, options)
      call.progress.clear()
      if (call.out.json) call.out.document({ file, ...report })
      else for (const line of pairs(summary(file, report))) call.out.line(line)
    }),
})

function exportOptions(flags: FlagValues<typeof FLAGS>): ExportOptions {
  const options: ExportOptions = { gzip: flags.gzip === true, vectors: flags.noVectors !== true }
  if (flags.namespace !== undefined) options.namespace = flags.namespace
  return options
}

function summary(file: string, report: ExportReport): [string, unknown][] {
  return [
    ['file', file],
    ['concepts', report.concepts],
    ['associations', report.associations],
    ['sequence', report.sequence],
    ['took', `${(report.tookMs / 1000).toFixed(1)} s`],
  ]
}
