#!/usr/bin/env node
// The `sutra-storage-check` command: `sutra check` under the name that operators know.
import { runCli } from './run.js'

// The exit code is set, not forced: output that is still on its way to a pipe must arrive.
process.exitCode = await runCli(['check', ...process.argv.slice(2)], {
  process,
  stdin: process.stdin,
  stderr: process.stderr,
  environment: process.env,
})
