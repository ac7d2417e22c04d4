// The HTTP server over one store. It only translates: decode, check, call the store, encode.
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SutraError } from '../../errors.js'
import type { Store } from '../../types.js'
import type { EmbedderInfo } from '../shapes.js'
import { answerBrokenRequest } from './broken-request.js'
import { withDeadline } from './deadline.js'
import { HttpError, errorAnswer, schemaError, withBodyFields } from './error-answer.js'
import type { SchemaProblem } from './error-answer.js'
import { isHostAllowed } from './loopback.js'
import { ROUTES } from './route-list.js'
import { Answer } from './route.js'
import type { Route, RouteCall, ServerState } from './route.js'
import { WriteHealth } from './write-health.js'

/** Options of {@link createHttpServer}. */
export interface HttpServerOptions {
  /** What /stats shows as provider and dimension of vectors. */
  embedder?: EmbedderInfo
  /** Largest request body, bytes received. @default 32000000 */
  bodyBytesMax?: number
  /** Time one request may take, first to receive it and then to answer it, ms. @default 30000 */
  requestTimeoutMs?: number
  /** Names accepted in the Host header beside those of this machine. Default: any name. */
  hostsAllowed?: readonly string[]
  /** A pino logger. No contents are logged at info. @default none */
  logger?: FastifyBaseLogger
}

const BODY_BYTES_MAX = 32_000_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often requests that do not arrive are looked for. */
const CHECKING_INTERVAL_MS_MAX = 5_000

/**
 * Makes the server, not listening yet: for {@link serve}, or to `inject` requests in tests. Closing
 * it answers requests that have begun; the store stays open.
 */
export function createHttpServer(store: Store, options: HttpServerOptions = {}): FastifyInstance {
  const bodyBytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX
  const requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    http: {
      connectionsCheckingInterval: Math.min(requestTimeoutMs, CHECKING_INTERVAL_MS_MAX),
      // Left at its default of a minute, it would take the place of a shorter request timeout.
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
    },
    // Requests on a connection that outlives the shutdown get our own 503 from the hook below.
    return503OnClosing: false,
    // A line per request and a line per answer are too many; ours are at the end of this file.
    logController: new LogController({ disableRequestLogging: true }),
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    // What the client sent is checked, not mended: '5' is no number and unknown fields are errors.
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false },
    },
    schemaErrorFormatter: (problems) => {
      const [first] = problems as readonly SchemaProblem[]
      return first === undefined
        ? new SutraError('ERR_INVALID', 'body is not valid')
        : schemaError(first)
    },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply, bodyBytesMax),
  })
  acceptJson(app)
  refuseAtTheDoor(app, options.hostsAllowed)
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, bodyBytesMax))
  app.setNotFoundHandler((request) => {
    throw new HttpError(
      404,
      'ERR_NOT_FOUND',
      `there is no route ${request.method} ${pathOf(request)}`,
    )
  })
  const state = { store, embedder: options.embedder, writeHealth: new WriteHealth() }
  // Which schema belongs to which body is known to the route alone.
  for (const route of ROUTES as unknown as readonly Route<unknown>[])
    addRoute(app, route, state, requestTimeoutMs)
  refuseOtherMethods(app)
  app.addHook('onResponse', logResponse)
  return app
}

function addRoute(
  app: FastifyInstance,
  route: Route<unknown>,
  state: ServerState,
  timeoutMs: number,
): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.schema === undefined ? {} : { schema: { body: route.schema.body } }),
    preValidation: async (request) => {
      if (route.schema?.bodyOptional === true) request.body ??= {}
    },
    handler: async (request, reply) => {
      const { body } = request
      const answer = await withDeadline(reply.raw, timeoutMs, (signal) =>
        runRoute(route, { ...state, body, signal }),
      )
      if (!(answer instanceof Answer)) return answer
      reply.status(answer.status)
      return answer.body
    },
  })
}

async function runRoute(route: Route<unknown>, call: RouteCall<unknown>): Promise<unknown> {
  try {
    const answer = await route.handle(call)
    if (route.writes === true) call.writeHealth.accepted()
    return answer
  } catch (error) {
    if (route.writes === true) call.writeHealth.failed(error)
    throw withBodyFields(error, route.fields)
  }
}

/** JSON is the only content type, and its bytes must be UTF-8: nothing is replaced in silence. */
function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'ignore')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) {
      done(null, undefined)
      return
    }
    let text: string
    try {
      text = decoder.decode(bytes as Buffer)
    } catch {
      done(new SutraError('ERR_INVALID', 'the body is not UTF-8', { field: 'body' }))
      return
    }
    parse(request, text, done)
  })
}

/** What is refused before the body is read. */
function refuseAtTheDoor(app: FastifyInstance, hostsAllowed: readonly string[] | undefined): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', async (request) => {
    if (closing) throw new SutraError('ERR_CLOSED', 'the server is shutting down')
    const host = request.headers.host
    if (hostsAllowed !== undefined && host !== undefined && !isHostAllowed(host, hostsAllowed)) {
      throw new SutraError('ERR_FORBIDDEN', `host ${host} is not served here`, { field: 'host' })
    }
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      const message = 'an encoded body is not accepted; send it as it is'
      throw new HttpError(415, 'ERR_INVALID', message, 'content-encoding')
    }
  })
  app.addHook('onSend', async (_request, reply) => {
    // A connection kept alive would hold up the shutdown until its client goes away.
    if (closing) reply.header('connection', 'close')
  })
}

/** A known path with another method is 405 with Allow, not 404. */
function refuseOtherMethods(app: FastifyInstance): void {
  for (const { method, path } of ROUTES) {
    const allow = method === 'GET' ? 'GET, HEAD' : method
    const allowed = new Set(allow.split(', '))
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'].filter(
        (other) => !allowed.has(other),
      ),
      url: path,
      onRequest: async (request, reply) => {
        reply.header('allow', allow)
        throw new HttpError(405, 'ERR_INVALID', `${path} takes ${allow}, not ${request.method}`)
      },
      handler: () => undefined,
    })
  }
}

function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  bodyBytesMax: number,
): void {
  const { status, body } = errorAnswer(error, bodyBytesMax)
  const what = { code: body.error, field: body.field, path: pathOf(request), status }
  // A refusal may quote what was sent, so its message stays out of the log.
  if (status < 500) request.log.info(what, 'request refused')
  else request.log.error({ ...what, reason: reasonOf(error) }, 'request failed')
  if (body.error === 'ERR_BUSY') reply.header('retry-after', '1')
  reply.status(status).send(body)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof SutraError ? error.message : (error.stack ?? error.message)
}

async function logResponse(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const ms = Math.round(reply.elapsedTime * 1000) / 1000
  request.log.debug(
    { method: request.method, path: pathOf(request), status: reply.statusCode, ms },
    'request',
  )
}

/** The path without the query string, which may hold anything. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
