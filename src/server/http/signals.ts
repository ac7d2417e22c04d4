import type { HttpServer } from './serve.js'

/**
 * Signals closer together than this are one, ms: Ctrl-C reaches a whole process group, and npm and
 * other parents pass on what the group has had already.
 */
export const SAME_SIGNAL_MS = 500

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
  let stoppingAt = Infinity
  let handle: (signal: NodeJS.Signals) => void = () => undefined
  const first = new Promise<NodeJS.Signals>((resolve) => {
    handle = (signal) => {
      const now = performance.now()
      if (now - stoppingAt >= SAME_SIGNAL_MS) source.exit(signal === 'SIGINT' ? 130 : 143)
      stoppingAt = Math.min(stoppingAt, now)
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
