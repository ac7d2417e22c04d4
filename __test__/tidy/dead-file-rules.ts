import { ownImports } from './layer-rules.js'
import { filesOf, sample, textOf, type Project, type Rule } from './rule.js'
import { blankRust } from './rust-text.js'

/** What users reach: the exports of package.json and the command. */
const ENTRIES = ['src/index.ts', 'src/server/index.ts', 'src/cli/main.ts', 'src/cli/check-main.ts']

/** What `npm run bench` translates and starts. */
const BENCHMARK = 'benchmark/main.ts'

/** Our own modules that one file names: imported, or started by file name. */
function namedBy(path: string, text: string): string[] {
  const named = ownImports(path, text).map((imported) => imported.path)
  const folder = path.split('/').slice(0, -1).join('/')
  for (const found of text.matchAll(/['"`/]([\w./-]+\.(?:ts|mjs|js))['"`]/g)) {
    const parts = folder.split('/')
    for (const part of (found[1] ?? '').split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '.') parts.push(part)
    }
    const file = parts.join('/')
    named.push(file, file.replace(/\.js$/, '.ts'), found[1] ?? '')
  }
  return named
}

function reachable(project: Project, entries: readonly string[]): Set<string> {
  const seen = new Set<string>()
  const open = [...entries]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const text = textOf(project, path)
    if (text === undefined || seen.has(path)) continue
    seen.add(path)
    open.push(...namedBy(path, text))
  }
  return seen
}

function deadTypeScript(project: Project): string[] {
  const sources = filesOf(project, /\.ts$/, 'src/').map(({ path }) => path)
  const live = reachable(project, ENTRIES)
  return sources.filter((path) => !live.has(path))
}

export const noDeadSource: Rule = {
  title: 'every file of src/ is reachable from an entry of the package',
  help: `Delete it, or import it from what ${ENTRIES.join(', ')} reach.`,
  check: deadTypeScript,
  bad: {
    'a file nobody imports': [
      { path: 'src/index.ts', text: "export { a } from './a.js'\n" },
      { path: 'src/a.ts', text: 'export const a = 1\n' },
      { path: 'src/b.ts', text: 'export const b = 1\n' },
    ],
    'a ring of two': [
      { path: 'src/index.ts', text: 'export {}\n' },
      { path: 'src/a.ts', text: "import './b.js'\n" },
      { path: 'src/b.ts', text: "import './a.js'\n" },
    ],
  },
  good: {
    'a dynamic import': [
      { path: 'src/index.ts', text: "export const load = () => import('./cli/a.js')\n" },
      { path: 'src/cli/a.ts', text: 'export {}\n' },
    ],
  },
}

/** Test files and scripts nobody runs: not a spec, not named by one, not named by a command. */
function deadHelpers(project: Project): string[] {
  const helpers = filesOf(project, /^(__test__|benchmark|scripts)\/.*\.(ts|mjs)$/)
  const commands = ['package.json', '.ci/run', 'CONTRIBUTING.md', 'docs/benchmarks.md']
    .map((path) => textOf(project, path) ?? '')
    .join('\n')
  const started = helpers.map(({ path }) => path).filter((path) => commands.includes(path))
  const roots = helpers
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.spec.ts') || [BENCHMARK, ...started].includes(path))
  const live = reachable(project, roots)
  const names = new Set(helpers.flatMap(({ path, text }) => namedBy(path, text)))
  return helpers
    .map(({ path }) => path)
    .filter((path) => !live.has(path) && !names.has(path) && !folderIsListed(project, path))
}

/** `benchmark/questions/` and the like are read as folders: a file in there is a feature. */
function folderIsListed(project: Project, path: string): boolean {
  const folder = path.split('/').at(-2) ?? ''
  return filesOf(project, /\.(ts|mjs)$/, path.split('/')[0]).some(
    ({ text }) => text.includes('readdir') && text.includes(`'${folder}'`),
  )
}

export const noDeadHelper: Rule = {
  title: 'every test helper, benchmark and script is used by something',
  help: 'Delete it, import it, or name it in package.json, .ci/run or CONTRIBUTING.md.',
  check: deadHelpers,
  bad: {
    'a helper without a test': sample('__test__/helper.ts', 'export const a = 1\n'),
    'a script nobody runs': [
      { path: 'scripts/a.mjs', text: 'run()\n' },
      { path: 'package.json', text: '{ "scripts": { "start": "node scripts/b.mjs" } }\n' },
    ],
  },
  good: {
    'a script that another starts': [
      { path: 'scripts/a.mjs', text: "run('scripts/b.mjs')\n" },
      { path: 'scripts/b.mjs', text: 'go()\n' },
      { path: '.ci/run', text: 'node scripts/a.mjs\n' },
    ],
  },
}

/** Files that cargo finds without a `mod` line. */
const CRATE_ROOT = /\/src\/(lib|main|build)\.rs$|\/src\/bin\/[\w]+(\/main)?\.rs$|\/build\.rs$/

/** Where the `mod` line of a module file may stand. */
function parents(path: string): string[] {
  const parts = path.replace(/\/mod\.rs$/, '.rs').split('/')
  parts.pop()
  const folder = parts.join('/')
  if (folder.endsWith('/src')) return [`${folder}/lib.rs`, `${folder}/main.rs`]
  return [`${folder}.rs`, `${folder}/mod.rs`, `${folder}/main.rs`]
}

function undeclaredModules(project: Project): string[] {
  return filesOf(project, /^crates\/[\w-]+\/src\/.+\.rs$/)
    .map(({ path }) => path)
    .filter((path) => !CRATE_ROOT.test(path))
    .filter((path) => {
      const name = /(\w+)(?:\/mod)?\.rs$/.exec(path)?.[1] ?? ''
      const line = new RegExp(`\\bmod ${name};`)
      return !parents(path).some((parent) => line.test(blankRust(textOf(project, parent) ?? '')))
    })
}

export const everyModuleIsDeclared: Rule = {
  title: 'every Rust file is a module of its crate',
  help: 'Delete it, or declare it with `mod` in its parent.',
  check: undeclaredModules,
  bad: {
    'a file without mod': [
      { path: 'crates/a/src/lib.rs', text: 'mod b;\n' },
      { path: 'crates/a/src/b.rs', text: '' },
      { path: 'crates/a/src/c.rs', text: '' },
    ],
    'declared only in a comment': [
      { path: 'crates/a/src/lib.rs', text: '// mod b;\n' },
      { path: 'crates/a/src/b.rs', text: '' },
    ],
  },
  good: {
    'a folder with mod.rs': [
      { path: 'crates/a/src/lib.rs', text: 'pub mod b;\n' },
      { path: 'crates/a/src/b/mod.rs', text: 'mod c;\n' },
      { path: 'crates/a/src/b/c.rs', text: '' },
    ],
    'a folder beside its file': [
      { path: 'crates/a/src/lib.rs', text: 'mod b;\n' },
      { path: 'crates/a/src/b.rs', text: '#[cfg(test)]\nmod tests;\n' },
      { path: 'crates/a/src/b/tests.rs', text: '' },
    ],
  },
}
