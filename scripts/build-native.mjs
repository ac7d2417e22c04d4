// Builds the addon with cargo and puts it at the package root, where the loader looks first.
// cargo decides whether there is anything to do; `--debug` builds the quick, slow-running one.
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT, addonName, fail } from './project.mjs'

const debug = process.argv.includes('--debug')
const args = ['build', '-p', 'sutra-node', '--message-format=json-render-diagnostics', '--locked']
if (!debug) args.push('--release')

const cargo = spawn('cargo', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
let library
for await (const line of createInterface({ input: cargo.stdout })) {
  if (!line.startsWith('{')) continue
  const message = JSON.parse(line)
  if (message.reason === 'compiler-artifact' && message.target.name === 'sutra_node') {
    library = message.filenames.find((name) => /\.(so|dylib|dll)$/.test(name)) ?? library
  }
}
const code = await new Promise((done) => {
  if (cargo.exitCode === null) cargo.once('close', done)
  else done(cargo.exitCode)
})
if (code !== 0) fail('the native addon does not build: see the compiler messages above')
if (library === undefined) fail('cargo built no library for the package sutra-node')
install(library, join(ROOT, addonName()))

/** A rename, so that a process which has the old addon mapped keeps the old file. */
function install(from, to) {
  const built = statSync(from)
  const present = existsSync(to) ? statSync(to) : undefined
  // The copy keeps the time of the original: equal means the same build, of either profile.
  if (present?.size === built.size && present.mtime.getTime() === built.mtime.getTime()) return
  const temporary = `${to}.${process.pid}.tmp`
  copyFileSync(from, temporary)
  utimesSync(temporary, built.atime, built.mtime)
  renameSync(temporary, to)
  console.log(`built ${addonName()} (${(built.size / 1e6).toFixed(1)} MB)`)
}
