// The main job: a folder of documents becomes concepts and associations.
//
// The files say what shall be there; the store says what is there; the difference is written.
// Nothing is remembered anywhere else, so a run that dies at any point leaves nothing behind that
// the next run does not see and put right.

import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { SutraError } from '../errors.js'
import type { Attributes, Store } from '../types.js'
import { AssociationWriter } from './association-writer.js'
import { collectionName } from './collection-name.js'
import { ConceptWriter } from './concept-writer.js'
import { Desired } from './desired.js'
import { extract, extractorFor } from './extract/index.js'
import type { Extracted, ExtractedAssociation } from './extracted.js'
import { installedPackages } from './installed-packages.js'
import { documentKey, folderKey, parentFolderKey } from './keys.js'
import { learnSettings, type LearnOptions, type LearnPhase, type LearnSettings } from './options.js'
import { PackageGraph } from './package-graph.js'
import { readFileUpTo } from './read-file.js'
import { addProblem, emptyReport, type LearnProblem, type LearnReport } from './report.js'
import { shorten } from './split-text.js'
import { sweep } from './sweep.js'
import { messageOf, walkFolder, type FoundFile, type FoundFolder } from './walk.js'

/**
 * Learns a folder: Markdown by section, text, JSON, doc comments of source files, with the
 * associations they hold. docs/learn.md says what becomes what. A second run writes only what
 * changed and removes what is gone; a run that was aborted or died is completed by the next one.
 *
 * Files that are not read are counted and listed in the report. Memory: the keys and associations
 * of all concepts, and the contents of a few batches.
 *
 * @throws ERR_INVALID for an option or a path that is not a folder, ERR_NOT_FOUND if there is
 * none, ERR_CONFLICT if another folder has its name, ERR_ABORTED, and what the store throws.
 */
export async function learnFolder(
  store: Store,
  folder: string,
  options: LearnOptions = {},
): Promise<LearnReport> {
  const started = performance.now()
  const settings = learnSettings(options)
  const root = await folderOf(folder)
  const name = collectionName(store, root, settings.namespace, settings.name)
  const run = new LearnRun(store, root, settings, emptyReport(root, name, settings.namespace))
  const report = await run.run()
  report.tookMs = performance.now() - started
  return report
}

class LearnRun {
  readonly #store: Store
  readonly #root: string
  readonly #settings: LearnSettings
  readonly #report: LearnReport
  readonly #marker: string
  readonly #desired = new Desired()
  readonly #packages = new PackageGraph()
  readonly #concepts: ConceptWriter
  readonly #associations: AssociationWriter
  /** Keys of documents and folders there may be: what an import may mean is checked at once. */
  readonly #paths = new Set<string>()
  readonly #unreadPaths: string[] = []
  #packagesComplete = true
  #phase: LearnPhase = 'read'
  #filesDone = 0

  constructor(store: Store, root: string, settings: LearnSettings, report: LearnReport) {
    this.#store = store
    this.#root = root
    this.#settings = settings
    this.#report = report
    this.#marker = report.name === '' ? '.' : report.name
    this.#concepts = new ConceptWriter(store, settings, report, this.#desired)
    this.#associations = new AssociationWriter(store, settings, report, this.#marker)
  }

  async run(): Promise<LearnReport> {
    try {
      const found = await this.#find() // 1. names only
      for (const file of found.files) await this.#file(file) // 2. concepts, file by file
      await this.#folders(found)
      await this.#packageConcepts()
      await this.#concepts.drain()
      await this.#associate() // 3. when both ends of everything are there
      await this.#sweep() // 4. last: a run that dies before has removed nothing
    } finally {
      // Nobody may close the store under writes that are still under way.
      await this.#concepts.settle()
      await this.#associations.settle()
    }
    return this.#report
  }

