// The npm packages installed in a folder: their manifests and READMEs, without their code.

import { readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { PackageFacts } from './extracted.js'
import { packageJsonFacts } from './extract/package-json.js'
import { packageLockFacts } from './extract/package-lock.js'
import { readFileUpTo } from './read-file.js'
import type { LearnProblem } from './report.js'
import { isAbsent, messageOf, type FoundFile } from './walk.js'

/** What is installed in a folder. */
export interface InstalledPackages {
  facts: PackageFacts[]
  /** One README for each package, even if several versions are installed. */
  readmes: FoundFile[]
  problems: LearnProblem[]
  /** False if there may be packages that could not be seen. */
  complete: boolean
}

/** Bytes of a manifest. */
const MANIFEST_BYTES_MAX = 1_000_000
const LOCK_FILE = 'package-lock.json'
/** Bytes of a lock file. */
const LOCK_BYTES_MAX = 100_000_000
const README = /^readme(?:\.(?:md|markdown|txt))?$/i

/**
 * Reads node_modules, nested ones too. Without node_modules, package-lock.json gives the graph.
 * `checkpoint` throws when the caller has aborted.
 */
export async function installedPackages(
  root: string,
  checkpoint: () => void,
): Promise<InstalledPackages> {
  const reader = new PackageReader(root, await realpath(root), checkpoint)
  await reader.modules('node_modules')
  if (reader.found.facts.length === 0) await reader.lockFile()
  return reader.found
}

class PackageReader {
  readonly found: InstalledPackages = {
    facts: [],
    readmes: [],
    problems: [],
    complete: true,
  }
  readonly #root: string
  readonly #rootReal: string
  readonly #checkpoint: () => void
  /** Folders read, by real path: links may lead to one folder from many places. */
  readonly #seen = new Set<string>()
  readonly #withReadme = new Set<string>()

  constructor(root: string, rootReal: string, checkpoint: () => void) {
    this.#root = root
    this.#rootReal = rootReal
    this.#checkpoint = checkpoint
  }

  /** Reads a node_modules folder. */
  async modules(path: string): Promise<void> {
    for (const name of await this.#names(path)) {
      if (name.startsWith('@')) {
        for (const scoped of await this.#names(`${path}/${name}`)) {
          await this.#package(`${path}/${name}/${scoped}`)
        }
      } else if (name === '.pnpm') {
        for (const place of await this.#names(`${path}/${name}`)) {
          await this.modules(`${path}/${name}/${place}/node_modules`)
        }
      } else if (!name.startsWith('.')) await this.#package(`${path}/${name}`)
    }
  }

  async lockFile(): Promise<void> {
    try {
      const read = await readFileUpTo(join(this.#root, LOCK_FILE), LOCK_BYTES_MAX)
      if (!('bytes' in read)) throw new Error(`larger than ${LOCK_BYTES_MAX} bytes`)
      this.found.facts.push(...packageLockFacts(new TextDecoder().decode(read.bytes)))
    } catch (error) {
      // A folder without packages has neither.
      if (!isAbsent(error)) this.#unseen(LOCK_FILE, error)
    }
  }

  async #package(path: string): Promise<void> {
    this.#checkpoint()
    const absolute = join(this.#root, path)
    if (!(await this.#isNew(path, absolute))) return
    const facts = await this.#manifest(path, absolute)
    if (facts === undefined) return
    this.found.facts.push(facts)
    const names = await this.#names(path)
    const readme = names.find((name) => README.test(name))
    if (readme !== undefined && !this.#withReadme.has(facts.key)) {
      this.#withReadme.add(facts.key)
      this.found.readmes.push({
        path: `${path}/${readme}`,
        absolute: join(absolute, readme),
        parentKey: facts.key,
      })
    }
    if (names.includes('node_modules')) await this.modules(`${path}/node_modules`)
  }

  async #manifest(path: string, absolute: string): Promise<PackageFacts | undefined> {
    try {
      const read = await readFileUpTo(join(absolute, 'package.json'), MANIFEST_BYTES_MAX)
      if (!('bytes' in read)) throw new Error(`larger than ${MANIFEST_BYTES_MAX} bytes`)
      const text = new TextDecoder().decode(read.bytes)
      // What a package was developed with is not installed with it.
      const facts = packageJsonFacts(text, { dev: false })
      if (facts === undefined) throw new Error('not the manifest of a package')
      return facts
    } catch (error) {
      const message = `package.json: ${messageOf(error)}`
      this.found.problems.push({ path, reason: 'unreadable', message })
      return undefined
    }
  }

  /** False for a folder read before, and for a link that leads out of the learned folder. */
  async #isNew(path: string, absolute: string): Promise<boolean> {
    let real: string
    try {
      real = await realpath(absolute)
    } catch (error) {
      this.found.problems.push({ path, reason: 'unreadable', message: messageOf(error) })
      return false
    }
    const inside = relative(this.#rootReal, real)
    if (inside === '..' || inside.startsWith(`..${sep}`)) {
      const message = 'a symbolic link out of the folder, not followed'
      this.found.problems.push({ path, reason: 'symlink', message })
      return false
    }
    if (this.#seen.has(real)) return false
    this.#seen.add(real)
    return true
  }

  async #names(path: string): Promise<string[]> {
    try {
      return (await readdir(join(this.#root, path))).toSorted()
    } catch (error) {
      // Not there, or a file among packages: no packages in it.
      if (!isAbsent(error)) this.#unseen(path, error)
      return []
    }
  }

  #unseen(path: string, error: unknown): void {
    this.found.problems.push({ path, reason: 'unreadable', message: messageOf(error) })
    this.found.complete = false
  }
}
