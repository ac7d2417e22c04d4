// What learning a folder came to, counted while it goes on.

import type { Sequence } from '../types.js'

/** Why something was not read, or was read otherwise than expected. */
export type ProblemReason =
  | 'unsupported' // no extractor for files of this kind
  | 'binary'
  | 'encoding' // neither UTF-8 nor marked as UTF-16
  | 'too-large'
  | 'unreadable' // its concepts of the last run are kept
  | 'symlink' // not followed: what it leads to is either in the folder itself, or outside
  | 'special' // a socket, a device, a pipe
  | 'refused' // by the engine, for a limit
  | 'note' // read, but see the message

/** One file or folder with something to say about it. */
export interface LearnProblem {
  path: string
  reason: ProblemReason
  message: string
}

/** How many were new, changed, as before, and gone. */
export interface ChangeCounts {
  created: number
  updated: number
  unchanged: number
  deleted: number
}

/** What {@link learnFolder} did. */
export interface LearnReport {
  folder: string
  /** Name of the collection; empty for the first folder of a namespace. */
  name: string
  namespace: string
  /** Files found, not counting excluded ones. */
  filesFound: number
  filesRead: number
  /** Files and folders left out by a pattern. */
  excluded: number
  concepts: ChangeCounts
  associations: ChangeCounts
  /** Links and imports that lead to nothing in the folder. */
  unresolved: number
  /** Number of problems by reason, complete. */
  problemCounts: Partial<Record<ProblemReason, number>>
  /** The first thousand problems. */
  problems: LearnProblem[]
  /** Of the last commit; 0 if nothing was written. */
  sequence: Sequence
  tookMs: number
}

const PROBLEMS_KEPT_MAX = 1000

/** An empty report. */
export function emptyReport(folder: string, name: string, namespace: string): LearnReport {
  const none = (): ChangeCounts => ({ created: 0, updated: 0, unchanged: 0, deleted: 0 })
  return {
    folder,
    name,
    namespace,
    filesFound: 0,
    filesRead: 0,
    excluded: 0,
    concepts: none(),
    associations: none(),
    unresolved: 0,
    problemCounts: {},
    problems: [],
    sequence: 0,
    tookMs: 0,
  }
}

/** Counts a problem, and keeps it while there are not too many. */
export function addProblem(report: LearnReport, problem: LearnProblem): void {
  const { reason } = problem
  report.problemCounts[reason] = (report.problemCounts[reason] ?? 0) + 1
  if (report.problems.length < PROBLEMS_KEPT_MAX) report.problems.push(problem)
}
