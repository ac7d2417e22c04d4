// Python: docstrings of the module, its classes and functions; imports.

import { posix } from 'node:path'
import { documentKey } from '../keys.js'
import type { SourceFacts, SourceItem } from './source.js'

const DEFINITION = /^(\s*)(?:async\s+)?(def|class)\s+([A-Za-z_]\w*)/
const DOCSTRING = /^\s*[rRuUbB]{0,2}("""|''')/
const IMPORT = /^[ \t]*import[ \t]+([\w., \t]{1,2000})/gm
const FROM = /^[ \t]*from[ \t]+(\.{0,20})([\w.]*)[ \t]+import[ \t]+(?:\(\s{0,200})?([\w*]+)/gm
/** Lines a definition's head may have before its docstring. */
const HEAD_LINES_MAX = 30

/** Reads a Python file. */
export function readPython(path: string, text: string): SourceFacts {
  const lines = text.split('\n')
  return { fileDoc: fileDocOf(lines), items: itemsOf(lines), imports: importsOf(path, text) }
}

function fileDocOf(lines: readonly string[]): string {
  const at = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'))
  return at < 0 ? '' : (docstringAt(lines, at) ?? '')
}

function itemsOf(lines: readonly string[]): SourceItem[] {
  const items: SourceItem[] = []
  const classes: { indent: number; name: string }[] = []
  for (const [at, line] of lines.entries()) {
    const [, space, kind, name] = DEFINITION.exec(line) ?? []
    if (space === undefined || name === undefined) continue
    while (classes.length > 0 && classes[classes.length - 1]!.indent >= space.length) classes.pop()
    const full = [...classes.map((one) => one.name), name].join('.')
    if (kind === 'class') classes.push({ indent: space.length, name })
    const end = headEnd(lines, at)
    const doc = docstringAt(lines, end + 1)
    if (doc === undefined) continue
    const head = lines.slice(at, end + 1).map((part) => part.trim())
    items.push({ name: full, signature: head.join(' ').replace(/:\s*$/, ''), doc })
  }
  return items
}

/** The line on which the head of a definition ends with a colon. */
function headEnd(lines: readonly string[], start: number): number {
  for (let at = start; at < Math.min(start + HEAD_LINES_MAX, lines.length); at++) {
    if (/:\s*(?:#.*)?$/.test(lines[at]!)) return at
  }
  return start
}

/** The docstring that starts on a line, without the common indentation. */
function docstringAt(lines: readonly string[], at: number): string | undefined {
  const line = lines[at]
  const match = line === undefined ? null : DOCSTRING.exec(line)
  if (line === undefined || match?.[1] === undefined) return undefined
  const quote = match[1]
  const first = line.slice(match[0].length)
  const closed = first.indexOf(quote)
  if (closed >= 0) return first.slice(0, closed).trim()
  const rest: string[] = []
  for (let next = at + 1; next < lines.length; next++) {
    const end = lines[next]!.indexOf(quote)
    rest.push(end < 0 ? lines[next]! : lines[next]!.slice(0, end))
    if (end >= 0) break
  }
  const indents = rest
    .filter((one) => one.trim() !== '')
    .map((one) => one.length - one.trimStart().length)
  const common = indents.reduce((least, one) => Math.min(least, one), Infinity)
  return [first, ...rest.map((one) => one.slice(Math.min(common, one.length)))].join('\n').trim()
}

function importsOf(path: string, text: string): string[][] {
  const found = new Map<string, string[]>()
  for (const [, names] of text.matchAll(IMPORT)) {
    for (const part of (names ?? '').split(',')) {
      const name = part.trim().split(/\s/)[0] ?? ''
      if (name !== '') found.set(name, moduleFiles(path, '', name.split('.')))
    }
  }
  for (const [, dots, module, item] of text.matchAll(FROM)) {
    const segments = (module ?? '').split('.').filter((part) => part !== '')
    const name = `${dots}${module}.${item}`
    found.set(name, moduleFiles(path, dots ?? '', [...segments, item ?? '']))
  }
  return [...found.values()].filter((targets) => targets.length > 0)
}

/** Files a module may be: relative ones from the file's package, others also from the top. */
function moduleFiles(path: string, dots: string, segments: readonly string[]): string[] {
  const own = posix.dirname(path)
  const folders =
    dots === '' ? ['.', 'src', own] : [posix.join(own, ...Array(dots.length - 1).fill('..'))]
  return folders.flatMap((folder) => {
    const keys: string[] = []
    for (let count = segments.length; count > 0; count--) {
      const base = posix.join(folder, ...segments.slice(0, count))
      if (base.startsWith('..')) continue
      keys.push(documentKey(`${base}.py`), documentKey(`${base}/__init__.py`))
    }
    return keys
  })
}
