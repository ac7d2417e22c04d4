// A report as Markdown: for the terminal, and as the page docs/benchmarks.md.

import type { Answer, Row } from './answer.js'
import type { Machine } from './machine.js'

export interface Report {
  readonly machine: Machine
  readonly rounds: number
  readonly isQuick: boolean
  readonly date: string
  readonly answers: readonly Answer[]
  /** What a reader has to know of how these figures came to be, if it is not the usual way. */
  readonly remarks?: readonly string[]
}

export function makeReport(report: Report): string {
  const parts = [describe(report), summary(report.answers), ...report.answers.map(section)]
  return `${parts.join('\n\n')}\n`
}

export function makePage(report: Report): string {
  return `# Benchmarks

Made by \`npm run bench -- --write-docs\`; the figures of every run are in
[benchmarks.json](benchmarks.json). \`npm run bench -- --quick\` tries everything in a short time,
\`--only get\` asks only the questions whose names begin so, \`--million\` asks those about a million
concepts as well, \`--rounds\` and \`--folder\` say how often and where. [Why we measure with our own loop](decisions/benchmark-loop.md).

Contenders take turns in one process, run by run, over the same data. *limit* is what the machine
allows: the same bytes written and synced in a file that is used again, or a call into native code
that does nothing. A peer acknowledges with the same durability as we do. Figures are medians of
runs, with the least and the most beside them; a run of calls counts by its median call, or by the
mean of its calls where the target is a mean, or by P99 where the title says so; ratios are medians
of the ratios of runs that followed each other. P50, P99 and P99.9 are over all calls of all runs.

Questions that begin with \`flushed\` or \`million\` are about a store whose concepts were all written
to segment files, whose files were merged until nothing was left to merge, and that was then closed
and opened again; the peer has the same data. Questions that begin with \`merging\` are asked while
segments are written and merged all the time, beside the same without. All others are about a store
as it is while it is being filled. Memory is RssAnon, what the system says a process has of its own:
mapped files are not in it.

Questions about search have peers that are indexes only, and say so: they keep what is in memory by
writing the whole of it to a file, and answer with numbers where a store answers with concepts. Each
contender looks at as few candidates as it needs to find the share of the right neighbours that the
title asks for; how many these are, and the share that it found, stand beside its figure. A peer
that could not be installed or compiled is left out. Where the figure is such a share and nothing is
timed, or where a run takes minutes, there are fewer runs than is said below: one or three.

${makeReport(report)}`
}

function describe({ machine, rounds, isQuick, date, remarks = [] }: Report): string {
  const peers = Object.entries(machine.peers).map(([name, version]) => `${name} ${version}`)
  const lines = [
    `- Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ${machine.fileSystem}`,
    `- Versions: sutra-storage ${machine.sutra} (release build), Node ${machine.node}, Rust ${machine.rust}${peers.length > 0 ? `, ${peers.join(', ')}` : '; no peers installed'}`,
    `- Settings: defaults of \`openStore\`, dimension 768, one shard; durability \`fsync\` where a question does not say \`os\``,
    `- Runs: ${rounds} of each contender after one to warm up${isQuick ? ', SHORT RUNS OVER LESS DATA (--quick): not for publication' : ''}; ${date}; load of the machine before: ${machine.loadBefore.toFixed(2)}`,
    ...remarks.map((remark) => `- ${remark}`),
  ]
  return lines.join('\n')
}

function summary(answers: readonly Answer[]): string {
  const rows = answers.map((answer) => {
    const { name, target, reached, isMet, unit, rows, skipped } = answer
    if (skipped !== undefined) return [name, `skipped: ${skipped}`, '', '', '']
    const peer = bestPeer(answer)
    return [
      name,
      rows[0] === undefined ? '' : figure(rows[0].median, unit),
      target === undefined ? '' : targetText(answer),
      isMet === undefined ? '' : isMet ? 'yes' : `no (${shown(reached ?? Number.NaN, answer)})`,
      peer === undefined ? '' : advantage(peer, unit),
    ]
  })
  return table(['question', 'sutra', 'target', 'met', 'against the best peer'], rows)
}

/** The peer that does best, which is the one to compare with. */
function bestPeer({ rows, unit }: Answer): Row | undefined {
  const peers = rows.filter(({ contender }) => !/^sutra|^limit$/.test(contender))
  const sign = unit === 'per second' || unit === 'share' ? -1 : 1
  return peers.toSorted((one, other) => sign * (one.median - other.median))[0]
}

function advantage({ contender, oursOverThis }: Row, unit: Answer['unit']): string {
  // Two equal processes differ by more than some stores need: there is no ratio then.
  if (unit === 'bytes' && oursOverThis <= 0) return ''
  if (unit === 'bytes') return `${precise(oursOverThis)} times the bytes of ${contender}`
  if (unit === 'share') return `${precise(oursOverThis)} times the share of ${contender}`
  const factor = unit === 'ms' ? 1 / oursOverThis : oursOverThis
  const times =
    factor >= 1 ? `${precise(factor)} times as fast` : `${precise(1 / factor)} times as slow`
  return `${times} as ${contender}`
}

const CALL_COLUMNS = { p50: 'P50', p99: 'P99', p999: 'P99.9', mean: 'mean' } as const

function section(answer: Answer): string {
  const { name, title, conditions, skipped, unit, rows } = answer
  const head = `## ${title}\n\n\`${name}\`: ${conditions}.`
  if (skipped !== undefined) return `${head} Skipped: ${skipped}.`
  const spread = ['median', 'min', 'max'] as const
  const calls = (['p50', 'p99', 'p999', 'mean'] as const).filter((name) =>
    rows.some((row) => row[name] !== undefined),
  )
  const lines = rows.map((row) => {
    const figures = [...spread, ...calls].map((name) => figure(row[name], unit))
    // Shares may be nothing, and then there is no ratio.
    const hasRatio = row.contender !== 'sutra' && Number.isFinite(row.oursOverThis)
    const ratio = hasRatio ? precise(row.oursOverThis) : ''
    return [row.contender].concat(figures, ratio, row.detail)
  })
  const names = ['median run', 'least', 'most', ...calls.map((name) => CALL_COLUMNS[name])]
  const body = table(['', ...names, 'sutra ÷ this', 'what'], lines)
  const promise =
    answer.target === undefined ? '' : `\n\nTarget: ${targetText(answer)}; ${met(answer)}.`
  return `${head}\n\n${body}${promise}`
}

function met(answer: Answer): string {
  const reached = shown(answer.reached ?? Number.NaN, answer)
  if (answer.isMet === true) return `met with ${reached}`
  return `missed with ${reached}${answer.profile === undefined ? '' : `: ${answer.profile}`}`
}

function targetText(answer: Answer): string {
  const { target } = answer
  if (target === undefined) return ''
  return `${target.kind} ${shown(target.value, answer)}`
}

function shown(value: number, { target, unit }: Answer): string {
  if (target?.kind === 'ratio at most') return `${precise(value)} × limit`
  return figure(value, unit)
}

function figure(value: number | undefined, unit: Answer['unit']): string {
  if (value === undefined) return ''
  if (unit === 'bytes') return `${precise(value)} bytes`
  if (unit === 'share') return value.toFixed(4)
  return unit === 'ms' ? `${precise(value)} ms` : `${Math.round(value).toLocaleString('en')}/s`
}

function precise(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
