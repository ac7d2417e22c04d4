// Translates benchmark/ into .bench/, from where the benchmarks and the long proofs run.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './project.mjs'

export const SOURCES = join(ROOT, 'benchmark')
/** As deep as the sources are, so that paths from there to the project are the same. */
export const BUILT = join(ROOT, '.bench')

/** A loader that translates while it loads would translate the package as well, and slow it. */
export async function translateSources() {
  const { default: ts } = await import('typescript')
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  }
  for (const file of readdirSync(SOURCES, { recursive: true })) {
    if (!file.endsWith('.ts') || file.includes('node_modules')) continue
    const text = readFileSync(join(SOURCES, file), 'utf8')
    const { outputText } = ts.transpileModule(text, { compilerOptions })
    const path = join(BUILT, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, outputText)
  }
}
