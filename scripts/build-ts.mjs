// Builds dist/: ESM (.js, .d.ts) by the compiler, then the same modules as CommonJS (.cjs, .d.cts).
// Both lie side by side, so that every path relative to a module is the same in both formats.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
const DIST = join(ROOT, 'dist')
const SRC = join(ROOT, 'src')
/** What may be required: the exports of package.json. Commands run as ESM only. */
const ENTRIES = ['index.ts', 'server/index.ts', 'learn/index.ts', 'transfer/index.ts']

/** Names that every CommonJS module has already. */
const RESERVED = new Set(['require', 'module', 'exports', '__filename', '__dirname'])

/** The CommonJS spelling of what `import.meta` offers. */
const META = {
  url: `require('node:url').pathToFileURL(__filename).href`,
  filename: '__filename',
  dirname: '__dirname',
}

function compileEsm() {
  rmSync(DIST, { recursive: true, force: true })
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const run = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  if (run.status !== 0) process.exit(run.status ?? 1)
}

/** Paths in src/ of the entries and of all that they import. */
function commonJsSources() {
  const seen = new Set()
  const open = [...ENTRIES]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const text = readFileSync(join(SRC, path), 'utf8')
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue
      open.push(posix.join(posix.dirname(path), fileName).replace(/\.js$/, '.ts'))
    }
  }
  return seen
}

/** Relative specifiers get the extension of the format, `import.meta` its CommonJS spelling. */
function toCommonJs(context) {
  const { factory } = context
  const visit = (node) => {
    if (ts.isStringLiteral(node) && isSpecifier(node)) {
      return factory.createStringLiteral(commonJsSpecifier(node.text), true)
    }
    if (ts.isVariableDeclaration(node) && RESERVED.has(node.name.getText())) {
      throw new Error(`${node.name.getText()} cannot be declared in a CommonJS module`)
    }
    if (ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression)) {
      const text = META[node.name.text]
      if (text === undefined) {
        throw new Error(`import.meta.${node.name.text} has no CommonJS form`)
      }
      return factory.createIdentifier(text)
    }
    return ts.visitEachChild(node, visit, context)
  }
  return (file) => ts.visitNode(file, visit)
}

function isSpecifier(node) {
  const { parent } = node
  if (parent === undefined) return false
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true
  return ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword
}

function commonJsSpecifier(text) {
  return text.startsWith('.') ? text.replace(/\.js$/, '.cjs') : text
}

function emitCommonJs(path) {
  const text = readFileSync(join(SRC, path), 'utf8')
  // The .cts name makes the compiler emit CommonJS and yet keep `import()` of ESM-only packages.
  const output = ts.transpileModule(text, {
    fileName: path.replace(/\.ts$/, '.cts'),
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      esModuleInterop: true,
      isolatedModules: true,
      stripInternal: true,
    },
    transformers: { before: [toCommonJs] },
  })
  const problem = output.diagnostics?.[0]
  if (problem)
    throw new Error(`${path}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`)
  writeFileSync(join(DIST, path.replace(/\.ts$/, '.cjs')), output.outputText)
  const types = readFileSync(join(DIST, path.replace(/\.ts$/, '.d.ts')), 'utf8')
  writeFileSync(
    join(DIST, path.replace(/\.ts$/, '.d.cts')),
    types.replace(/((?:from|import) ?\(?['"]\.[^'"]*)\.js(?=['"])/g, '$1.cjs'),
  )
}

compileEsm()
for (const path of commonJsSources()) emitCommonJs(path)
for (const name of ['main.js', 'check-main.js']) {
  const cli = join(DIST, 'cli', name)
  if (existsSync(cli)) chmodSync(cli, 0o755)
}
