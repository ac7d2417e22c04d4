import ts from 'typescript'
import { filesOf, lineAt, sample, textOf, type Project, type Rule } from './rule.js'

/** Which crates of ours a crate may use; `sim` looks at everything. */
const CRATES_BELOW: Record<string, readonly string[]> = {
  format: [],
  env: [],
  index: ['format'],
  shard: ['format', 'env', 'index'],
  store: ['format', 'env', 'index', 'shard'],
  node: ['format', 'env', 'shard', 'store'],
  sim: ['format', 'env', 'index', 'shard', 'store'],
  fuzz: ['format', 'env', 'index', 'shard', 'store'],
}

/** Names of the packages in all dependency sections of a Cargo.toml. */
function cargoDependencies(text: string): string[] {
  const names: string[] = []
  let inside = false
  for (const line of text.split('\n')) {
    const section = /^\[(.+)\]$/.exec(line.trim())?.[1]
    if (section !== undefined) {
      inside = section.endsWith('dependencies')
      const single = /dependencies\.([\w-]+)$/.exec(section)?.[1]
      if (single !== undefined) names.push(single)
    } else if (inside) {
      const name = /^([\w-]+)\s*(?:=|\.)/.exec(line)?.[1]
      if (name !== undefined) names.push(name)
    }
  }
  return names
}

function crateOffences(project: Project): string[] {
  return filesOf(project, /^(crates\/[\w-]+|fuzz)\/Cargo\.toml$/).flatMap(({ path, text }) => {
    const crate = path.replace(/^crates\//, '').split('/')[0] ?? ''
    const below = CRATES_BELOW[crate]
    if (below === undefined) return [`${path} is a crate that no layer is known for`]
    return cargoDependencies(text)
      .filter((name) => (name.startsWith('napi') ? crate !== 'node' : name.startsWith('sutra-')))
      .filter((name) => name.startsWith('napi') || !below.includes(name.replace('sutra-', '')))
      .map((name) => `${path} depends on ${name}`)
  })
}

export const crateDirections: Rule = {
  title: 'a crate depends only on crates of the layers below it',
  help: 'See the layers in ARCHITECTURE.md; pass the thing in from above instead.',
  check: crateOffences,
  bad: {
    'env knows format': sample(
      'crates/env/Cargo.toml',
      '[dependencies]\nsutra-format.workspace = true\n',
    ),
    'a shard knows the store': sample(
      'crates/shard/Cargo.toml',
      '[dev-dependencies]\nsutra-store = { path = "../store" }\n',
    ),
    'the store knows the binding': sample(
      'crates/store/Cargo.toml',
      '[dependencies]\nnapi = "3"\n',
    ),
    'a section for one dependency': sample(
      'crates/format/Cargo.toml',
      '[dependencies.sutra-env]\npath = "../env"\n',
    ),
    'an unknown crate': sample('crates/extra/Cargo.toml', '[dependencies]\n'),
  },
  good: {
    'the store uses the shard': sample(
      'crates/store/Cargo.toml',
      '[dependencies]\nsutra-shard.workspace = true\n',
    ),
  },
}

export const engineKnowsNoJavaScript: Rule = {
  title: 'no crate but node mentions JavaScript',
  help: 'Say it in terms of "the caller", or move it to crates/node.',
  check: (project) =>
    filesOf(project, /\.rs$/, 'crates/')
      .filter(({ path }) => !path.startsWith('crates/node/'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\bnapi\b|\bN-API\b|JavaScript|TypeScript|Node\.js/gi)].map(
          (found) => `${path}:${lineAt(text, found.index)} says ${found[0]}`,
        ),
      ),
  bad: {
    'in a comment': sample('crates/shard/src/a.rs', '// As JavaScript does it.\n'),
    'in code': sample('crates/store/src/a.rs', 'use napi::Env;\n'),
  },
  good: { 'the binding may': sample('crates/node/src/a.rs', 'use napi::Env;\n') },
}

export const oneLoader: Rule = {
  title: 'only src/native.ts loads the addon',
  help: 'Import what you need from ./native.js.',
  check: (project) =>
    filesOf(project, /\.ts$/, 'src/')
      .filter(({ path }) => path !== 'src/native.ts')
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\.node\b['"`]|\bdlopen\b/g)].map(
          (found) => `${path}:${lineAt(text, found.index)} loads an addon`,
        ),
      ),
  bad: {
    'by require': sample('src/store.ts', "require('../sutra-storage.linux-x64-gnu.node')\n"),
    'by dlopen': sample('src/server/a.ts', 'process.dlopen(module, file)\n'),
  },
  good: { 'the loader': sample('src/native.ts', 'process.dlopen(module, file)\n') },
}

/** Folders of src/ from the top down; each may use those after it. The rest is the facade. */
const FOLDERS_DOWN = ['cli', 'server', 'learn', 'transfer']

function level(path: string): number {
  const index = FOLDERS_DOWN.findIndex((folder) => path.startsWith(`src/${folder}/`))
  return index === -1 ? FOLDERS_DOWN.length : index
}

/** Paths of our own files that a TypeScript file imports, with the position of each. */
export function ownImports(path: string, text: string): { path: string; at: number }[] {
  const folder = path.split('/').slice(0, -1)
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName, pos }) => {
      const parts = [...folder]
      for (const part of fileName.split('/')) {
        if (part === '..') parts.pop()
        else if (part !== '.') parts.push(part)
      }
      return { path: parts.join('/').replace(/\.js$/, '.ts'), at: pos }
    })
}

export const sourceDirections: Rule = {
  title: 'a folder of src/ imports only from the layers below it',
  help: `From the top: ${FOLDERS_DOWN.join(', ')}, the facade. Pass the thing in from above.`,
  check: (project) =>
    filesOf(project, /\.ts$/, 'src/').flatMap(({ path, text }) =>
      ownImports(path, text)
        .filter((imported) => level(imported.path) < level(path))
        .map((imported) => `${path}:${lineAt(text, imported.at)} imports ${imported.path}`),
    ),
  bad: {
    'the facade uses the server': sample('src/store.ts', "import { a } from './server/a.js'\n"),
    'the server uses a command': sample('src/server/a.ts', "import { a } from '../cli/a.js'\n"),
    'learning loads the server': sample('src/learn/a.ts', "await import('../server/index.js')\n"),
  },
  good: {
    'a command uses the server': sample('src/cli/a.ts', "import { a } from '../server/a.js'\n"),
  },
}

/** Crates that hold no unsafe code at all say so to the compiler. */
const CRATES_SAFE = ['format', 'store']

export const safeCratesSaySo: Rule = {
  title: 'a crate without unsafe code forbids it',
  help: 'Put #![forbid(unsafe_code)] at the top of its lib.rs.',
  check: (project) =>
    CRATES_SAFE.map((crate) => `crates/${crate}/src/lib.rs`).filter((path) => {
      const text = textOf(project, path)
      return text !== undefined && !text.includes('#![forbid(unsafe_code)]')
    }),
  bad: { 'a crate that says nothing': sample('crates/store/src/lib.rs', '//! The store.\n') },
}
