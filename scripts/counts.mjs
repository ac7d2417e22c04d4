// How many tests a runner ran, read from its own closing lines.

/** Sums over all the lines `test result: ok. 12 passed; 1 failed; 0 ignored; ...` of cargo. */
export function countCargo(counts, line) {
  const found = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line)
  if (found === null) return
  add(counts, Number(found[1]), Number(found[2]), Number(found[3]))
}

/** TAP: one `ok` or `not ok` a test; `# SKIP` marks what did not run. */
export function countTap(counts, line) {
  const found = /^(not )?ok \d+(.*)$/.exec(line)
  if (found === null) return
  if (/# SKIP/.test(found[2])) add(counts, 0, 0, 1)
  else if (found[1] === undefined) add(counts, 1, 0, 0)
  else add(counts, 0, 1, 0)
}

/** The simulation: every seed is one test, and it stops at the first that fails. */
export function countSim(counts, line) {
  const seeds = /^(\d+) seeds, \d+ crashes/.exec(line)
  if (seeds !== null) add(counts, Number(seeds[1]), 0, 0)
  else if (/^seed \d+ fails: /.test(line)) add(counts, -1, 1, 0)
}

/** Our own runners close with `name: 10000 passed, 0 failed`. */
export function countPlain(counts, line) {
  const found = /^(?:[\w-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  if (found === null) return
  add(counts, Number(found[1]), Number(found[2]), Number(found[3] ?? 0))
}

function add(counts, passed, failed, skipped) {
  counts.passed += passed
  counts.failed += failed
  counts.skipped += skipped
}