  async #find(): Promise<FoundFolder> {
    const checkpoint = (): void => this.#checkpoint()
    const found = await walkFolder(this.#root, { ...this.#settings, checkpoint })
    this.#report.excluded = found.excluded
    for (const problem of found.problems) this.#problem(problem)
    if (this.#settings.packages) {
      const installed = await installedPackages(this.#root, checkpoint)
      for (const facts of installed.facts) this.#packages.add(facts)
      for (const problem of installed.problems) this.#problem(problem)
      found.files.push(...installed.readmes)
      this.#packagesComplete = installed.complete
    }
    this.#report.filesFound = found.files.length
    for (const { path } of found.files) this.#paths.add(documentKey(path))
    for (const path of found.folders.keys()) this.#paths.add(folderKey(path))
    return found
  }

  async #file(file: FoundFile): Promise<void> {
    this.#checkpoint()
    const bytes = await this.#read(file)
    if (bytes !== undefined) {
      const result = extract(file.path, bytes, this.#settings)
      if ('refused' in result) {
        const message = REFUSALS[result.refused]
        this.#problem({ path: file.path, reason: result.refused, message })
      } else await this.#found(file, bytes, result.found)
    }
    this.#filesDone++
    this.#progress()
  }

  async #read(file: FoundFile): Promise<Uint8Array | undefined> {
    const { path, absolute } = file
    if (extractorFor(path) === undefined) {
      this.#problem({ path, reason: 'unsupported', message: REFUSALS.unsupported })
      return undefined
    }
    try {
      const read = await readFileUpTo(absolute, this.#settings.fileBytesMax)
      if ('bytes' in read) return read.bytes
      const message = `${read.bytesFound} bytes, more than ${this.#settings.fileBytesMax}`
      this.#problem({ path, reason: 'too-large', message })
    } catch (error) {
      this.#problem({ path, reason: 'unreadable', message: messageOf(error) })
    }
    return undefined
  }

  async #found(file: FoundFile, bytes: Uint8Array, found: Extracted): Promise<void> {
    const { path, parentKey } = file
    this.#report.filesRead++
    for (const message of found.notes) this.#problem({ path, reason: 'note', message })
    for (const [at, concept] of found.concepts.entries()) {
      const own = at === 0 ? { bytes: bytes.length, hash: hashOf(bytes) } : {}
      await this.#concepts.put(concept, path, { ...own, learnedFrom: this.#marker })
    }
    this.#associateSoon({
      source: documentKey(path),
      targets: [parentKey],
      type: 'hierarchical',
      label: 'in',
    })
    for (const association of found.associations) this.#associateSoon(association)
    for (const facts of found.packages) this.#packages.add(facts)
  }

  async #folders(found: FoundFolder): Promise<void> {
    for (const [path, names] of found.folders) {
      const isRoot = path === '.'
      const title = isRoot ? basename(this.#root) : path
      const content = shorten(`${title}/\n\n${names.join(', ')}`, this.#settings.contentBytesMax)
      const key = folderKey(path)
      await this.#concepts.put({ key, kind: 'folder', content }, path, {
        learnedFrom: this.#marker,
        ...(isRoot && { root: this.#root }),
      })
      const parent = parentFolderKey(path)
      if (parent === undefined) continue
      const targets = [parent]
      this.#associateSoon({ source: key, targets, type: 'hierarchical', label: 'in' })
    }
  }

  async #packageConcepts(): Promise<void> {
    for (const concept of this.#packages.concepts()) {
      await this.#concepts.put(concept, '', { learnedFrom: this.#marker })
    }
    for (const association of this.#packages.associations()) this.#associateSoon(association)
  }

  /** Keeps an association until all concepts are there, with only the targets there may be. */
  #associateSoon(association: ExtractedAssociation): void {
    const targets = association.targets.filter(
      (key) => this.#paths.has(key) || !(key.startsWith('doc:') || key.startsWith('folder:')),
    )
    this.#desired.associate({ ...association, targets })
  }

  async #associate(): Promise<void> {
    this.#phase = 'associate'
    let count = 0
    await this.#associations.bring(this.#desired, () => {
      this.#checkpoint()
      if (count++ % CONCEPTS_PER_PROGRESS === 0) this.#progress()
    })
  }

  async #sweep(): Promise<void> {
    this.#phase = 'sweep'
    this.#progress()
    await sweep({
      store: this.#store,
      settings: this.#settings,
      report: this.#report,
      marker: this.#marker,
      desired: this.#desired,
      unreadPaths: this.#unreadPaths,
      packagesComplete: this.#packagesComplete,
      checkpoint: () => this.#checkpoint(),
    })
  }

  #problem(problem: LearnProblem): void {
    if (problem.reason === 'unreadable') this.#unreadPaths.push(problem.path)
    addProblem(this.#report, problem)
  }

  #checkpoint(): void {
    const { signal } = this.#settings
    if (!signal?.aborted) return
    throw new SutraError('ERR_ABORTED', 'learning was aborted', { cause: signal.reason })
  }

  #progress(): void {
    const { created, updated, unchanged } = this.#report.associations
    this.#settings.onProgress?.({
      phase: this.#phase,
      filesDone: this.#filesDone,
      filesTotal: this.#report.filesFound,
      concepts: this.#desired.size,
      associations: created + updated + unchanged,
    })
  }
}

/** Concepts whose associations are compared between two calls of onProgress. */
const CONCEPTS_PER_PROGRESS = 100

const REFUSALS = {
  unsupported: 'files of this kind are not read',
  binary: 'not text: it has zero bytes',
  encoding: 'not UTF-8 text',
} as const

async function folderOf(folder: string): Promise<string> {
  try {
    const root = await realpath(folder)
    if ((await stat(root)).isDirectory()) return root
  } catch (error) {
    const message = `cannot open the folder ${folder}: ${messageOf(error)}`
    throw new SutraError('ERR_NOT_FOUND', message, { field: 'folder', file: folder, cause: error })
  }
  throw new SutraError('ERR_INVALID', `${folder} is not a folder`, {
    field: 'folder',
    file: folder,
  })
}

function hashOf(bytes: Uint8Array): Attributes['hash'] {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}
