// Markdown by section: each heading with its text is a concept, linked to what it links to.

import type { Extracted, ExtractLimits } from '../extracted.js'
import { documentKey, sectionKey } from '../keys.js'
import { splitText } from '../split-text.js'
import { linkDefinitions, linksIn } from './markdown-links.js'
import { readMarkdown, type MarkdownBlock, type MarkdownFile } from './markdown-lines.js'
import { documentWithSections, Slugs, type Section } from './sections.js'
import { textParts } from './text.js'

/** A section together with what its links are read from. */
interface LinkedSection extends Section {
  prose: readonly string[]
}

/** Reads a Markdown file: one document, one section for each heading, links as `links_to`. */
export function extractMarkdown(path: string, text: string, limits: ExtractLimits): Extracted {
  const file = readMarkdown(text)
  const [preamble, ...headed] = file.blocks
  const title = titleOf(path, file)
  const introduction = (preamble?.lines ?? []).join('\n').trim()
  // Text before the first heading belongs to the document itself, in parts if it is long.
  const opening = textParts(title, introduction, limits)
  const sections = sectionsOf(headed)
  const found = documentWithSections(
    {
      path,
      format: 'markdown',
      title,
      summary: summaryOf(opening.summary, sections),
      sections: [...opening.sections, ...sections],
    },
    limits,
  )
  const definitions = linkDefinitions(file.blocks.flatMap((block) => block.prose))
  addLinks(found, path, documentKey(path), preamble?.prose ?? [], definitions)
  const kept = new Set(found.concepts.map((concept) => concept.key))
  for (const section of sections) {
    const key = sectionKey(path, section.slug)
    if (kept.has(key)) addLinks(found, path, key, section.prose, definitions)
  }
  return found
}

function titleOf(path: string, file: MarkdownFile): string {
  const named = file.frontMatter.get('title')
  if (named !== undefined && named !== '') return named
  const top = file.blocks.find((block) => block.depth === 1 && block.heading !== '')
  if (top !== undefined) return plainText(top.heading)
  return path.slice(path.lastIndexOf('/') + 1)
}

function sectionsOf(blocks: readonly MarkdownBlock[]): LinkedSection[] {
  const slugs = new Slugs()
  const above: { depth: number; slug: string; title: string }[] = []
  const sections: LinkedSection[] = []
  for (const block of blocks) {
    const heading = plainText(block.heading)
    while (above.length > 0 && above[above.length - 1]!.depth >= block.depth) above.pop()
    const parent = above.at(-1)
    const slug = slugs.of(heading)
    const title = [...above.map((one) => one.title), heading].join(' > ')
    above.push({ depth: block.depth, slug, title: heading })
    sections.push({
      slug,
      title,
      text: block.lines.join('\n'),
      prose: block.prose,
      ...(parent !== undefined && { parentSlug: parent.slug }),
    })
  }
  return sections
}

/** The introduction, or else the first text there is, and the headings. */
function summaryOf(introduction: string, sections: readonly LinkedSection[]): string {
  const firstText = sections.find((section) => section.text.trim() !== '')?.text ?? ''
  const start = introduction === '' ? (splitText(firstText, 1000)[0] ?? '') : introduction
  const headings = sections.map((section) => section.title.split(' > ').at(-1)).join(', ')
  return headings === '' ? start : `${start}\n\nSections: ${headings}`
}

function addLinks(
  found: Extracted,
  path: string,
  source: string,
  prose: readonly string[],
  definitions: ReadonlyMap<string, string>,
): void {
  for (const targets of linksIn(path, prose, definitions)) {
    if (targets[0] === source) continue
    found.associations.push({ source, targets, type: 'semantic', label: 'links_to' })
  }
}

/** A heading without its marks: links, images, emphasis and code become their text. */
export function plainText(heading: string): string {
  return heading
    .replace(/!\[[^\][]{0,500}\]\([^)]{0,2000}\)/g, '')
    .replace(/\[([^\][]{0,500})\]\([^)]{0,2000}\)/g, '$1')
    .replace(/<[^<>]{1,200}>/g, '')
    .replace(/(\*\*|__|\*|`)/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
