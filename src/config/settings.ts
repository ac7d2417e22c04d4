// Every setting of the command line and the server, in one table: flags, environment, file, help
// and docs/config.md all come from here. A test compares the page with the table.
import type { Durability } from '../types.js'
import { host, hostAndPort, httpUrl, oneOf, text, wholeNumber } from './setting.js'
import type { Parser, Setting } from './setting.js'

const folder: Parser<string> = text('the path of a folder', /^[^\0]{1,4096}$/)

const BYTES_MAX = 1_099_511_627_776
/** A hundred years. */
const KEEP_MS_MAX = 3_155_760_000_000

/** All settings by name; the name is also the key in a configuration file. */
export const SETTINGS = {
  data: {
    parser: folder,
    fallback: './data',
    flag: '--data',
    variable: 'STORAGE_PATH',
    about: 'folder of the store',
  },
  nodeId: {
    parser: text('1 to 64 letters, digits and . _ : -', /^[A-Za-z0-9._:-]{1,64}$/),
    variable: 'STORAGE_NODE_ID',
    about: 'name of this server in its log lines',
  },
  vectorDimension: {
    parser: wholeNumber(1, 4096),
    flag: '--dimension',
    variable: 'VECTOR_DIMENSION',
    about: 'dimension of vectors when the store is created; must match a store that is there',
  },
  mode: {
    parser: oneOf('single', 'sharded'),
    fallback: 'single',
    variable: 'SUTRA_STORAGE_MODE',
    about: 'single, or sharded (not available in this version)',
    refuse: (mode) =>
      mode === 'sharded' ? 'sharded is not available in this version; use single' : undefined,
  },
  shards: {
    parser: wholeNumber(1, 64),
    variable: 'SUTRA_NUM_SHARDS',
    about: 'shards in sharded mode; checked, and without effect in single mode',
  },
  durability: {
    parser: oneOf('fsync', 'os', 'none'),
    fallback: 'fsync',
    flag: '--durability',
    about: 'what an acknowledged write survives: power loss, kill -9, or an orderly close',
  },
  memoryThreshold: {
    parser: wholeNumber(1_000, 10_000_000, 'concepts'),
    fallback: 50_000,
    flag: '--memory-threshold',
    variable: 'MEMORY_THRESHOLD',
    about: 'concepts held in memory before a flush',
  },
  memoryBytesMax: {
    parser: wholeNumber(16_777_216, BYTES_MAX, 'bytes'),
    flag: '--memory-bytes-max',
    variable: 'SUTRA_MEMORY_BYTES_MAX',
    about: 'what may be in memory and not yet in segment files; writers wait for room',
  },
  historyKeepMs: {
    parser: wholeNumber(1, KEEP_MS_MAX, 'ms'),
    flag: '--history-keep-ms',
    variable: 'SUTRA_HISTORY_KEEP_MS',
    about: 'how long versions are kept after they were replaced or deleted',
  },
  intervalMsBase: {
    parser: wholeNumber(1, 100, 'ms'),
    fallback: 10,
    variable: 'RECONCILE_BASE_INTERVAL_MS',
    about: 'pause of the background work at ordinary load',
  },
  eventStorage: {
    parser: hostAndPort(),
    variable: 'EVENT_STORAGE',
    about: 'where events are to be sent; checked, not used in this version',
  },
  embedder: {
    parser: oneOf('lexical', 'service', 'openai', 'ollama'),
    flag: '--embedder',
    variable: 'SUTRA_EMBEDDER',
    about: 'what makes vectors of texts; without it service if there is an address, else lexical',
  },
  embeddingServiceUrl: {
    parser: httpUrl(),
    flag: '--embedding-url',
    variable: 'SUTRA_EMBEDDING_SERVICE_URL',
    about: 'address of the embedder; openai and ollama have one of their own',
  },
  embeddingModel: {
    parser: text('at most 200 visible characters', /^[\x21-\x7e]{1,200}$/),
    flag: '--embedding-model',
    variable: 'SUTRA_EMBEDDING_MODEL',
    about: 'name of the model; openai and ollama need one',
  },
  embeddingTimeoutSec: {
    parser: wholeNumber(1, 300, 's'),
    fallback: 30,
    variable: 'SUTRA_EMBEDDING_TIMEOUT_SEC',
    about: 'time for one try of a request to the embedder; three more follow',
  },
  embed: {
    parser: oneOf('now', 'later'),
    fallback: 'now',
    flag: '--embed',
    variable: 'SUTRA_EMBED',
    about: 'whether a write waits for its vectors, or they are filled in behind it',
  },
  tcpHost: {
    parser: host(),
    fallback: '127.0.0.1',
    variable: 'STORAGE_HOST',
    about: 'host of the TCP protocol; checked, not used in this version',
  },
  tcpPort: {
    parser: wholeNumber(0, 65_535),
    fallback: 50_051,
    variable: 'STORAGE_PORT',
    about: 'port of the TCP protocol; checked, not used in this version',
  },
  httpHost: {
    parser: host(),
    fallback: '127.0.0.1',
    flag: '--host',
    variable: 'SUTRA_HTTP_HOST',
    about: 'address HTTP listens on; other than loopback needs --insecure',
  },
  httpPort: {
    parser: wholeNumber(0, 65_535),
    fallback: 8000,
    flag: '--port',
    variable: 'SUTRA_HTTP_PORT',
    about: 'port HTTP listens on; 0 takes a free one',
  },
  bodyBytesMax: {
    parser: wholeNumber(1_024, 100_000_000, 'bytes'),
    fallback: 32_000_000,
    flag: '--body-bytes-max',
    about: 'largest request body',
  },
  requestTimeoutMs: {
    parser: wholeNumber(100, 3_600_000, 'ms'),
    fallback: 30_000,
    flag: '--request-timeout-ms',
    about: 'time one request may take, first to receive it and then to answer it',
  },
  shutdownTimeoutMs: {
    parser: wholeNumber(0, 600_000, 'ms'),
    fallback: 10_000,
    flag: '--shutdown-timeout-ms',
    about: 'time running requests get after SIGTERM before they are cut off',
  },
  logLevel: {
    parser: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    fallback: 'info',
    flag: '--log-level',
    variable: 'LOG_LEVEL',
    about: 'lowest level that is logged',
  },
} as const satisfies SettingTable

