// What an import came to, counted while it goes on.

import type { SutraError } from '../errors.js'
import type { Sequence } from '../types.js'

/** A line that was not imported, and why. */
export interface ImportProblem {
  /** Starts at 1. */
  line: number
  code: string
  field?: string
  message: string
}

/** What {@link importFile} did. */
export interface ImportReport {
  lines: number
  concepts: { created: number; updated: number }
  associations: { created: number; updated: number }
  /** Lines whose ends came only later in the file. */
  deferred: number
  /** Lines that were not imported, complete. */
  problemCount: number
  /** The first thousand of them. */
  problems: ImportProblem[]
  /** False if the input ends early or is damaged: what came before was imported. */
  complete: boolean
  /** Of the last commit; 0 if nothing was written. */
  sequence: Sequence
  tookMs: number
}

const PROBLEMS_KEPT_MAX = 1000

/** An empty report. */
export function emptyReport(): ImportReport {
  return {
    lines: 0,
    concepts: { created: 0, updated: 0 },
    associations: { created: 0, updated: 0 },
    deferred: 0,
    problemCount: 0,
    problems: [],
    complete: true,
    sequence: 0,
    tookMs: 0,
  }
}

/** Counts a problem, and keeps it while there are not too many. */
export function addProblem(report: ImportReport, line: number, error: SutraError): void {
  report.problemCount++
  if (report.problems.length >= PROBLEMS_KEPT_MAX) return
  report.problems.push({
    line,
    code: error.code,
    ...(error.field !== undefined && { field: error.field }),
    message: error.message,
  })
}
