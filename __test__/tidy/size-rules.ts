import ts from 'typescript'
import { filesOf, isTest, lineAt, sample, type Project, type Rule } from './rule.js'
import { blankRust, rustFunctions, testModules } from './rust-text.js'

const CODE = /\.(rs|ts|mjs)$/
const FILE_LINES_MAX = 600
const FUNCTION_LINES_MAX = 70
const LINE_COLUMNS_MAX = 100
/** Columns beside the longest text of a line that is over the width. */
const CODE_COLUMNS_MAX = 50

/** Lines of a file that are not tests. */
function lineCount(path: string, text: string): number {
  let count = text.split('\n').length - 1
  if (!path.endsWith('.rs')) return count
  const blank = blankRust(text)
  for (const { start, end } of testModules(blank)) count -= lineAt(text, end) - lineAt(text, start)
  return count
}

export const fileLength: Rule = {
  title: `a file has at most ${FILE_LINES_MAX} lines`,
  help: 'Find the second noun in the file and give it a file of its own.',
  check: (project) =>
    filesOf(project, CODE)
      .filter(({ path }) => !isTest(path))
      .map(({ path, text }) => ({ path, count: lineCount(path, text) }))
      .filter(({ count }) => count > FILE_LINES_MAX)
      .map(({ path, count }) => `${path} has ${count} lines`),
  bad: {
    'a long Rust file': sample('crates/store/src/a.rs', 'const A: u8 = 1;\n'.repeat(601)),
    'a long script': sample('scripts/a.mjs', 'run()\n'.repeat(601)),
  },
  good: {
    'tests are not counted': sample(
      'crates/store/src/a.rs',
      `#[cfg(test)]\nmod tests {\n${'const A: u8 = 1;\n'.repeat(700)}}\n`,
    ),
  },
}

function longRustFunctions(path: string, text: string): string[] {
  const blank = blankRust(text)
  const tests = testModules(blank)
  const offences: string[] = []
  for (const { name, start, end } of rustFunctions(blank)) {
    if (tests.some((module) => start > module.start && start < module.end)) continue
    const lines = lineAt(text, end) - lineAt(text, start) + 1
    if (lines > FUNCTION_LINES_MAX) offences.push(offence(path, text, start, name, lines))
  }
  return offences
}

function longTypeScriptFunctions(path: string, text: string): string[] {
  const offences: string[] = []
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const start = node.getStart()
      const lines = lineAt(text, node.getEnd()) - lineAt(text, start) + 1
      const name = node.name?.getText() ?? 'a function'
      if (lines > FUNCTION_LINES_MAX) offences.push(offence(path, text, start, name, lines))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return offences
}

function offence(path: string, text: string, at: number, name: string, lines: number): string {
  return `${path}:${lineAt(text, at)} ${name} has ${lines} lines`
}

export const functionLength: Rule = {
  title: `a function has at most ${FUNCTION_LINES_MAX} lines`,
  help: 'Keep the branches in the parent and move the plain work into named children.',
  check: (project: Project) =>
    filesOf(project, CODE)
      .filter(({ path }) => !isTest(path))
      .flatMap(({ path, text }) =>
        path.endsWith('.rs') ? longRustFunctions(path, text) : longTypeScriptFunctions(path, text),
      ),
  bad: {
    'a long Rust function': sample(
      'crates/store/src/a.rs',
      `fn long(a: [u8; 2]) -> u8 {\n${'    work("}");\n'.repeat(70)}}\n`,
    ),
    'a long method': sample(
      'src/a.ts',
      `class A {\n  run() {\n${'    work()\n'.repeat(70)}  }\n}\n`,
    ),
    'a long arrow function': sample('src/a.ts', `const a = () => {\n${'  work()\n'.repeat(70)}}\n`),
  },
  good: {
    'exactly at the limit': sample('src/a.ts', `function a() {\n${'  work()\n'.repeat(68)}}\n`),
    'a brace in a string': sample('crates/a/src/a.rs', `fn a() { b("{") }\n${'// c\n'.repeat(90)}`),
  },
}

/** Start and end (excluded) of every string and template of a TypeScript file. */
function strings(path: string, text: string): { start: number; end: number }[] {
  if (path.endsWith('.rs') || path.endsWith('.sh')) return []
  const found: { start: number; end: number }[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      found.push({ start: node.getStart(), end: node.getEnd() })
    } else ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return found
}

/** Lines over the width, unless most of it is a text for people: no formatter breaks those. */
function longLines(path: string, text: string): string[] {
  let known: ReturnType<typeof strings> | undefined
  let at = 0
  const offences: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const from = at
    const to = at + line.length
    at = to + 1
    const columns = [...line].length
    if (columns <= LINE_COLUMNS_MAX) continue
    known ??= strings(path, text)
    const inStrings = known.map(({ start, end }) => Math.min(end, to) - Math.max(start, from))
    if (columns - Math.max(0, ...inStrings) <= CODE_COLUMNS_MAX) continue
    offences.push(`${path}:${index + 1} has ${columns} columns`)
  }
  return offences
}

export const lineLength: Rule = {
  title: `a line has at most ${LINE_COLUMNS_MAX} columns`,
  help: 'Run npm run format; break comments by hand.',
  check: (project) =>
    filesOf(project, /\.(rs|ts|mjs|js|sh)$/).flatMap(({ path, text }) => longLines(path, text)),
  bad: {
    'a long comment': sample('src/a.ts', `// ${'x'.repeat(98)}\n`),
    'a long expression': sample('src/a.ts', `const a = ${'b + '.repeat(30)}'c'\n`),
    'a long string in Rust': sample('crates/a/src/a.rs', `a("${'x'.repeat(98)}");\n`),
  },
  good: {
    'wide characters count once': sample('src/a.ts', `// ${'é'.repeat(97)}\n`),
    'a text for people': sample('src/a.ts', `throw new Error('${'x '.repeat(60)}')\n`),
  },
}