interface SettingTable {
  data: Setting<string>
  nodeId: Setting<string>
  vectorDimension: Setting<number>
  mode: Setting<'single' | 'sharded'>
  shards: Setting<number>
  durability: Setting<Durability>
  memoryThreshold: Setting<number>
  memoryBytesMax: Setting<number>
  historyKeepMs: Setting<number>
  intervalMsBase: Setting<number>
  eventStorage: Setting<string>
  embedder: Setting<'lexical' | 'service' | 'openai' | 'ollama'>
  embeddingServiceUrl: Setting<string>
  embeddingModel: Setting<string>
  embeddingTimeoutSec: Setting<number>
  embed: Setting<'now' | 'later'>
  tcpHost: Setting<string>
  tcpPort: Setting<number>
  httpHost: Setting<string>
  httpPort: Setting<number>
  bodyBytesMax: Setting<number>
  requestTimeoutMs: Setting<number>
  shutdownTimeoutMs: Setting<number>
  logLevel: Setting<'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'>
}

export type SettingName = keyof SettingTable

type ValueOf<S> = S extends Setting<infer T> ? T : never

/** Values of all settings; one without a default may be absent. */
export type Settings = {
  [N in SettingName]: (typeof SETTINGS)[N] extends { fallback: unknown }
    ? ValueOf<SettingTable[N]>
    : ValueOf<SettingTable[N]> | undefined
}

/** Settings of what makes vectors of texts. */
export const EMBEDDER_SETTINGS = [
  'embedder',
  'embeddingServiceUrl',
  'embeddingModel',
] as const satisfies readonly SettingName[]

/** Settings of a store that is written to. */
export const STORE_SETTINGS = [
  'data',
  'vectorDimension',
  'durability',
  'memoryThreshold',
  'memoryBytesMax',
  'historyKeepMs',
  ...EMBEDDER_SETTINGS,
  'embed',
] as const satisfies readonly SettingName[]

/** The table in a form to loop over. */
export function settingEntries(): [SettingName, Setting<unknown>][] {
  return Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]
}
