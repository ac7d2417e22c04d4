// Imported associations on their way to the store: ends are looked up first, and again at the end
// of the file for those that were not there yet.

import { deriveId } from '../derived-id.js'
import { SutraError } from '../errors.js'
import type { AssociationInput, ConceptId, Store } from '../types.js'
import type { ImportReport } from './import-report.js'
import type { AssociationRecord, EndReference } from './records.js'
import { checkId, checkNamespace } from '../validate/fields.js'
import { inside, shortName } from '../validate/refusal.js'
import { WriteBatches, writeAround } from './write-batches.js'

/** An association as read, and the line it comes from. */
interface NumberedRecord {
  line: number
  record: AssociationRecord
  bytes: number
}

/** Associations collected before the concepts in front of them are waited for. */
const COLLECTED_MAX = 4000
const COLLECTED_BYTES_MAX = 8 * 1024 * 1024
const HEX_ID = /^[0-9a-f]{32}$/

/** What the import gives to the associations of one run. */
export interface AssociationImportOptions {
  store: Store
  report: ImportReport
  /** Of keys in lines that name none. */
  namespace: string
  /** Lines kept until the end because an end was missing. */
  deferredMax: number
  deferredBytesMax: number
  /** Waits until the concepts read so far are written. */
  conceptsWritten: () => Promise<void>
  /** Takes lines that are not imported; what it throws ends the import. */
  refuse: (line: number, error: SutraError) => void
}

/** Writes associations in batches. */
export class AssociationImport {
  readonly #options: AssociationImportOptions
  readonly #batches = new WriteBatches<{ line: number; association: AssociationInput }>((items) =>
    this.#write(items),
  )
  #collected: NumberedRecord[] = []
  #collectedBytes = 0
  #deferred: NumberedRecord[] = []
  #deferredBytes = 0

  constructor(options: AssociationImportOptions) {
    this.#options = options
  }

  /** Takes an association; `bytes` is about what it needs. */
  async add(line: number, record: AssociationRecord, bytes: number): Promise<void> {
    this.#collected.push({ line, record, bytes })
    this.#collectedBytes += bytes
    const { length } = this.#collected
    if (length >= COLLECTED_MAX || this.#collectedBytes >= COLLECTED_BYTES_MAX) await this.flush()
  }

  /** Sends what is collected; what has no ends yet waits for {@link finish}. */
  async flush(): Promise<void> {
    await this.#options.conceptsWritten()
    const records = this.#collected
    this.#collected = []
    this.#collectedBytes = 0
    for (const record of records) {
      const missing = await this.#send(record)
      if (missing !== undefined) await this.#defer(record, missing)
    }
  }

  /** Sends everything, and refuses what still has no ends. */
  async finish(): Promise<void> {
    await this.flush()
    await this.#retry((record, missing) => this.#options.refuse(record.line, missing))
    await this.#batches.drain()
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    await this.#batches.settle()
  }

  /** Keeps a line for later. When there is no room, those that wait are tried again first. */
  async #defer(record: NumberedRecord, missing: SutraError): Promise<void> {
    const { deferredMax, deferredBytesMax, refuse, report } = this.#options
    const isFull = (): boolean =>
      this.#deferred.length >= deferredMax || this.#deferredBytes + record.bytes > deferredBytesMax
    if (isFull()) await this.#retry((still) => this.#keep(still))
    if (isFull()) refuse(record.line, tooMany(missing, this.#deferred.length))
    else {
      report.deferred++
      this.#keep(record)
    }
  }

  #keep(record: NumberedRecord): void {
    this.#deferred.push(record)
    this.#deferredBytes += record.bytes
  }

  async #retry(onMissing: (record: NumberedRecord, missing: SutraError) => void): Promise<void> {
    const records = this.#deferred
    this.#deferred = []
    this.#deferredBytes = 0
    for (const record of records) {
      const missing = await this.#send(record)
      if (missing !== undefined) onMissing(record, missing)
    }
  }

  /** Sends an association whose ends are there; else answers which is missing. */
  async #send({ line, record, bytes }: NumberedRecord): Promise<SutraError | undefined> {
    const namespace = record.namespace ?? this.#options.namespace
    let association: AssociationInput
    try {
      checkNamespace('namespace', namespace)
      const source = this.#endId('source', record.source, namespace)
      const target = this.#endId('target', record.target, namespace)
      association = { source, target, ...record.fields }
    } catch (error) {
      if (!(error instanceof SutraError)) throw error
      if (error.code === 'ERR_NOT_FOUND') return error
      this.#options.refuse(line, error)
      return undefined
    }
    await this.#batches.add({ line, association }, bytes)
    return undefined
  }

  /** @throws ERR_NOT_FOUND if there is no such concept. */
  #endId(field: string, end: EndReference, namespace: string): ConceptId {
    const { store } = this.#options
    if ('id' in end) {
      checkId(`${field}Id`, end.id)
      if (store.has(end.id)) return end.id
      throw notFound(field, `no concept has the id ${end.id}`)
    }
    const key = 'key' in end ? end.key : end.keyOrId
    const id = endKeyId(field, key, namespace)
    if (store.has(id)) return id
    // A key that looks like an id is a key; only if there is none it may be an id.
    if ('keyOrId' in end && HEX_ID.test(key) && store.has(key)) return key
    throw notFound(
      field,
      `no concept has the key ${JSON.stringify(shortName(key))} in ${namespace}`,
    )
  }

  async #write(items: readonly { line: number; association: AssociationInput }[]): Promise<void> {
    const { store, report, refuse } = this.#options
    const write = async (some: typeof items): Promise<void> => {
      const written = await store.associateMany(some.map(({ association }) => association))
      for (const result of written) {
        report.associations[result.created ? 'created' : 'updated']++
        report.sequence = Math.max(report.sequence, result.sequence)
      }
    }
    await writeAround(items, write, ({ line }, error) => refuse(line, error))
  }
}

/** The id of a key; a key that is none is refused under the name it has in the line. */
function endKeyId(field: string, key: string, namespace: string): ConceptId {
  try {
    return deriveId('key', key, namespace)
  } catch (error) {
    throw inside(field, 'key', error)
  }
}

function notFound(field: string, message: string): SutraError {
  return new SutraError('ERR_NOT_FOUND', message, { field })
}

function tooMany(missing: SutraError, waiting: number): SutraError {
  const message = `${missing.message} yet, and ${waiting} lines wait for their ends already`
  return new SutraError('ERR_LIMIT', message, { field: missing.field, limit: waiting })
}
