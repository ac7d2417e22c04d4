// Comments above declarations, for languages with block comments (/** */) or marked lines (///).

import type { SourceItem } from './source.js'

/** A comment together with the code below it. */
export interface DocComment {
  doc: string
  /** Index of the line the declaration starts at. */
  line: number
  /** Spaces in front of the declaration: members are deeper than what they belong to. */
  indent: number
  /** The declaration, joined into one line, up to where its body starts. */
  declaration: string
}

/** Lines of a declaration that are looked at. */
const DECLARATION_LINES_MAX = 12
/** Lines between a comment and its declaration: attributes, decorators, annotations. */
const GAP_LINES_MAX = 20
/** Lines looked at above an item for what it is in. */
const ENCLOSING_LINES_MAX = 5000

/** All `/** ... *\/` comments with what they stand above. */
export function blockComments(lines: readonly string[], skip: RegExp): DocComment[] {
  const found: DocComment[] = []
  for (let at = 0; at < lines.length; at++) {
    if (!/^\s*\/\*\*(?!\/)/.test(lines[at] ?? '')) continue
    let end = at
    while (end < lines.length && !lines[end]!.includes('*/')) end++
    const doc = lines
      .slice(at, end + 1)
      .map(commentLine)
      .join('\n')
      .trim()
    const declaration = declarationAt(lines, end + 1, skip)
    if (doc !== '' && declaration !== undefined) found.push({ doc, ...declaration })
    at = end
  }
  return found
}

/** All runs of lines that start with a mark such as `///`, with what they stand above. */
export function lineComments(lines: readonly string[], mark: RegExp, skip: RegExp): DocComment[] {
  const found: DocComment[] = []
  for (let at = 0; at < lines.length; at++) {
    if (!mark.test(lines[at] ?? '')) continue
    let end = at
    while (end < lines.length && mark.test(lines[end]!)) end++
    const doc = lines
      .slice(at, end)
      .map((line) => line.replace(mark, '').replace(/^ /, ''))
      .join('\n')
      .trim()
    const declaration = declarationAt(lines, end, skip)
    if (doc !== '' && declaration !== undefined) found.push({ doc, ...declaration })
    at = end - 1
  }
  return found
}

/** The declaration that starts at a line, if it follows directly. */
function declarationAt(
  lines: readonly string[],
  start: number,
  skip: RegExp,
): Omit<DocComment, 'doc'> | undefined {
  let at = start
  while (at < start + GAP_LINES_MAX && at < lines.length && skip.test(lines[at]!)) at++
  const first = lines[at]
  if (first === undefined || first.trim() === '') return undefined
  const indent = first.length - first.trimStart().length
  let declaration = ''
  for (const line of lines.slice(at, at + DECLARATION_LINES_MAX)) {
    declaration = `${declaration} ${line.trim()}`.trim()
    if (/[{;]\s*$|=>\s*$|^$/.test(line.trimEnd()) || line.trim() === '') break
    if (!/[(<=|&+]\s*$/.test(line) && isBalanced(declaration)) break
  }
  return {
    line: at,
    indent,
    declaration: declaration.replace(/\s*[{;=,]+\s*$/, '').replace(/\s+/g, ' '),
  }
}

function isBalanced(text: string): boolean {
  let depth = 0
  for (const character of text) {
    if (character === '(') depth++
    else if (character === ')') depth--
  }
  return depth <= 0
}

/** Reads the name out of a declaration or a line; undefined if it declares nothing. */
export type NameReader = (declaration: string) => string | undefined

/** Items for comments whose declaration has a name; members are named after what they are in. */
export function itemsOf(
  lines: readonly string[],
  comments: readonly DocComment[],
  nameOf: NameReader,
  containerName: NameReader,
): SourceItem[] {
  return comments.flatMap((comment) => {
    const own = nameOf(comment.declaration)
    if (own === undefined) return []
    const container = enclosing(lines, comment, containerName)
    const name = container === undefined ? own : `${container}.${own}`
    return [{ name, signature: comment.declaration, doc: comment.doc }]
  })
}

/** Name of the nearest less indented line above that opens a container. */
function enclosing(
  lines: readonly string[],
  comment: DocComment,
  containerName: NameReader,
): string | undefined {
  let indent = comment.indent
  const last = Math.max(0, comment.line - ENCLOSING_LINES_MAX)
  for (let at = comment.line - 1; at >= last && indent > 0; at--) {
    const line = lines[at]!
    const start = line.trimStart()
    if (start === '' || line.length - start.length >= indent || /^(?:\*|\/|#|\/\/)/.test(start)) {
      continue
    }
    indent = line.length - start.length
    const name = containerName(start)
    if (name !== undefined) return name
  }
  return undefined
}

/** The first comment of a file made of lines with a mark, without the marks. */
export function leadingLines(lines: readonly string[], mark: RegExp, skip: RegExp): string {
  let at = 0
  while (at < lines.length && (lines[at]!.trim() === '' || skip.test(lines[at]!))) at++
  const first = at
  while (at < lines.length && mark.test(lines[at]!)) at++
  return lines
    .slice(first, at)
    .map((line) => line.replace(mark, '').replace(/^ /, ''))
    .join('\n')
    .trim()
}

/**
 * The block comment a file starts with, if it is about the file: marked so, or not directly above a
 * declaration. `notItem` matches what may follow such a comment, like an import.
 */
export function leadingBlock(text: string, notItem: RegExp): string {
  const start = text.trimStart()
  const end = start.startsWith('/*') ? start.indexOf('*/') : -1
  if (end < 0) return ''
  const comment = start.slice(0, end + 2)
  const [, below] = start.slice(end + 2).split('\n', 2)
  const marked = /@(?:file|fileoverview|module|packageDocumentation)\b/.test(comment)
  if (!marked && below !== undefined && below.trim() !== '' && !notItem.test(below)) return ''
  return comment.split('\n').map(commentLine).join('\n').trim()
}

/** A line of a block comment without the marks at its start and end. */
function commentLine(line: string): string {
  const end = line.indexOf('*/')
  const text = end < 0 ? line : line.slice(0, end).replace(/\*+$/, '')
  return text.replace(/^\s*(?:\/\*+|\*) ?/, '').trimEnd()
}
