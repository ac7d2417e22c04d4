// The embedder that the settings ask for. Keys come from the environment only: flags are seen by
// every user of a machine, and files are copied.
import type { Configuration, SettingName } from '../config/index.js'
import {
  embeddingServiceEmbedder,
  hashedLexicalEmbedder,
  ollamaEmbedder,
  OPEN_AI_URL,
  openAiEmbedder,
} from '../embed/index.js'
import { SutraError } from '../errors.js'
import type { Embedder } from '../types.js'

/** Dimension of a new store if none is asked for and the embedder has none of its own. */
const DIMENSION_DEFAULT = 768
/** What the lexical embedder offers. A store of another dimension is opened without it. */
const LEXICAL_DIMENSION_MIN = 256
const LEXICAL_DIMENSION_MAX = 768
const MS_PER_SECOND = 1000

/** What is known when the embedder is chosen. */
export interface EmbedderChoice extends Configuration {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  /** Of the store that is there, or that is asked for; undefined for a new one. */
  readonly dimension: number | undefined
  /** Whether the embedder is asked how long its vectors are, before anything is written. */
  readonly isAsked: boolean
}

/**
 * The embedder, or undefined for a store whose vectors the lexical one cannot make.
 *
 * @throws ERR_CONFIG for a setting that is missing, or vectors unlike those of the store; ERR_IO if
 * the embedder of a new store cannot be asked.
 */
export async function chooseEmbedder(choice: EmbedderChoice): Promise<Embedder | undefined> {
  const { settings, dimension, isAsked } = choice
  const { embeddingServiceUrl } = settings
  const kind = settings.embedder ?? (embeddingServiceUrl === undefined ? 'lexical' : 'service')
  if (kind === 'lexical') return lexicalEmbedder(choice)
  const make = MAKERS[kind]
  if (!isAsked) return make(choice, dimension ?? DIMENSION_DEFAULT)
  const found = await askDimension(choice, make)
  if (dimension === undefined || found === undefined || found === dimension) {
    return make(choice, found ?? dimension ?? DIMENSION_DEFAULT)
  }
  const { name } = make(choice, dimension)
  throw new SutraError(
    'ERR_CONFIG',
    `vectorDimension: the store ${settings.data} has vectors of ${dimension} numbers, ` +
      `those of embedder ${name} have ${found}: choose another model, or another folder`,
    { field: 'vectorDimension', value: dimension },
  )
}

function lexicalEmbedder({ settings, dimension = DIMENSION_DEFAULT }: EmbedderChoice) {
  const isOffered = dimension >= LEXICAL_DIMENSION_MIN && dimension <= LEXICAL_DIMENSION_MAX
  // Asked for by name, it says itself why it cannot be had.
  if (!isOffered && settings.embedder === undefined) return undefined
  return hashedLexicalEmbedder({ dimension })
}

type Maker = (choice: EmbedderChoice, dimension: number, retries?: number) => Embedder

const MAKERS: Readonly<Record<'service' | 'openai' | 'ollama', Maker>> = {
  service: (choice, dimension, retries) =>
    embeddingServiceEmbedder({
      url: needed(choice, 'embeddingServiceUrl', 'service'),
      ...shared(choice, dimension, retries),
    }),
  openai: (choice, dimension, retries) => {
    const { environment, settings } = choice
    const url = settings.embeddingServiceUrl ?? OPEN_AI_URL
    // A key of OpenAI is for OpenAI: not for whoever answers at another address.
    const apiKey = url === OPEN_AI_URL ? environment['OPENAI_API_KEY'] : undefined
    return openAiEmbedder({
      model: needed(choice, 'embeddingModel', 'openai'),
      url,
      ...(apiKey && { apiKey }),
      ...shared(choice, dimension, retries),
    })
  },
  ollama: (choice, dimension, retries) => {
    const { embeddingServiceUrl: url } = choice.settings
    return ollamaEmbedder({
      model: needed(choice, 'embeddingModel', 'ollama'),
      ...(url !== undefined && { url }),
      ...shared(choice, dimension, retries),
    })
  },
}

function shared({ settings, environment }: EmbedderChoice, dimension: number, retries?: number) {
  const apiKey = environment['SUTRA_EMBEDDING_API_KEY']
  return {
    dimension,
    timeoutMs: settings.embeddingTimeoutSec * MS_PER_SECOND,
    ...(apiKey && { apiKey }),
    ...(retries !== undefined && { retries }),
  }
}

function needed(
  { settings }: EmbedderChoice,
  name: 'embeddingServiceUrl' | 'embeddingModel',
  embedder: string,
): string {
  const value = settings[name]
  if (value !== undefined) return value
  const [flag, variable] = WAYS[name]
  const message = `${name}: embedder ${embedder} needs ${flag} or ${variable}`
  throw new SutraError('ERR_CONFIG', message, { field: name satisfies SettingName })
}

const WAYS = {
  embeddingServiceUrl: ['--embedding-url', 'SUTRA_EMBEDDING_SERVICE_URL'],
  embeddingModel: ['--embedding-model', 'SUTRA_EMBEDDING_MODEL'],
} as const

/**
 * How long the vectors of the embedder are; undefined if it cannot be asked now and the dimension
 * of the store is known: a server has to start while its embedder is away.
 */
async function askDimension(choice: EmbedderChoice, make: Maker): Promise<number | undefined> {
  const { dimension, signal } = choice
  const guess = dimension ?? DIMENSION_DEFAULT
  // Only who cannot do without the answer asks again.
  const asked = make(choice, guess, dimension === undefined ? undefined : 0)
  try {
    await asked.embed(['dimension'], { signal })
    return guess
  } catch (error) {
    if (!(error instanceof SutraError)) throw error
    if (error.code === 'ERR_CONFIG' && typeof error.value === 'number') return error.value
    if (error.code === 'ERR_IO' && dimension !== undefined) return undefined
    throw error
  }
}
