import type { Logger } from 'pino'
import { SETTINGS, STORE_SETTINGS, text } from '../../config/index.js'
import type { SettingName } from '../../config/index.js'
import type { ServeOptions } from '../../server/index.js'
import type { Embedder } from '../../types.js'
import { defineCommand, flag, switchFlag } from '../command.js'
import type { CommandCall } from '../command.js'

/** Settings that are checked for deployments that have them, and do nothing yet. */
const NOT_USED: readonly SettingName[] = ['shards', 'tcpHost', 'tcpPort', 'eventStorage']

const FLAGS = {
  insecure: switchFlag('--insecure', 'allow a host that other machines can reach'),
  allowHost: flag(
    '--allow-host <names>',
    text('host names with commas between them', /^[A-Za-z0-9.:[\]-]+(?:,[A-Za-z0-9.:[\]-]+)*$/),
    'names accepted in the Host header beside those of this machine',
  ),
}

/** Serves the store over HTTP until it is told to stop. */
export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'serve the store over HTTP',
  description:
    'Answers until SIGTERM or Ctrl-C, then finishes what has begun, closes the store and ends\n' +
    'with 0. A second signal ends it at once. The log goes to standard error.',
  settings: [
    ...STORE_SETTINGS,
    'httpHost',
    'httpPort',
    'bodyBytesMax',
    'requestTimeoutMs',
    'shutdownTimeoutMs',
    'logLevel',
  ],
  flags: FLAGS,
  examples: [
    'sutra serve',
    'sutra serve --data ./memory --port 0 --json',
    'sutra serve --host 0.0.0.0 --insecure --log-level debug',
  ],
  handlesSignals: true,
  run: (call) =>
    call.withStore('write', async (store, embedder) => {
      const { settings, out } = call
      const { closeOnSignals, serve } = await import('../../server/index.js')
      const logger = await createLogger(call)
      for (const name of NOT_USED) warnIfGiven(logger, call, name)
      const server = await serve(store, serveOptions(call, embedder, logger))
      // Before anybody can know that it listens: who is told so may stop it at once.
      const stopped = closeOnSignals(server, (signal) => logger.info({ signal }, 'stopping'))
      const { concepts } = store.stats()
      const data = settings.data
      if (out.json) out.document({ url: server.url, data, concepts })
      else out.line(`listening on ${server.url}, store ${data} with ${concepts} concepts`)
      logger.info({ url: server.url, data, concepts }, 'listening')
      await stopped
      logger.info('stopped')
    }),
})

async function createLogger({ settings }: CommandCall<typeof FLAGS>): Promise<Logger> {
  const { destination, pino } = await import('pino')
  const base = settings.nodeId === undefined ? {} : { node: settings.nodeId }
  // Synchronous, so that the last lines before the end of the process are there.
  return pino({ level: settings.logLevel, base }, destination({ dest: 2, sync: true }))
}

function serveOptions(
  { settings, flags }: CommandCall<typeof FLAGS>,
  embedder: Embedder | undefined,
  logger: Logger,
): ServeOptions {
  const options: ServeOptions = {
    host: settings.httpHost,
    port: settings.httpPort,
    insecure: flags.insecure === true,
    bodyBytesMax: settings.bodyBytesMax,
    requestTimeoutMs: settings.requestTimeoutMs,
    shutdownTimeoutMs: settings.shutdownTimeoutMs,
    logger,
  }
  if (embedder !== undefined) options.embedder = embedder
  if (flags.allowHost !== undefined) options.hostsAllowed = flags.allowHost.split(',')
  return options
}

function warnIfGiven(logger: Logger, call: CommandCall<typeof FLAGS>, name: SettingName): void {
  if (call.origins[name] === 'default') return
  logger.warn({ setting: name, origin: call.origins[name] }, SETTINGS[name].about)
}
