// `npm run bench`: builds what is missing, installs the stores we compare with, and measures.
// `npm run bench -- --quick`, `--only <question>`, `--million`, `--write-docs`: see
// docs/benchmarks.md.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BUILT, SOURCES, translateSources } from './benchmark-sources.mjs'
import { bootstrap } from './bootstrap.mjs'
import { ROOT } from './project.mjs'

const PEERS = join(SOURCES, 'peers')

/** Without the network the benchmarks go on, only without the comparison. */
function installPeers() {
  if (existsSync(join(PEERS, 'node_modules/lmdb/package.json'))) return
  console.error('> installing the stores we compare with into benchmark/peers')
  const shell = process.platform === 'win32'
  const options = { cwd: PEERS, shell, stdio: ['ignore', 'ignore', 'inherit'] }
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], options)
  if (status !== 0) console.error('warning: npm ci failed in benchmark/peers: no comparison')
}

bootstrap()
installPeers()
await translateSources()
const args = [join(BUILT, 'main.js'), ...process.argv.slice(2)]
const measuring = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
measuring.once('close', (code) => {
  process.exitCode = code ?? 1
})
