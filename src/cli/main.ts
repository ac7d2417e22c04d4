#!/usr/bin/env node
// The `sutra` command.
import { runCli } from './run.js'

// The exit code is set, not forced: output that is still on its way to a pipe must arrive.
process.exitCode = await runCli(process.argv.slice(2), {
  process,
  stdin: process.stdin,
  stderr: process.stderr,
  environment: process.env,
})
