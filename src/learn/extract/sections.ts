// Builds the concepts and associations every extractor has in common: a document, its sections in
// order, and what belongs together.

import type { Attributes } from '../../types.js'
import { nothingExtracted, type Extracted, type ExtractLimits } from '../extracted.js'
import { documentKey, sectionKey } from '../keys.js'
import { shorten, splitText } from '../split-text.js'

/** One section of a document, not yet split. */
export interface Section {
  /** Unique in the document; the part of the key after '#'. */
  slug: string
  /** Shown in front of the text: the headings that lead here. */
  title: string
  text: string
  /** Slug of the section this one is under. */
  parentSlug?: string
}

/** A document before it becomes concepts. */
export interface SectionedDocument {
  path: string
  format: string
  title: string
  /** What the document concept itself says. */
  summary: string
  sections: readonly Section[]
  attributes?: Attributes
}

/** Bytes of a document's own content; the text itself is in the sections. */
const SUMMARY_BYTES_MAX = 4096
/** Bytes of a title as an attribute; the content has all of it. */
const TITLE_BYTES_MAX = 512

/** A document with its sections: `part_of` the document, `under` a section, `next` in order. */
export function documentWithSections(
  document: SectionedDocument,
  limits: ExtractLimits,
): Extracted {
  const found = nothingExtracted()
  const { path, format, title } = document
  const key = documentKey(path)
  const isNamed = title !== '' && title !== path.slice(path.lastIndexOf('/') + 1)
  const head = isNamed ? `${path}: ${title}` : path
  found.concepts.push({
    key,
    kind: 'document',
    content: shorten(
      `${head}\n\n${document.summary}`,
      Math.min(SUMMARY_BYTES_MAX, limits.contentBytesMax),
    ),
    attributes: { format, title: shorten(title, TITLE_BYTES_MAX), ...document.attributes },
  })
  let previous: string | undefined
  for (const section of document.sections) {
    if (found.concepts.length >= limits.conceptsPerFileMax) {
      found.notes.push(`more than ${limits.conceptsPerFileMax} concepts, the rest is left out`)
      break
    }
    previous = addSection(found, document, section, limits, previous)
  }
  return found
}

/** Adds one section, in several parts if it is long. Returns the key of the last part. */
function addSection(
  found: Extracted,
  document: SectionedDocument,
  section: Section,
  limits: ExtractLimits,
  previous: string | undefined,
): string | undefined {
  const { path } = document
  const titleLine = shorten(section.title, limits.contentBytesMax / 2)
  const room = limits.contentBytesMax - Buffer.byteLength(titleLine) - 2
  const parts = splitText(section.text, Math.max(room, 1))
  if (parts.length === 0) parts.push('')
  let last = previous
  for (const [at, part] of parts.entries()) {
    const key = sectionKey(path, at === 0 ? section.slug : `${section.slug}~${at + 1}`)
    found.concepts.push({
      key,
      kind: 'section',
      content: `${titleLine}\n\n${part}`.trim(),
      attributes: {
        title: shorten(section.title, TITLE_BYTES_MAX),
        ...(parts.length > 1 && { part: at + 1, parts: parts.length }),
      },
    })
    found.associations.push({
      source: key,
      targets: [documentKey(path)],
      type: 'compositional',
      label: 'part_of',
    })
    if (section.parentSlug !== undefined && at === 0) {
      const parent = sectionKey(path, section.parentSlug)
      found.associations.push({
        source: key,
        targets: [parent],
        type: 'hierarchical',
        label: 'under',
      })
    }
    if (last !== undefined) {
      found.associations.push({ source: last, targets: [key], type: 'temporal', label: 'next' })
    }
    last = key
  }
  return last
}

/** Gives out slugs and makes them unique the way GitHub does: `usage`, `usage-1`, `usage-2`. */
export class Slugs {
  readonly #given = new Map<string, number>()

  /** A slug of this document that was not given out before. */
  of(title: string): string {
    const base = slugOf(title)
    let count = this.#given.get(base)
    if (count === undefined) {
      this.#given.set(base, 0)
      return base
    }
    let slug: string
    do {
      count++
      slug = `${base}-${count}`
    } while (this.#given.has(slug))
    this.#given.set(base, count)
    this.#given.set(slug, 0)
    return slug
  }
}

/** The anchor GitHub gives a heading. */
function slugOf(title: string): string {
  const slug = title
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
  return slug === '' ? 'section' : slug
}
