import ts from 'typescript'
import { filesOf, lineAt, sample, textOf, type Project, type Rule } from './rule.js'

/** The rules hold such words themselves, as patterns and samples. */
const RULES = '__test__/tidy/'
const SOURCES = /\.(rs|ts|mjs|js|sh|toml|yml|md)$/

function matches(project: Project, files: RegExp, pattern: RegExp): string[] {
  return filesOf(project, files)
    .filter(({ path }) => !path.startsWith(RULES))
    .flatMap(({ path, text }) =>
      [...text.matchAll(pattern)].map(
        (found) => `${path}:${lineAt(text, found.index)} says ${found[0].trim()}`,
      ),
    )
}

export const openEndsHaveIssues: Rule = {
  title: 'an open end in the code names its issue',
  help: 'Write TODO(#12), or do it now.',
  check: (project) => matches(project, SOURCES, /\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/g),
  bad: {
    'without a number': sample('src/a.ts', '// TODO: later\n'),
    'another word for it': sample('crates/a/src/a.rs', '// FIXME\n'),
  },
  good: { 'with a number': sample('src/a.ts', '// TODO(#7): see there\n') },
}

export const noMachinePaths: Rule = {
  title: 'no file names a path of one machine',
  help: 'Use a path relative to the repository, or the temporary folder of the system.',
  check: (project) =>
    matches(project, SOURCES, /(?<![\w.\]})-])\/(?:work|farm|root|home|Users|tmp)\/[\w.-]+/g),
  bad: {
    'a home folder': sample('docs/a.md', 'Put it into /home/me/store.\n'),
    'a temporary folder': sample('crates/a/src/a.rs', 'const A: &str = "/tmp/store";\n'),
  },
  good: { 'a relative path': sample('src/a.ts', "import './work/a.js'\n") },
}

/** Registries are reached by the clients' own settings; a mirror must work as well. */
const REGISTRY_HOSTS = [
  String.raw`registry\.npmjs\.org`,
  String.raw`registry\.yarnpkg\.com`,
  String.raw`(?:static|index)\.crates\.io`,
  String.raw`files\.pythonhosted\.org`,
  String.raw`proxy\.golang\.org`,
]

/** Put together, so that this file does not name it. */
const HOST = ['registry', 'npmjs', 'org'].join('.')

export const noRegistryHosts: Rule = {
  title: 'no file names the host of a package registry',
  help: 'Leave it to the settings of npm and cargo; write lock files without addresses.',
  check: (project) => [
    ...matches(
      project,
      /\.(rs|ts|mjs|js|sh|toml|yml|md|json)$/,
      new RegExp(REGISTRY_HOSTS.join('|'), 'g'),
    ),
    ...filesOf(project, /(^|\/)package-lock\.json$/).flatMap(({ path, text }) =>
      text.includes('"resolved": "http') ? [`${path} has resolved addresses`] : [],
    ),
  ],
  bad: {
    'in a script': sample('scripts/a.mjs', `fetch('https://${HOST}/a')\n`),
    'in a lock file': sample('package-lock.json', '{ "resolved": "https://mirror.example/a" }\n'),
  },
  good: { 'a lock file without': sample('package-lock.json', '{ "version": "1.0.0" }\n') },
}

export const cleanEnds: Rule = {
  title: 'lines end in LF without blanks, files end in one LF',
  help: 'Set your editor to .editorconfig.',
  check: (project) =>
    filesOf(project, SOURCES).flatMap(({ path, text }) => {
      const offences: string[] = []
      const blank = /[ \t]+$/m.exec(text)
      if (text.includes('\r')) offences.push(`${path} has CR`)
      if (blank) offences.push(`${path}:${lineAt(text, blank.index)} ends in blanks`)
      if (text !== '' && !/[^\n]\n$/.test(text)) offences.push(`${path} does not end in one LF`)
      return offences
    }),
  bad: {
    CRLF: sample('src/a.ts', 'a()\r\n'),
    'blanks at the end': sample('docs/a.md', 'a  \nb\n'),
    'no last LF': sample('src/a.ts', 'a()'),
  },
}

interface Manifest {
  version?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

function manifestOf(project: Project): Manifest {
  return JSON.parse(textOf(project, 'package.json') ?? '{}') as Manifest
}

/** Names of packages that the files of src/ import. */
function importedPackages(project: Project): Set<string> {
  const names = new Set<string>()
  for (const { text } of filesOf(project, /\.ts$/, 'src/')) {
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      const name = /^(?:@[\w-]+\/)?[\w-]+(?=\/|$)/.exec(fileName)?.[0]
      if (name !== undefined) names.add(name)
    }
  }
  return names
}

export const dependenciesAreUsed: Rule = {
  title: 'the package depends on what it imports, in exact versions',
  help: 'Add it to dependencies with an exact version, or remove it there.',
  check: (project) => {
    const { dependencies = {}, devDependencies = {} } = manifestOf(project)
    const imported = importedPackages(project)
    const all = Object.entries({ ...dependencies, ...devDependencies })
    return [
      ...Object.keys(dependencies)
        .filter((name) => !imported.has(name))
        .map((name) => `${name} is not imported`),
      ...[...imported]
        .filter((name) => !(name in dependencies))
        .map((name) => `${name} is not listed`),
      ...all.filter(([, version]) => !/^\d/.test(version)).map(([name]) => `${name} has a range`),
    ]
  },
  bad: {
    'listed, not imported': sample('package.json', '{ "dependencies": { "a": "1.0.0" } }'),
    'imported, not listed': [
      { path: 'package.json', text: '{}' },
      { path: 'src/a.ts', text: "import a from '@b/a'\n" },
    ],
    'a range': sample('package.json', '{ "devDependencies": { "a": "^1.0.0" } }'),
  },
}

export const oneVersion: Rule = {
  title: 'package.json, Cargo.toml and src/version.ts say the same version',
  help: 'Change all three together.',
  check: (project) => {
    const wanted = manifestOf(project).version ?? ''
    const cargo = /^version = "(.+)"$/m.exec(textOf(project, 'Cargo.toml') ?? '')?.[1]
    const source = /['"](\d+\.\d+\.\d+[\w.-]*)['"]/.exec(
      textOf(project, 'src/version.ts') ?? '',
    )?.[1]
    return [
      ...(cargo === wanted ? [] : [`Cargo.toml says ${cargo}, not ${wanted}`]),
      ...(source === wanted ? [] : [`src/version.ts says ${source}, not ${wanted}`]),
    ]
  },
  bad: {
    'an old crate': [
      { path: 'package.json', text: '{ "version": "0.2.0" }' },
      { path: 'Cargo.toml', text: '[workspace.package]\nversion = "0.1.0"\n' },
      { path: 'src/version.ts', text: "export const VERSION = '0.2.0'\n" },
    ],
  },
}
