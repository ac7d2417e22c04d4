import type { HttpServer } from './serve.js'

/** What {@link closeOnSignals} needs of a process; the real one, or a test's. */
export type SignalSource = Pick<NodeJS.Process, 'on' | 'off' | 'exit'>

/**
 * Waits for SIGTERM or SIGINT, then closes the server; resolves when all is closed. A second signal
 * ends the process at once with 130 or 143: what was acknowledged is on disk already.
 */
export async function closeOnSignals(
  server: HttpServer,
  onSignal: (signal: NodeJS.Signals) => void = () => undefined,
  source: SignalSource = process,
): Promise<void> {
  let stopping = false
  let handle: (signal: NodeJS.Signals) => void = () => undefined
  const first = new Promise<NodeJS.Signals>((resolve) => {
    handle = (signal) => {
      if (stopping) source.exit(signal === 'SIGINT' ? 130 : 143)
      stopping = true
      resolve(signal)
    }
    source.on('SIGTERM', handle)
    source.on('SIGINT', handle)
  })
  onSignal(await first)
  try {
    await server.close()
  } finally {
    source.off('SIGTERM', handle)
    source.off('SIGINT', handle)
  }
}
