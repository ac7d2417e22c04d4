// `npm run bench`: builds what is missing, installs the stores we compare with, and measures.
// `npm run bench -- --quick`, `--only <question>`, `--write-docs`: see docs/benchmarks.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bootstrap } from './bootstrap.mjs'
import { ROOT } from './project.mjs'

const SOURCES = join(ROOT, 'benchmark')
const PEERS = join(SOURCES, 'peers')
/** As deep as the sources are, so that paths from there to the project are the same. */
const BUILT = join(ROOT, '.bench')

/** Without the network the benchmarks go on, only without the comparison. */
function installPeers() {
  if (existsSync(join(PEERS, 'node_modules/lmdb/package.json'))) return
  console.error('> installing the stores we compare with into benchmark/peers')
  const shell = process.platform === 'win32'
  const options = { cwd: PEERS, shell, stdio: ['ignore', 'ignore', 'inherit'] }
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], options)
  if (status !== 0) console.error('warning: npm ci failed in benchmark/peers: no comparison')
}

/** A loader that translates while it loads would translate the package as well, and slow it. */
async function translateSources() {
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

bootstrap()
installPeers()
await translateSources()
const args = [join(BUILT, 'main.js'), ...process.argv.slice(2)]
const measuring = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
measuring.once('close', (code) => {
  process.exitCode = code ?? 1
})
