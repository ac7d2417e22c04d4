// The nightly Rust that some proofs need; SUTRA_NIGHTLY chooses which one.
import { spawnSync } from 'node:child_process'
import { fail } from './project.mjs'

/** Name of the toolchain, as rustup knows it. */
export const NIGHTLY = process.env.SUTRA_NIGHTLY ?? 'nightly'

/** Ends the process when the toolchain has no such cargo command, and says how to get both. */
export function needNightly(command, install) {
  const probe = spawnSync('cargo', [`+${NIGHTLY}`, command, '--version'])
  if (probe.status === 0) return
  fail(`this proof needs "rustup toolchain install ${NIGHTLY}" and "${install}"`)
}
