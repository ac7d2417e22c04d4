// docs/guarantees.md names the tests that prove each promise: they exist under exactly that name.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import ts from 'typescript'
import { ROOT } from './tidy/project.js'

interface Reference {
  readonly file: string
  readonly title: string
}

interface Page {
  /** Headings of promises, each with its tests. */
  readonly promises: ReadonlyMap<string, readonly Reference[]>
  /** Names of npm scripts. */
  readonly scripts: readonly string[]
}

const REFERENCE = /^- \[`([^`]+)`\]\(\.\.\/([^)]+)\): (.+)$/
const COMMAND = /^- `npm run ([\w:]+)[^`]*`: /

function readPage(text: string): Page {
  const promises = new Map<string, Reference[]>()
  const scripts: string[] = []
  let current: Reference[] = []
  for (const line of text.split('\n')) {
    if (/^## \d+\. /.test(line)) promises.set(line, (current = []))
    const [, name, file = '', title = ''] = REFERENCE.exec(line) ?? []
    if (name !== undefined && name === file) current.push({ file, title })
    const script = COMMAND.exec(line)?.[1]
    if (script !== undefined) scripts.push(script)
  }
  return { promises, scripts }
}

/** Titles of the tests of a file; those of a template as they stand in the source. */
function titlesOf(path: string, text: string): string[] {
  if (path.endsWith('.rs')) {
    return [...text.matchAll(/#\[test\]\s+(?:#\[[^\]]*\]\s+)*fn (\w+)\(/g)].map(
      (found) => found[1]!,
    )
  }
  const titles: string[] = []
  const visit = (node: ts.Node): void => {
    const title = ts.isCallExpression(node) && isTest(node) ? node.arguments[0] : undefined
    if (title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) {
      titles.push(title.getText().slice(1, -1))
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return titles
}

/** A call with a title and a function, by whatever name: some are skipped where they cannot run. */
function isTest(call: ts.CallExpression): boolean {
  const last = call.arguments.at(-1)
  return call.arguments.length === 2 && last !== undefined && ts.isArrowFunction(last)
}

function problemOf({ file, title }: Reference): string | undefined {
  const path = join(ROOT, file)
  if (!existsSync(path)) return `${file} does not exist`
  const isThere = titlesOf(file, readFileSync(path, 'utf8')).includes(title)
  return isThere ? undefined : `${file} has no test "${title}"`
}

const text = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8')
const page = readPage(text)

test('every test that docs/guarantees.md names exists', (t) => {
  const references = [...page.promises.values()].flat()
  t.true(references.length > 30)
  t.deepEqual(references.map(problemOf).filter(Boolean), [])
})

test('every promise of docs/guarantees.md names a test, and no line names one in another form', (t) => {
  for (const [heading, references] of page.promises) t.true(references.length > 0, heading)
  const promised = text.split('\n## Not yet')[0] ?? ''
  const lines = promised.split('\n').filter((line) => line.startsWith('- '))
  t.deepEqual(
    lines.filter((line) => !REFERENCE.test(line) && !COMMAND.test(line)),
    [],
  )
})

test('every command that docs/guarantees.md names exists', (t) => {
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8')
  const { scripts } = JSON.parse(manifest) as { scripts: Record<string, string> }
  t.true(page.scripts.length > 0)
  t.deepEqual(
    page.scripts.filter((name) => !(name in scripts)),
    [],
  )
})

test('a test that does not exist is seen', (t) => {
  const here = '__test__/guarantees.spec.ts'
  const gone = 'a test nobody wrote'
  t.is(problemOf({ file: here, title: 'a test that does not exist is seen' }), undefined)
  t.is(problemOf({ file: here, title: gone }), `${here} has no test "${gone}"`)
  t.is(problemOf({ file: 'absent.rs', title: 'a' }), 'absent.rs does not exist')
  t.deepEqual(titlesOf('a.rs', '#[test]\n#[cfg(unix)]\nfn one() {}\nfn two() {}\n'), ['one'])
})
