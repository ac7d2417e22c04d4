// Runs one command, shows its output as it comes, and hands the lines to whoever counts tests.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ROOT } from './project.mjs'

/**
 * @param {string} command
 * @param {string[]} args
 * @param {(line: string) => void} onLine
 * @returns {Promise<number>} the exit code; 1 for a signal or a command that does not start
 */
export async function runLines(command, args, onLine, options = {}) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const ended = new Promise((done) => {
    child.once('error', (error) => {
      console.error(`error: ${command} does not start: ${error.message}`)
      done(1)
    })
    child.once('close', (code) => done(code ?? 1))
  })
  const show = (stream, target) =>
    createInterface({ input: stream }).on('line', (line) => {
      target.write(`${line}\n`)
      onLine(line)
    })
  show(child.stdout, process.stdout)
  show(child.stderr, process.stderr)
  return ended
}

/** `1 min 3 s`, `4.2 s`. */
export function duration(ms) {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
