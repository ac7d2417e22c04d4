import { isIPv4 } from 'node:net'

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/**
 * True if a Host header names this machine or one of the names allowed. A web page may resolve its
 * own name to 127.0.0.1 and so read a server that listens on loopback only; its Host header gives
 * it away.
 */
export function isHostAllowed(header: string, namesAllowed: readonly string[]): boolean {
  const name = header.replace(/:\d+$/, '').toLowerCase()
  return isLoopback(name) || namesAllowed.some((allowed) => allowed.toLowerCase() === name)
}
