import ts from 'typescript'
import { filesOf, lineAt, sample, textOf, type Project, type Rule } from './rule.js'

function errorCodes(project: Project): string[] {
  const text = textOf(project, 'src/errors.ts') ?? ''
  return [...text.matchAll(/^ {2}(ERR_\w+):/gm)].map((found) => found[1] ?? '')
}

function errorOffences(project: Project): string[] {
  const page = textOf(project, 'docs/errors.md') ?? ''
  const documented = [...page.matchAll(/^### (ERR_\w+)$/gm)].map((found) => found[1] ?? '')
  const codes = errorCodes(project)
  return [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `${code} has no entry`),
    ...documented.filter((code) => !codes.includes(code)).map((code) => `${code} does not exist`),
  ]
}

export const errorsAreDocumented: Rule = {
  title: 'every error code has an entry in docs/errors.md',
  help: 'Add "### CODE" with when it happens, what state is left, and what to do.',
  check: errorOffences,
  bad: {
    'no entry': [
      { path: 'src/errors.ts', text: 'export const ERRORS = {\n  ERR_IO: {},\n}\n' },
      { path: 'docs/errors.md', text: '# Errors\n\nERR_IO happens.\n' },
    ],
    'an entry for nothing': sample('docs/errors.md', '### ERR_GONE\n'),
  },
  good: {
    'an entry each': [
      { path: 'src/errors.ts', text: 'export const ERRORS = {\n  ERR_IO: {},\n}\n' },
      { path: 'docs/errors.md', text: '### ERR_IO\n' },
    ],
  },
}

/** Dotted names of all options below an interface, `reconciler.intervalMsMin`. */
function optionNames(text: string, start: string): string[] {
  const file = ts.createSourceFile('types.ts', text, ts.ScriptTarget.Latest, true)
  const interfaces = new Map(
    file.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node.members]),
  )
  const walk = (members: ts.NodeArray<ts.TypeElement> | undefined, prefix: string): string[] =>
    [...(members ?? [])].filter(ts.isPropertySignature).flatMap((member) => {
      const name = `${prefix}${member.name.getText()}`
      const type = member.type?.getText() ?? ''
      const inline =
        member.type && ts.isTypeLiteralNode(member.type) ? member.type.members : undefined
      const below = inline ?? (type.endsWith('Options') ? interfaces.get(type) : undefined)
      return below === undefined ? [name] : walk(below, `${name}.`)
    })
  return walk(interfaces.get(start), '')
}

export const optionsAreDocumented: Rule = {
  title: 'every option of openStore is in docs/config.md',
  help: 'Add its full name in backticks, with unit, range and default.',
  check: (project) => {
    const page = textOf(project, 'docs/config.md') ?? ''
    return optionNames(textOf(project, 'src/types.ts') ?? '', 'StoreOptions')
      .filter((name) => !page.includes(`\`${name}\``))
      .map((name) => `${name} is not documented`)
  },
  bad: {
    'an option not named': [
      { path: 'src/types.ts', text: 'export interface StoreOptions {\n  shards?: number\n}\n' },
      { path: 'docs/config.md', text: 'There are shards.\n' },
    ],
    'an option of a group': [
      {
        path: 'src/types.ts',
        text: 'interface AOptions { b?: number }\ninterface StoreOptions { a?: AOptions }\n',
      },
      { path: 'docs/config.md', text: '`a` and `b`\n' },
    ],
  },
  good: {
    'named in full': [
      { path: 'src/types.ts', text: 'interface StoreOptions { history?: { keepMs: number } }\n' },
      { path: 'docs/config.md', text: '| `history.keepMs` | ms |\n' },
    ],
  },
}

/** Targets of the relative links of a page, as paths in the repository. */
function links(path: string, text: string): { target: string; at: number }[] {
  const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, ' '))
  return [...prose.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
    .map((found) => ({ link: found[1] ?? '', at: found.index }))
    .filter(({ link }) => !/^[a-z]+:/.test(link))
    .map(({ link, at }) => {
      const parts = path.split('/').slice(0, -1)
      for (const part of link.split('/')) {
        if (part === '..') parts.pop()
        else if (part !== '.' && part !== '') parts.push(part)
      }
      return { target: parts.join('/'), at }
    })
}

export const linksLeadSomewhere: Rule = {
  title: 'every relative link of a page leads to a file or folder',
  help: 'Correct the link, or write the page.',
  check: (project) =>
    filesOf(project, /\.md$/).flatMap(({ path, text }) =>
      links(path, text)
        .filter(({ target }) => !linkTargetExists(project, target))
        .map(({ target, at }) => `${path}:${lineAt(text, at)} links to ${target}`),
    ),
  bad: { 'a page that is not there': sample('docs/a.md', 'See [b](b.md).\n') },
  good: {
    'a page one folder up': [
      { path: 'docs/a.md', text: 'See [readme](../README.md#use) and `[x](y)`.\n' },
      { path: 'README.md', text: '' },
    ],
  },
}

function linkTargetExists(project: Project, target: string): boolean {
  if (target.startsWith('LICENSE-')) return true
  return project.some(({ path }) => path === target || path.startsWith(`${target}/`))
}

export const decisionsAreLinked: Rule = {
  title: 'every page of docs/decisions is linked from another page',
  help: 'Link it where the reader meets the decision, at least from ARCHITECTURE.md.',
  check: (project) => {
    const linked = new Set(
      filesOf(project, /\.md$/).flatMap(({ path, text }) =>
        links(path, text).flatMap(({ target }) => (target === path ? [] : [target])),
      ),
    )
    return filesOf(project, /\.md$/, 'docs/decisions/')
      .map(({ path }) => path)
      .filter((path) => !linked.has(path))
  },
  bad: { 'a lonely page': sample('docs/decisions/log.md', '# Log\n') },
}
