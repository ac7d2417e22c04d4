// `npm run bench`: builds what is missing, installs the stores we compare with, and measures.
// `npm run bench -- --quick`, `--only <question>`, `--million`, `--write-docs`: see
// docs/benchmarks.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUILT, SOURCES, translateSources } from './benchmark-sources.mjs'
import { bootstrap } from './bootstrap.mjs'
import { ROOT } from './project.mjs'

const PEERS = join(SOURCES, 'peers')

/** Peers that come as sources: their own scripts fetch a binary or compile one. */
const COMPILED = ['better-sqlite3', 'hnswlib-node']

/** Without the network, or a compiler, the benchmarks go on, only without the comparison. */
function installPeers() {
  if (arePeersInstalled()) return
  console.error('> installing the stores we compare with into benchmark/peers')
  const isInstalled = npm('ci', '--ignore-scripts', '--loglevel=error')
  if (!isInstalled) console.error('warning: npm ci failed in benchmark/peers: no comparison')
  else if (!npm('rebuild', ...COMPILED, '--loglevel=error')) {
    console.error(`warning: npm rebuild failed in benchmark/peers: no ${COMPILED.join(', no ')}`)
  }
}

/** Whether each peer is there in the version that package.json pins. */
function arePeersInstalled() {
  const { dependencies } = readManifest(PEERS)
  return Object.entries(dependencies).every(([name, version]) => {
    const folder = join(PEERS, 'node_modules', name)
    return existsSync(join(folder, 'package.json')) && readManifest(folder).version === version
  })
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

function npm(...args) {
  const shell = process.platform === 'win32'
  const options = { cwd: PEERS, shell, stdio: ['ignore', 'ignore', 'inherit'] }
  return spawnSync('npm', args, options).status === 0
}

bootstrap()
installPeers()
await translateSources()
const args = [join(BUILT, 'main.js'), ...process.argv.slice(2)]
const measuring = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
measuring.once('close', (code) => {
  process.exitCode = code ?? 1
})
