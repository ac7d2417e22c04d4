import type { Socket } from 'node:net'
import type { ErrorBody } from './error-answer.js'

/** What node says of a request it could not read. */
interface ClientError extends Error {
  code?: string
}

/** Answers bytes that are not HTTP, in the shape of every other refusal, and hangs up. */
export function answerBrokenRequest(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { status, message, code } = explain(error.code)
  const body: ErrorBody = { error: code, message, detail: message, retryable: false }
  const bytes = JSON.stringify(body)
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\n` +
        `content-length: ${Buffer.byteLength(bytes)}\r\nconnection: close\r\n\r\n${bytes}`,
    )
  }
  socket.destroySoon()
}

function explain(code: string | undefined): {
  status: string
  message: string
  code: ErrorBody['error']
} {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: '408 Request Timeout',
        message: 'the request did not arrive in time',
        code: 'ERR_TIMEOUT',
      }
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: '431 Request Header Fields Too Large',
        message: 'the headers are too large',
        code: 'ERR_LIMIT',
      }
    default:
      return { status: '400 Bad Request', message: 'this is not HTTP', code: 'ERR_INVALID' }
  }
}
