// Listening and stopping. A server that stops answers what has begun, then closes its store.
import type { AddressInfo } from 'node:net'
import { SutraError } from '../../errors.js'
import type { Store } from '../../types.js'
import { createHttpServer } from './http-server.js'
import type { HttpServerOptions } from './http-server.js'
import { isLoopback } from './loopback.js'

/** Options of {@link serve}. */
export interface ServeOptions extends HttpServerOptions {
  /** Address to listen on. @default '127.0.0.1' */
  host?: string
  /** Port to listen on; 0 takes a free one. @default 8000 */
  port?: number
  /** Allows a host other than loopback, though requests are not authenticated. @default false */
  insecure?: boolean
  /** Time running requests get when the server closes, ms. @default 10000 */
  shutdownTimeoutMs?: number
}

/** A server that listens. */
export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:8000`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /**
   * Stops taking requests, answers those that have begun, then closes the store. Requests that
   * take longer than `shutdownTimeoutMs` are cut off. May be called twice.
   */
  close(): Promise<void>
}

const SHUTDOWN_TIMEOUT_MS = 10_000
/** Connections the kernel may hold until we take them; it cuts this to its own maximum. */
const BACKLOG = 4096

/**
 * Serves a store over HTTP and takes it over: closing the server closes the store.
 *
 * @throws ERR_CONFIG if the host is not loopback and `insecure` was not said, or the address cannot
 * be listened on. The store is left open then.
 */
export async function serve(store: Store, options: ServeOptions = {}): Promise<HttpServer> {
  const { host = '127.0.0.1', port = 8000, insecure = false, ...rest } = options
  const loopback = isLoopback(host)
  if (!loopback && !insecure) {
    throw new SutraError(
      'ERR_CONFIG',
      `host ${host} can be reached from other machines and requests are not authenticated; ` +
        'listen on 127.0.0.1, or say --insecure',
      { field: 'host', value: host },
    )
  }
  const hostsAllowed = rest.hostsAllowed ?? (loopback ? [] : undefined)
  const app = createHttpServer(store, {
    ...rest,
    ...(hostsAllowed === undefined ? {} : { hostsAllowed }),
  })
  try {
    await app.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, backlog: BACKLOG })
  } catch (error) {
    await app.close()
    throw listenError(error, host, port)
  }
  const bound = (app.server.address() as AddressInfo).port
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const cut = setTimeout(
      () => app.server.closeAllConnections(),
      options.shutdownTimeoutMs ?? SHUTDOWN_TIMEOUT_MS,
    )
    try {
      await app.close()
    } finally {
      clearTimeout(cut)
      await store.close()
    }
  }
  return {
    url: `http://${name}:${bound}`,
    host,
    port: bound,
    close: () => (closed ??= close()),
  }
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another process listens there; choose another port',
    EACCES: 'no permission to listen there; choose a port from 1024',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'the name of the host is not known',
    EAI_AGAIN: 'the name of the host cannot be looked up',
  }
  const reason = typeof code === 'string' ? reasons[code] : undefined
  if (reason === undefined) return error
  const field = code === 'EADDRINUSE' || code === 'EACCES' ? 'port' : 'host'
  return new SutraError('ERR_CONFIG', `cannot listen on ${host} port ${port}: ${reason}`, {
    field,
    value: field === 'port' ? port : host,
    cause: error,
  })
}
