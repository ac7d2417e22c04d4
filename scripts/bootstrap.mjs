// Brings a checkout, even a fresh clone, to where everything runs: npm packages, the native addon,
// the TypeScript build. Does only what is missing or out of date, so it is quick the second time.
// Built-in modules only: nothing is installed yet when it runs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT, addonName, fail } from './project.mjs'

const NODE_MIN = [20, 19]
const PACKAGES_STAMP = join(ROOT, 'node_modules/.sutra-lock')
const DIST_STAMP = join(ROOT, 'node_modules/.sutra-dist')

/** Installs and builds what is missing. Ends the process with one line if it cannot. */
export function bootstrap() {
  checkNode()
  const compilers = checkCompilers()
  installPackages()
  if (compilers) buildAddon()
  buildTypeScript()
}

/** Only what linters and formatters need. */
export function bootstrapPackages() {
  checkNode()
  installPackages()
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return
  const wanted = NODE_MIN.join('.')
  fail(
    `Node ${wanted} or newer is needed, this is ${process.versions.node}: see https://nodejs.org`,
  )
}

function installPackages() {
  const wanted = digest([join(ROOT, 'package-lock.json'), join(ROOT, 'package.json')])
  if (readIfThere(PACKAGES_STAMP) === wanted) return
  step('installing npm packages', () => {
    const npm = process.env.npm_execpath
    const ran = npm?.endsWith('.js')
      ? run(process.execPath, [npm, 'ci'])
      : run('npm', ['ci'], { shell: process.platform === 'win32' })
    if (ran !== 0) fail('npm ci failed: see above; it needs the npm registry')
  })
  writeFileSync(PACKAGES_STAMP, wanted)
}

/** False if the addon cannot be built but is here; without either there is no way on. */
function checkCompilers() {
  useCargoFromHome()
  const problem = toolchainProblem()
  if (problem === undefined) return true
  if (!existsSync(join(ROOT, addonName()))) fail(problem)
  console.error(`warning: ${problem}; going on with the ${addonName()} that is here`)
  return false
}

function buildAddon() {
  if (existsSync(join(ROOT, addonName()))) runAddonBuild()
  else step('building the native addon, some minutes the first time', runAddonBuild)
}

function runAddonBuild() {
  const ran = run(process.execPath, [join(ROOT, 'scripts/build-native.mjs')])
  if (ran !== 0) process.exit(1)
}

/** rustup puts cargo where a shell started before it does not look. */
function useCargoFromHome() {
  const folder = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin')
  if (existsSync(folder)) process.env.PATH = `${process.env.PATH}${delimiter}${folder}`
}

function toolchainProblem() {
  const wanted = /rust-version = "([\d.]+)"/.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'))[1]
  const cargo = output('cargo', ['--version'])
  const rustc = output('rustc', ['--version'])
  if (cargo === undefined || rustc === undefined) {
    return `no Rust compiler found: install Rust ${wanted} or newer with https://rustup.rs`
  }
  const found = /(\d+)\.(\d+)/.exec(rustc) ?? ['0.0', '0', '0']
  const [major, minor] = wanted.split('.').map(Number)
  if (Number(found[1]) < major || (Number(found[1]) === major && Number(found[2]) < minor)) {
    return `Rust ${wanted} or newer is needed, this is ${found[0]}: run "rustup update stable"`
  }
  if (process.platform === 'win32' || process.env.CC || process.env.HOST_CC) return undefined
  if (output('cc', ['--version']) !== undefined) return undefined
  const how =
    process.platform === 'darwin' ? 'xcode-select --install' : 'apt-get install build-essential'
  return `no C compiler (cc) found: install one, for example with "${how}"`
}

function buildTypeScript() {
  const settings = [
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/build-ts.mjs',
    'package-lock.json',
  ]
  const files = [...filesUnder(join(ROOT, 'src')), ...settings.map((name) => join(ROOT, name))]
  const wanted = digest(files)
  if (existsSync(join(ROOT, 'dist/index.js')) && readIfThere(DIST_STAMP) === wanted) return
  step('compiling TypeScript', () => {
    const ran = run(process.execPath, [join(ROOT, 'scripts/build-ts.mjs')])
    if (ran !== 0) fail('the TypeScript sources do not compile: see the messages above')
  })
  writeFileSync(DIST_STAMP, wanted)
}

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

function digest(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  return hash.digest('hex')
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function step(title, work) {
  const start = performance.now()
  console.log(`> ${title}`)
  work()
  console.log(`  done in ${((performance.now() - start) / 1000).toFixed(1)} s`)
}

function run(command, args, options = {}) {
  const ran = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  })
  return ran.status ?? 1
}

function output(command, args) {
  const ran = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' })
  return ran.status === 0 ? ran.stdout : undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) bootstrap()
