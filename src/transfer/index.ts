// Import and export of JSONL.

export {
  exportFile,
  exportStore,
  type ExportOptions,
  type ExportProgress,
  type ExportReport,
} from './export.js'
export { importFile, type ImportOptions, type ImportProgress } from './import.js'
export type { ImportProblem, ImportReport } from './import-report.js'
export type { ImportSource } from './open-input.js'
