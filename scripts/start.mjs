// `npm start`: builds what is missing, learns this repository and its installed packages into
// ./data, and serves that over HTTP. A second start learns only what changed since.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bootstrap } from './bootstrap.mjs'
import { ROOT, fail } from './project.mjs'

const CLI = join(ROOT, 'dist/cli/main.js')
const DATA = './data'
/** The exit code that says that some files were reported and left out. */
const LEARNED_PARTLY = 5
const PORT = process.env.HTTP_PORT ?? '8000'

function sutra(args, stdio = 'inherit') {
  return spawn(process.execPath, [CLI, ...args], { cwd: ROOT, stdio })
}

function ended(child) {
  return new Promise((done) => child.once('close', (code) => done(code ?? 1)))
}

async function learn() {
  console.log(`> learning this repository and its packages into ${DATA}`)
  const code = await ended(sutra(['learn', '.', '--packages', '--data', DATA]))
  if (code !== 0 && code !== LEARNED_PARTLY)
    fail(`learning ended with exit code ${code}: see above`)
}

async function serve() {
  const options = ['--data', DATA, '--port', PORT, '--log-level', 'warn']
  const server = sutra(['serve', ...options], ['ignore', 'pipe', 'inherit'])
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal))
  stopWithParent(server)
  createInterface({ input: server.stdout }).on('line', (line) => {
    console.log(line)
    if (line.startsWith('listening on ')) tryThese()
  })
  process.exitCode = await ended(server)
}

/** npm starts a shell that does not pass SIGTERM on: its end is the only sign of one. */
function stopWithParent(server) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    server.kill('SIGTERM')
  }, 500)
  watch.unref()
}

function tryThese() {
  const url = `http://127.0.0.1:${PORT}`
  const json = "-H 'content-type: application/json' -d"
  const search = JSON.stringify({ query: 'group commit with one sync', top_k: 3 })
  const learn = JSON.stringify({ content: 'Aspirin inhibits COX-1' })
  console.log(`
Try, in another terminal:
  curl ${url}/stats
  curl ${url}/search ${json} '${search}'
  curl ${url}/learn ${json} '${learn}'

Ctrl-C stops it.`)
}

bootstrap()
await learn()
await serve()
