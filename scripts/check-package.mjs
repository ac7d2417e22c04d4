// Packs the package, installs the tarball into an empty folder, and uses it from there as ESM and
// as CommonJS; then publint and "are the types wrong" look at the same tarball.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './project.mjs'

const USE = `
const store = await openStore('./memory', { vectorDimension: 3 })
const { id } = await store.learn({ content: 'packed', vector: [1, 0, 0] })
if (store.get(id)?.content !== 'packed') throw new Error('the concept does not come back')
await store.close()
const refused = await openStore('').catch((error) => error)
if (!(refused instanceof SutraError)) throw new Error('the error is not a SutraError')
`

const FILES_WANTED = /^(dist\/.+\.(js|cjs|d\.ts|d\.cts)|sutra-storage\.[\w-]+\.node)$/
const FILES_NAMED = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE-MIT', 'LICENSE-APACHE']

const folder = mkdtempSync(join(tmpdir(), 'sutra-package-'))
const counts = { passed: 0, failed: 0 }
try {
  const tarball = pack()
  check('only what is needed is packed', () => onlyWanted(tarball.files))
  check('installs into an empty folder', () => install(tarball.file))
  check('is imported as ESM', () => useFrom('use.mjs', esm()))
  check('is required as CommonJS', () => useFrom('use.cjs', commonJs()))
  check('has the command sutra', () => run('npx', ['--no-install', 'sutra', '--help'], folder))
  check('publint finds nothing', () => tool('publint/src/cli.js', ['--strict', tarball.file]))
  check('the types are right', () =>
    tool('@arethetypeswrong/cli/dist/index.js', ['--profile', 'node16', tarball.file]),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`package: ${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

function check(title, work) {
  try {
    work()
    counts.passed++
    console.log(`ok: ${title}`)
  } catch (error) {
    counts.failed++
    console.error(`failed: ${title}: ${error.message}`)
  }
}

function pack() {
  const output = run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    ROOT,
  )
  const parsed = JSON.parse(output.slice(output.search(/^[[{]/m)))
  const [packed] = Object.values(parsed)
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  return { file: join(folder, file), files: packed.files.map((entry) => entry.path) }
}

function onlyWanted(files) {
  const surplus = files.filter((path) => !FILES_WANTED.test(path) && !FILES_NAMED.includes(path))
  if (surplus.length > 0) throw new Error(`also packed: ${surplus.join(', ')}`)
  const missing = FILES_NAMED.filter((path) => !files.includes(path))
  if (missing.length > 0) throw new Error(`not packed: ${missing.join(', ')}`)
}

/** Offline if npm's cache has the dependencies, which it has right after `npm ci`. */
function install(tarball) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const options = ['--omit=dev', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  run('npm', ['install', ...options, tarball], folder)
}

function esm() {
  return `import { SutraError, openStore } from 'sutra-storage'
import * as server from 'sutra-storage/server'
if (Object.keys(server).length === 0) throw new Error('sutra-storage/server exports nothing')
${USE}`
}

function commonJs() {
  return `const { SutraError, openStore } = require('sutra-storage')
const server = require('sutra-storage/server')
if (Object.keys(server).length === 0) throw new Error('sutra-storage/server exports nothing')
async function use() {${USE}}
use().catch((error) => { console.error(error); process.exit(1) })
`
}

function useFrom(name, text) {
  writeFileSync(join(folder, name), text)
  run(process.execPath, [name], folder)
  rmSync(join(folder, 'memory'), { recursive: true, force: true })
}

function tool(script, args) {
  run(process.execPath, [join(ROOT, 'node_modules', script), ...args], ROOT)
}

function run(command, args, cwd) {
  const shell = process.platform === 'win32' && command !== process.execPath
  const ran = spawnSync(command, args, { cwd, encoding: 'utf8', shell, maxBuffer: 1 << 26 })
  if (ran.status === 0) return ran.stdout
  const said = `${ran.stdout ?? ''}${ran.stderr ?? ''}`.trim() || String(ran.error)
  throw new Error(`${command} ${args.join(' ')} ended with ${ran.status}:\n${said}`)
}
