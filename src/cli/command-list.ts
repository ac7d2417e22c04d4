import type { CliCommand } from './command.js'
import { checkCommand } from './commands/check.js'
import { exportCommand } from './commands/export.js'
import { getCommand } from './commands/get.js'
import { importCommand } from './commands/import.js'
import { learnCommand } from './commands/learn.js'
import { neighborsCommand } from './commands/neighbors.js'
import { pathsCommand } from './commands/paths.js'
import { repairCommand } from './commands/repair.js'
import { searchCommand } from './commands/search.js'
import { serveCommand } from './commands/serve.js'
import { statsCommand } from './commands/stats.js'

/** All commands there are, in the order of the help. */
export const COMMANDS: readonly CliCommand[] = [
  serveCommand,
  learnCommand,
  importCommand,
  exportCommand,
  getCommand,
  searchCommand,
  neighborsCommand,
  pathsCommand,
  statsCommand,
  checkCommand,
  repairCommand,
] as readonly unknown[] as readonly CliCommand[]
