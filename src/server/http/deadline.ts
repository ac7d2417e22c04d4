import type { ServerResponse } from 'node:http'
import { SutraError } from '../../errors.js'

/**
 * Runs work that ends with ERR_TIMEOUT after `timeoutMs` and is aborted as soon as nobody waits for
 * the answer. Fastify's own signal and time limit end with the request's body on Node 20, so both
 * are made here, from the connection of the response.
 */
export async function withDeadline<T>(
  response: ServerResponse,
  timeoutMs: number,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const gone = (): void => abort.abort(new SutraError('ERR_ABORTED', 'the client went away'))
  response.once('close', gone)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `the request took longer than ${timeoutMs} ms; a write may still complete`
      const error = new SutraError('ERR_TIMEOUT', message, { limit: timeoutMs })
      reject(error)
      abort.abort(error)
    }, timeoutMs)
  })
  try {
    // Work that loses the race goes on unheard; its writes are whole or absent as ever.
    return await Promise.race([late, work(abort.signal)])
  } finally {
    clearTimeout(timer)
    response.off('close', gone)
  }
}
