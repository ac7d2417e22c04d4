// Facts about this checkout that several scripts need. Built-in modules only: it runs before npm.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** File name of the addon for the machine this runs on, as the loader spells it. */
export function addonName() {
  const { platform, arch } = process
  const suffix = { linux: isMusl() ? '-musl' : '-gnu', win32: '-msvc' }[platform] ?? ''
  return `sutra-storage.${platform}-${arch}${suffix}.node`
}

function isMusl() {
  return process.report.getReport().header.glibcVersionRuntime === undefined
}

/** Ends the process with one line that says what is wrong and what to do. */
export function fail(message) {
  console.error(`error: ${message}`)
  process.exit(1)
}
