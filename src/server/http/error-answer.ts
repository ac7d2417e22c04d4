// Every refusal and failure as one JSON shape. `error`, `message` and `detail` serve clients of
// both vocabularies; field and limit are there where they apply. Values are never echoed.
import { SutraError } from '../../errors.js'
import type { ErrorCode } from '../../errors.js'

/** The one code beside those of {@link SutraError}: a fault of ours, details are in the log. */
export type HttpErrorCode = ErrorCode | 'ERR_INTERNAL'

/** Body of every answer that is not a success. */
export interface ErrorBody {
  readonly error: HttpErrorCode
  readonly message: string
  readonly detail: string
  readonly field?: string | undefined
  readonly limit?: number | undefined
  readonly retryable: boolean
}

/** A status with the body that explains it. */
export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
}

/** An error of the HTTP layer whose status is not the usual one of its code. */
export class HttpError extends SutraError {
  readonly httpStatus: number

  constructor(httpStatus: number, code: ErrorCode, message: string, field?: string) {
    super(code, message, { field })
    this.httpStatus = httpStatus
  }
}

/** What ajv says of the first thing it refused. */
export interface SchemaProblem {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string | undefined
}

/** The answer for whatever a handler or fastify threw. */
export function errorAnswer(error: unknown, bodyBytesMax: number): ErrorAnswer {
  const known = error instanceof SutraError ? error : fromFastify(error, bodyBytesMax)
  if (known === undefined) {
    const message = 'internal error; the log of the server has the details'
    const body = { error: 'ERR_INTERNAL', message, detail: message, retryable: false } as const
    return { status: 500, body }
  }
  const { code, message, field, limit, retryable } = known
  return {
    status: known instanceof HttpError ? known.httpStatus : known.status,
    body: { error: code, message, detail: message, field, limit, retryable },
  }
}

/** A body the schema refused: over a maximum is ERR_LIMIT, anything else ERR_INVALID. */
export function schemaError(problem: SchemaProblem): SutraError {
  const { keyword, params } = problem
  const path = problem.instancePath.slice(1).replaceAll('/', '.')
  const inner = params['additionalProperty'] ?? params['missingProperty']
  const field = [path, inner].filter((part) => part !== '' && part !== undefined).join('.')
  const name = field === '' ? 'body' : field
  if (keyword === 'additionalProperties') {
    return new SutraError('ERR_INVALID', `${name} is not a known field`, { field: name })
  }
  if (keyword === 'required') {
    return new SutraError('ERR_INVALID', `${name} is required`, { field: name })
  }
  const limit = params['limit']
  const over = keyword === 'maximum' || keyword === 'maxLength' || keyword === 'maxItems'
  if (over && typeof limit === 'number') {
    const unit = keyword === 'maxLength' ? ' characters' : ''
    return new SutraError('ERR_LIMIT', `${name} may be at most ${limit}${unit}`, {
      field: name,
      limit,
    })
  }
  const what = keyword === 'minLength' ? 'must not be empty' : (problem.message ?? 'is not valid')
  return new SutraError('ERR_INVALID', `${name} ${what}`, { field: name })
}

/** The same error, its field and message in the words of the request's body. */
export function withBodyFields(
  error: unknown,
  names: Readonly<Record<string, string>> | undefined,
): unknown {
  if (!(error instanceof SutraError) || error.field === undefined) return error
  const name = names?.[error.field]
  if (name === undefined) return error
  return new SutraError(error.code, error.message.replace(error.field, name), {
    field: name,
    limit: error.limit,
    cause: error,
  })
}

function fromFastify(error: unknown, bodyBytesMax: number): SutraError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new SutraError('ERR_LIMIT', `the body may have at most ${bodyBytesMax} bytes`, {
        field: 'body',
        limit: bodyBytesMax,
      })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError(
        415,
        'ERR_INVALID',
        'content-type must be application/json',
        'content-type',
      )
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new SutraError('ERR_INVALID', 'the body is not valid JSON', { field: 'body' })
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new SutraError('ERR_INVALID', 'the body is not as long as content-length says', {
        field: 'body',
      })
    default:
      return otherRefusal(error)
  }
}

/** What else fastify refuses as a fault of the request: a malformed address, for example. */
function otherRefusal(error: Error): SutraError | undefined {
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  return new HttpError(status, 'ERR_INVALID', 'the request is malformed')
}
