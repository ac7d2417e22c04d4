// Plain text: a document and, where it is long, its parts in order.

import type { Extracted, ExtractLimits } from '../extracted.js'
import { splitText } from '../split-text.js'
import { documentWithSections, type Section } from './sections.js'

/** Reads plain text. A short text is one concept; a long one is a document with numbered parts. */
export function extractText(path: string, text: string, limits: ExtractLimits): Extracted {
  const title = titleOf(path, text)
  return documentWithSections(
    { path, format: 'text', title, ...textParts(title, text, limits) },
    limits,
  )
}

/** Bytes up to which a whole text is the content of its document. */
const WHOLE_BYTES_MAX = 2048

/** Summary of a text without headings, and its parts if the summary cannot hold all of it. */
export function textParts(
  title: string,
  text: string,
  limits: ExtractLimits,
): { summary: string; sections: Section[] } {
  const trimmed = text.trim()
  if (Buffer.byteLength(trimmed) <= WHOLE_BYTES_MAX) return { summary: trimmed, sections: [] }
  // Room for the title line that goes in front of each part.
  const parts = splitText(trimmed, Math.max(Math.floor(limits.contentBytesMax * 0.9), 1))
  const sections = parts.map((part, at) => ({
    slug: `~${at + 1}`,
    title: `${title} (${at + 1})`,
    text: part,
  }))
  return { summary: splitText(trimmed, WHOLE_BYTES_MAX)[0] ?? '', sections }
}

/** The first line if it looks like a title, else the name of the file. */
function titleOf(path: string, text: string): string {
  const first = text.trimStart().split('\n', 1)[0]?.trim() ?? ''
  const name = path.slice(path.lastIndexOf('/') + 1)
  return first.length > 0 && first.length <= 100 ? first : name
}
