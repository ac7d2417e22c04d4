// JSON: a document, its top level as sections. Comments and trailing commas make it plain text.

import type { Extracted, ExtractLimits } from '../extracted.js'
import { splitText } from '../split-text.js'
import { documentWithSections, Slugs, type Section } from './sections.js'
import { extractText } from './text.js'

/** Bytes up to which a whole JSON text is the content of its document. */
const WHOLE_BYTES_MAX = 2048
const SUMMARY_KEYS = ['name', 'title', 'description', 'summary'] as const

/**
 * Reads a JSON file. A small one is one concept; of a larger one each member of the top level is
 * a section (`section:data.json#members`), and each element if it is an array.
 */
export function extractJson(path: string, text: string, limits: ExtractLimits): Extracted {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const found = extractText(path, text, limits)
    found.notes.push(`not JSON, read as text: ${error instanceof Error ? error.message : error}`)
    return found
  }
  const whole = text.trim()
  const small = Buffer.byteLength(whole) <= WHOLE_BYTES_MAX
  const entries = entriesOf(value)
  const sections = small ? [] : sectionsOf(path, entries)
  return documentWithSections(
    {
      path,
      format: 'json',
      title: titleOf(path, value),
      summary: small ? whole : summaryOf(value, entries),
      sections,
    },
    limits,
  )
}

function entriesOf(value: unknown): [string, unknown][] {
  if (Array.isArray(value)) return value.map((one, at) => [String(at), one])
  if (typeof value === 'object' && value !== null) return Object.entries(value)
  return [['value', value]]
}

function sectionsOf(path: string, entries: readonly [string, unknown][]): Section[] {
  const slugs = new Slugs()
  return entries.map(([name, value]) => ({
    slug: slugs.of(name),
    title: `${path} ${name}`,
    text: typeof value === 'string' ? value : (JSON.stringify(value, null, 1) ?? ''),
  }))
}

function titleOf(path: string, value: unknown): string {
  const member = memberOf(value, 'name') ?? memberOf(value, 'title')
  return member ?? path.slice(path.lastIndexOf('/') + 1)
}

function summaryOf(value: unknown, entries: readonly [string, unknown][]): string {
  const told = SUMMARY_KEYS.flatMap((key) => memberOf(value, key) ?? [])
  if (Array.isArray(value)) return [...told, `${entries.length} elements`].join('\n')
  const names = entries.map(([name]) => name).join(', ')
  return [...told, `Members: ${splitText(names, 1500)[0] ?? ''}`].join('\n')
}

function memberOf(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const member: unknown = Object.entries(value).find(([name]) => name === key)?.[1]
  return typeof member === 'string' && member !== '' ? member : undefined
}
