// Reads the text files of this repository, without what is installed, built or generated.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Project, Source } from './rule.js'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const FOLDERS_SKIPPED = new Set([
  '.bench',
  '.git',
  'node_modules',
  'target',
  'dist',
  'data',
  'golden',
])
const PATHS_SKIPPED = new Set(['docs/api', 'fuzz/corpus', 'fuzz/artifacts', 'fuzz/coverage'])
const TEXT = /\.(rs|ts|mjs|js|cjs|json|toml|md|yml|yaml|sh|lock)$|^\.ci\/run$|^\.[\w.]+$/

/** Every text file of the checkout. */
export function readProject(): Project {
  const files: Source[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!FOLDERS_SKIPPED.has(entry.name) && !PATHS_SKIPPED.has(path)) walk(path)
      } else if (entry.isFile() && TEXT.test(path)) {
        files.push({ path, text: readFileSync(join(ROOT, path), 'utf8') })
      }
    }
  }
  walk('')
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}
