import { ConfigurationError } from '../config/index.js'
import { SutraError } from '../errors.js'
import { oneLine } from './text.js'

const MESSAGE_WIDTH = 2_000

/** An error as lines for standard error: one problem a line, or one JSON document. */
export function errorLines(error: unknown, json: boolean): string[] {
  if (json) return [JSON.stringify(errorDocument(error))]
  if (error instanceof ConfigurationError) {
    return error.problems.map(
      ({ message }) => `sutra: ERR_CONFIG: ${oneLine(message, MESSAGE_WIDTH)}`,
    )
  }
  const message = oneLine(messageOf(error), MESSAGE_WIDTH)
  return [`sutra: ${error instanceof SutraError ? error.code : 'ERR_INTERNAL'}: ${message}`]
}

/** What commander says of a command line it cannot read, in our form. */
export function usageLine(text: string, json: boolean): string {
  const message = oneLine(text.replace(/^error: /, ''), MESSAGE_WIDTH)
  if (json) return `${JSON.stringify({ error: 'ERR_CONFIG', message })}\n`
  return `sutra: ERR_CONFIG: ${message}\n`
}

/** What is said of a command that was stopped by a signal. */
export function interruptLine(json: boolean): string {
  const message = 'stopped; what was acknowledged is stored'
  return json ? JSON.stringify({ error: 'ERR_ABORTED', message }) : `sutra: ERR_ABORTED: ${message}`
}

function errorDocument(error: unknown): Record<string, unknown> {
  if (!(error instanceof SutraError)) return { error: 'ERR_INTERNAL', message: messageOf(error) }
  return {
    error: error.code,
    message: error.message,
    field: error.field,
    limit: error.limit,
    file: error.file,
    offset: error.offset,
    problems: error instanceof ConfigurationError ? error.problems : undefined,
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
