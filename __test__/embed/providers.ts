// Every provider behind one way to make it, so that one suite runs against all.
import type { ExecutionContext } from 'ava'
import {
  embeddingServiceEmbedder,
  functionEmbedder,
  ollamaEmbedder,
  openAiEmbedder,
} from '../../src/embed/index.js'
import type { Embedder, EmbedderOptions, HttpEmbedderOptions, Timing } from '../../src/index.js'
import { DIMENSION, fakeService, type FakeService, type Protocol } from './fake-service.js'

export type Options = Partial<HttpEmbedderOptions>

/** One provider, and what it is talked to in. */
export interface Provider {
  readonly name: string
  readonly protocol: Protocol
  /** Where its requests go. */
  readonly path: string
  make(options: HttpEmbedderOptions & { url: string }, timing?: Timing): Embedder
}

const openAiProtocol: Protocol = {
  texts: (body) => body['input'] as string[],
  // Backwards: the answer may come in any order.
  answer: (vectors) => ({
    data: vectors.map((embedding, index) => ({ index, embedding })).toReversed(),
  }),
}

export const HTTP_PROVIDERS: readonly Provider[] = [
  {
    name: 'embedding service',
    protocol: {
      texts: (body) => body['texts'] as string[],
      answer: (embeddings) => ({ embeddings, dimensions: lengthOf(embeddings[0]), model: 'm' }),
    },
    path: '/embed',
    make: (options, timing) => embeddingServiceEmbedder(options, timing),
  },
  {
    name: 'OpenAI',
    protocol: openAiProtocol,
    path: '/v1/embeddings',
    make: (options, timing) => openAiEmbedder({ model: 'm', ...options }, timing),
  },
  {
    name: 'OpenAI in base64',
    protocol: {
      ...openAiProtocol,
      answer: (vectors) => openAiProtocol.answer(vectors.map(base64)),
    },
    path: '/v1/embeddings',
    make: (options, timing) =>
      openAiEmbedder({ model: 'm', encoding: 'base64', ...options }, timing),
  },
  {
    name: 'Ollama',
    protocol: {
      texts: (body) => body['input'] as string[],
      answer: (embeddings) => ({ model: 'm', embeddings }),
    },
    path: '/api/embed',
    make: (options, timing) => ollamaEmbedder({ model: 'm', ...options }, timing),
  },
]

function lengthOf(vector: unknown): number {
  return Array.isArray(vector) ? vector.length : 0
}

function base64(vector: unknown): unknown {
  const isVector = Array.isArray(vector) && vector.every((one) => typeof one === 'number')
  if (!isVector) return vector
  return Buffer.from(Float32Array.from(vector as number[]).buffer).toString('base64')
}

/** A function that asks a fake service: what is behind it is the same for all. */
const functionProvider: Provider = {
  name: 'function',
  protocol: { texts: (body) => body['texts'] as string[], answer: (vectors) => vectors },
  path: '/',
  make: ({ url, ...options }) => {
    const { apiKey: _, headers: _headers, retries: _retries, ...rest } = options
    return functionEmbedder({
      name: 'of a test',
      ...(rest satisfies EmbedderOptions),
      embed: async (texts, { signal }) => {
        const body = JSON.stringify({ texts })
        const response = await fetch(url, { method: 'POST', body, signal })
        if (!response.ok) throw new Error(`status ${response.status}`)
        return (await response.json()) as number[][]
      },
    })
  },
}

export const PROVIDERS: readonly Provider[] = [...HTTP_PROVIDERS, functionProvider]

/** A provider with a service behind it. */
export async function setUp(
  t: ExecutionContext,
  provider: Provider,
  options: Options = {},
  timing?: Timing,
): Promise<{ service: FakeService; embedder: Embedder }> {
  const service = await fakeService(t, provider.protocol)
  const given = { dimension: DIMENSION, url: service.url, retries: 0, ...options }
  return { service, embedder: provider.make(given, timing) }
}

/** A clock that stands still but for the pauses that are asked for, which end at once. */
export function recordedTiming(now = 1_700_000_000_000): Timing & { readonly pauses: number[] } {
  const pauses: number[] = []
  return {
    pauses,
    now: () => now,
    sleep: async (ms) => void pauses.push(ms),
  }
}
