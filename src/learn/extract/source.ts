// Source files: the file itself, and one concept for each item with a doc comment. Comments are
// found line by line, without a parser for each language: what looks like documentation is taken.

import { nothingExtracted, type Extracted, type ExtractLimits } from '../extracted.js'
import { documentKey, symbolKey } from '../keys.js'
import { shorten, splitText } from '../split-text.js'
import { readGo } from './source-go.js'
import { readJava } from './source-java.js'
import { readJavaScript } from './source-javascript.js'
import { readPython } from './source-python.js'
import { readRust } from './source-rust.js'

/** One documented item: a function, a type, a method. */
export interface SourceItem {
  /** `Store.close` for a member, `openStore` for what stands alone. */
  name: string
  /** Its declaration, on one line. */
  signature: string
  /** Its comment, without marks. */
  doc: string
}

/** What a language's reader finds. */
export interface SourceFacts {
  /** The comment about the file as a whole. */
  fileDoc: string
  items: SourceItem[]
  /** For each import the keys it may mean, best first. */
  imports: string[][]
}

/** Reads one language. Pure. */
export type SourceReader = (path: string, text: string) => SourceFacts

/** Which reader a file extension has. */
const READERS: Readonly<Record<string, { format: string; read: SourceReader }>> = {
  ts: { format: 'typescript', read: readJavaScript },
  tsx: { format: 'typescript', read: readJavaScript },
  mts: { format: 'typescript', read: readJavaScript },
  cts: { format: 'typescript', read: readJavaScript },
  js: { format: 'javascript', read: readJavaScript },
  jsx: { format: 'javascript', read: readJavaScript },
  mjs: { format: 'javascript', read: readJavaScript },
  cjs: { format: 'javascript', read: readJavaScript },
  rs: { format: 'rust', read: readRust },
  py: { format: 'python', read: readPython },
  pyi: { format: 'python', read: readPython },
  go: { format: 'go', read: readGo },
  java: { format: 'java', read: readJava },
  kt: { format: 'kotlin', read: readJava },
  scala: { format: 'scala', read: readJava },
  cs: { format: 'csharp', read: readJava },
  swift: { format: 'swift', read: readJava },
  php: { format: 'php', read: readJava },
  c: { format: 'c', read: readJava },
  h: { format: 'c', read: readJava },
  cc: { format: 'cpp', read: readJava },
  cpp: { format: 'cpp', read: readJava },
  hpp: { format: 'cpp', read: readJava },
}

/** Units of a line that are looked at: longer ones are generated, and slow to match. */
const LINE_LENGTH_MAX = 2000
/** Bytes of a signature. */
const SIGNATURE_BYTES_MAX = 400

/** True if files with this extension are read as source. */
export function isSource(extension: string): boolean {
  return Object.hasOwn(READERS, extension)
}

/** Reads a source file: `part_of` the file for each item, `depends_on` for each import. */
export function extractSource(path: string, text: string, limits: ExtractLimits): Extracted {
  const extension = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const reader = READERS[extension]
  const found = nothingExtracted()
  if (reader === undefined) return found
  const facts = reader.read(path, withShortLines(text))
  const key = documentKey(path)
  const names = facts.items.map((item) => item.name)
  const listed = names.length === 0 ? '' : `Documented: ${names.join(', ')}`
  const parts = [path, facts.fileDoc, listed].filter((part) => part !== '')
  found.concepts.push({
    key,
    kind: 'document',
    content: shorten(parts.join('\n\n'), limits.contentBytesMax),
    attributes: { format: reader.format, title: path.slice(path.lastIndexOf('/') + 1) },
  })
  addItems(found, path, facts.items, limits)
  for (const targets of facts.imports) {
    if (targets.length === 0 || targets.includes(key)) continue
    found.associations.push({ source: key, targets, type: 'compositional', label: 'depends_on' })
  }
  return found
}

function withShortLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => (line.length > LINE_LENGTH_MAX ? line.slice(0, LINE_LENGTH_MAX) : line))
    .join('\n')
}

function addItems(
  found: Extracted,
  path: string,
  items: readonly SourceItem[],
  limits: ExtractLimits,
): void {
  const counts = new Map<string, number>()
  for (const item of items) {
    if (found.concepts.length >= limits.conceptsPerFileMax) {
      found.notes.push(`more than ${limits.conceptsPerFileMax} concepts, the rest is left out`)
      return
    }
    const count = (counts.get(item.name) ?? 0) + 1
    counts.set(item.name, count)
    // Overloads and items of two scopes share a name; order tells them apart.
    const key = symbolKey(path, count === 1 ? item.name : `${item.name}~${count}`)
    const signature = shorten(item.signature, SIGNATURE_BYTES_MAX)
    const head = `${item.name} in ${path}\n${signature}`
    const room = limits.contentBytesMax - Buffer.byteLength(head) - 2
    found.concepts.push({
      key,
      kind: 'symbol',
      content: `${head}\n\n${splitText(item.doc, Math.max(room, 1))[0] ?? ''}`.trim(),
      attributes: { name: item.name, signature },
    })
    found.associations.push({
      source: key,
      targets: [documentKey(path)],
      type: 'compositional',
      label: 'part_of',
    })
  }
}
