// Learning: folders of documents become concepts and associations.

export { DEFAULT_EXCLUDES } from './ignore-rules.js'
export { learnFolder } from './learn-folder.js'
export type { LearnOptions, LearnPhase, LearnProgress } from './options.js'
export type { ChangeCounts, LearnProblem, LearnReport, ProblemReason } from './report.js'
