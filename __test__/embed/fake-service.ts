// An embedding service on a free port that does what a test tells it: answers, waits, fails.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** Vectors tell which text they are of: every test can see that none is in another's place. */
export const DIMENSION = 3

/** The vector of a text; never zeros. */
export function vectorOf(text: string): number[] {
  return [text.length + 1, text.charCodeAt(0) || 0, text.charCodeAt(text.length - 1) || 0]
}

/** One request as it came. */
export interface Seen {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

/** How a protocol puts texts into a request and vectors into an answer. */
export interface Protocol {
  texts(body: Record<string, unknown>): string[]
  answer(vectors: unknown[]): unknown
}

/** Answers one request in a way of its own. */
export type Behaviour = (
  response: ServerResponse,
  texts: string[],
  protocol: Protocol,
) => void | Promise<void>

export interface FakeService {
  readonly url: string
  readonly seen: Seen[]
  /** Requests under way at once, at most. */
  peak: number
  /** One for each request to come; those after them get vectors. */
  readonly next: Behaviour[]
  /** What is done when `next` is empty. */
  always: Behaviour
}

/** Answers what a healthy service answers. */
export const answerVectors: Behaviour = (response, texts, protocol) => {
  sendJson(response, 200, protocol.answer(texts.map(vectorOf)))
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Answers with vectors that a test makes of the right ones. */
export function wrongVectors(change: (vectors: number[][]) => unknown[]): Behaviour {
  return (response, texts, protocol) => {
    sendJson(response, 200, protocol.answer(change(texts.map(vectorOf))))
  }
}

export function refuse(status: number, headers: Record<string, string> = {}): Behaviour {
  return (response) => sendJson(response, status, { error: `status ${status}` }, headers)
}

/** Starts a service that ends with the test. */
export async function fakeService(t: ExecutionContext, protocol: Protocol): Promise<FakeService> {
  const service: FakeService = { url: '', seen: [], peak: 0, next: [], always: answerVectors }
  let running = 0
  const server = createServer((request, response) => {
    service.peak = Math.max(service.peak, ++running)
    response.once('close', () => running--)
    void readBody(request).then((body) => {
      service.seen.push({ path: request.url ?? '', headers: request.headers, body })
      const behave = service.next.shift() ?? service.always
      return behave(response, protocol.texts(body), protocol)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(service, { url: `http://127.0.0.1:${port}` })
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text) as Record<string, unknown>
}

/** An address where nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return `http://127.0.0.1:${port}`
}
