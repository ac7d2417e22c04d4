// Runs an extractor on text and shows its result by key.
import { extract } from '../../src/learn/extract/index.js'
import type { Extracted, ExtractLimits } from '../../src/learn/extracted.js'

/** Limits small enough for short texts to be split. */
export const LIMITS: ExtractLimits = { contentBytesMax: 8192, conceptsPerFileMax: 5000 }

/** What a file of that name and text comes to. */
export function extractText(path: string, text: string, limits = LIMITS): Extracted {
  const result = extract(path, Buffer.from(text), limits)
  if ('refused' in result) throw new Error(`${path} was refused: ${result.refused}`)
  return result.found
}

/** Contents by key, in order. */
export function contents({ concepts }: Extracted): Record<string, string> {
  return Object.fromEntries(concepts.map(({ key, content }) => [key, content]))
}

/** Associations as "source label first-target". */
export function associations({ associations: found }: Extracted): string[] {
  return found.map(({ source, label, targets }) => `${source} ${label} ${targets[0]}`)
}

/** The keys each import of a file may mean. */
export function imports({ associations: found }: Extracted): string[][] {
  return found.filter(({ label }) => label === 'depends_on').map(({ targets }) => targets.slice())
}
