// Opening the store a command works on, with the embedder that its settings ask for.
import { existsSync } from 'node:fs'
import type { Configuration, SettingName } from '../config/index.js'
import { SutraError } from '../errors.js'
import type { Embedder, Store, StoreOptions } from '../types.js'
import { chooseEmbedder } from './choose-embedder.js'
import type { StoreAccess } from './command.js'
import { OpenError } from './exit-codes.js'
import { dimensionOf } from './store-file.js'

/** A batch of a slow embedder; one that hangs has its own time limit. */
const BULK_WRITE_TIMEOUT_MS = 3_600_000

/** What opening needs of the run of a command. */
interface OpenCall extends Configuration {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Opens the store of the settings, runs `use`, closes it, whatever happened. */
export async function withStore<T>(
  call: OpenCall,
  access: StoreAccess,
  use: (store: Store, embedder?: Embedder) => Promise<T>,
): Promise<T> {
  const { store, embedder } = await open(call, access)
  try {
    return await use(store, embedder)
  } finally {
    await store.close()
  }
}

async function open(
  call: OpenCall,
  access: StoreAccess,
): Promise<{ store: Store; embedder: Embedder | undefined }> {
  const folder = call.settings.data
  // Anything else that is wrong with the folder is for the engine to explain.
  if (access === 'read' && !existsSync(folder)) throw noStore(folder)
  const options = storeOptions(call, access)
  const dimension = options.vectorDimension ?? dimensionOf(folder)
  const embedder = await chooseEmbedder({ ...call, dimension, isAsked: access !== 'read' })
  if (embedder !== undefined) options.embedder = embedder
  // Loaded here, so that help and usage errors need neither the time nor the addon.
  const { openStore } = await import('../index.js')
  try {
    const store = await openStore(folder, options, originsOf(call))
    return { store, embedder }
  } catch (error) {
    throw error instanceof SutraError ? openError(error, call) : error
  }
}

function noStore(folder: string): OpenError {
  const message = `there is no store in ${folder}; sutra learn, import and serve make one`
  return new OpenError(new SutraError('ERR_NOT_FOUND', message, { field: 'data', value: folder }))
}

/** The engine knows of no environment; where a value came from is added to what it says. */
function openError(error: SutraError, configuration: Configuration): OpenError {
  const origins: Readonly<Record<string, string>> = originsOf(configuration)
  const origin = error.field === undefined ? undefined : origins[error.field]
  const isTold = origin === undefined || origin === 'default' || error.message.includes(origin)
  return new OpenError(error, isTold ? undefined : origin)
}

/** Only what was given: the folder and the engine know the rest. */
function storeOptions({ settings, origins }: Configuration, access: StoreAccess): StoreOptions {
  const given = (name: SettingName): boolean => origins[name] !== 'default'
  const options: StoreOptions = access === 'read' ? { readOnly: true } : {}
  if (access === 'bulk') options.writeTimeoutMs = BULK_WRITE_TIMEOUT_MS
  const { vectorDimension, memoryBytesMax, historyKeepMs } = settings
  if (vectorDimension !== undefined) options.vectorDimension = vectorDimension
  if (given('durability')) options.durability = settings.durability
  if (given('memoryThreshold')) options.memoryThreshold = settings.memoryThreshold
  if (memoryBytesMax !== undefined) options.memoryBytesMax = memoryBytesMax
  if (historyKeepMs !== undefined) options.history = { keepMs: historyKeepMs }
  if (settings.embed === 'later' && access !== 'read') options.embed = 'later'
  if (given('intervalMsBase')) options.reconciler = { intervalMsBase: settings.intervalMsBase }
  return options
}

/** The names the engine uses in its messages, with where the values came from. */
function originsOf({ origins }: Configuration): Record<string, string> {
  return {
    ...origins,
    'reconciler.intervalMsBase': origins.intervalMsBase,
    'history.keepMs': origins.historyKeepMs,
  }
}
