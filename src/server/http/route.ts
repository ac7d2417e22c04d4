import type { Store } from '../../types.js'
import type { EmbedderInfo } from '../shapes.js'
import type { WriteHealth } from './write-health.js'

/** A JSON schema, as ajv takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What every route can see of the server. */
export interface ServerState {
  readonly store: Store
  readonly embedder?: EmbedderInfo | undefined
  readonly writeHealth: WriteHealth
}

/** One call: the body has passed the route's schema. */
export interface RouteCall<Body> extends ServerState {
  readonly body: Body
  /** Aborted when the client goes away or the request's time is over. */
  readonly signal: AbortSignal
}

/** A status other than 200 with its body. */
export class Answer {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    this.status = status
    this.body = body
  }
}

/** One route. The objects in `routes/` are all there are. */
export interface Route<Body = undefined> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly schema?: {
    readonly body: JsonSchema
    /** The body may be left out altogether. */
    readonly bodyOptional?: boolean
  }
  /** Our own field names, where the body calls them otherwise: errors name the body's field. */
  readonly fields?: Readonly<Record<string, string>>
  /** True if it writes; /health shows when writes are refused. */
  readonly writes?: boolean
  handle(call: RouteCall<Body>): unknown
}

/** An object with these properties and no others. */
export function bodyOf(properties: JsonSchema, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false }
}

/** A number from 0 to 1. */
export const SHARE: JsonSchema = { type: 'number', minimum: 0, maximum: 1 }
