import type { HttpServer } from './serve.js'

/**
 * Signals closer together than this are one, ms: Ctrl-C reaches a whole process group, and npm and
 * other parents pass on what the group has had already.
 */
export const SAME_SIGNAL_MS = 500

/** What {@link closeOnSignals} needs of a process; the real one, or a test's. */
export type SignalSource = Pick<NodeJS.Process, 'on' | 'exit'>

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
  const first = new Promise<NodeJS.Signals>((resolve) => {
    const handle = (signal: NodeJS.Signals): void => {
      const now = performance.now()
      if (now - stoppingAt >= SAME_SIGNAL_MS) source.exit(signal === 'SIGINT' ? 130 : 143)
      stoppingAt = Math.min(stoppingAt, now)
      resolve(signal)
    }
    source.on('SIGTERM', handle)
    source.on('SIGINT', handle)
  })
  onSignal(await first)
  // Signals are listened to until the end: one that comes twice must not cut off what the program
  // has yet to close, such as the store.
  await server.close()
}
