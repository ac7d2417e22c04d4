// A function of the user's as an embedder: batches, bounded concurrency, a time limit and checks
// around whatever makes vectors of texts.

import type { Embedder } from '../types.js'
import { answeredVectors } from './answered-vectors.js'
import { batchedEmbedder } from './batched-embedder.js'
import {
  OptionProblems,
  readNames,
  readOptions,
  readText,
  type EmbedderOptions,
} from './embedder-options.js'
import { abortedBy, EmbeddingFailure } from './embedding-failure.js'
import { TextBatches } from './text-batches.js'

/** Makes one vector of each text, in order. */
export type EmbedFunction = (
  texts: string[],
  options: { signal: AbortSignal },
) => Promise<readonly EmbeddedText[]> | readonly EmbeddedText[]
type EmbeddedText = Float32Array | number[]

/** Options of {@link functionEmbedder}. */
export interface FunctionEmbedderOptions extends EmbedderOptions {
  /** Name of the model, as statistics show it. */
  name: string
  embed: EmbedFunction
}

/**
 * An embedder around a function. What it throws is the cause of an ERR_IO.
 *
 * @throws ERR_CONFIG with every option that is wrong.
 */
export function functionEmbedder(options: FunctionEmbedderOptions): Embedder {
  const problems = new OptionProblems('embedder of a function')
  const given = readNames(problems, options, ['name', 'embed'])
  const resolved = readOptions(problems, given, {})
  const name = readText(problems, given, 'name')
  if (typeof given.embed !== 'function') problems.add('embed', 'expected a function', given.embed)
  problems.throwIfAny()
  const embed = given.embed as EmbedFunction
  const { dimension, metric, normalize: scale, timeoutMs } = resolved
  const rules = { name, dimension, metric, scale }
  const batches = new TextBatches(resolved, async (texts, signal) => {
    const answer = await within(timeoutMs, signal, (inner) => embed(texts, { signal: inner }))
    return answeredVectors(answer, texts.length, rules)
  })
  return batchedEmbedder(name, dimension, batches)
}

/** Ends with the signal and the time limit even if the function heeds neither. */
async function within(
  timeoutMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => unknown,
): Promise<unknown> {
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(abortedBy(signal))
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () => stop.abort(new EmbeddingFailure(`no answer within ${timeoutMs} ms`)),
    timeoutMs,
  )
  const ended = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  try {
    return await Promise.race([call(stop.signal), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
