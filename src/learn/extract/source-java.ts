// Java and its relatives (Kotlin, Scala, C#, Swift, PHP, C, C++): /** */ comments, /// where used.

import { posix } from 'node:path'
import { documentKey, resolvePath } from '../keys.js'
import { blockComments, itemsOf, leadingBlock, lineComments } from './doc-comments.js'
import type { SourceFacts } from './source.js'

const ANNOTATION = /^\s*(?:@\w[\w.]*(?:\(.*\))?|\[\[?[A-Z]\w*.*\]|#\[.*\]|template\s*<.*>)\s*$/
const LINE_MARK = /^\s*\/\/\/(?!\/)/
const TYPE_KEYWORD =
  'class|interface|enum|record|struct|object|trait|protocol|extension|namespace|union'
/** A type that is declared, not one that a function gives: `struct log *open(`. */
const TYPE = new RegExp(
  String.raw`\b(?:${TYPE_KEYWORD})\s+([A-Za-z_]\w*)(?!\w|\s*[*&]|\s+\w+\s*[(;=,[])`,
)
const KEYWORD_FUNCTION = /\b(?:fun|func|function|def)\s+([A-Za-z_]\w*)/
/** A word in front of a parenthesis is what a C-like language calls a function. */
const CALLED = /([A-Za-z_~]\w*)\s*(?:<[^()]{0,200}>)?\s*\(/
/** Or else the last word of the declaration: a field, a macro, a typedef. */
const LAST = /(?:^|[\s*&$])([A-Za-z_]\w*)\s*(?:=.*|\[.*|:.*)?$/
const MACRO = /^#\s*define\s+(\w+)/
const PACKAGE = /^[ \t]*package[ \t]+([\w.]+)/m
const IMPORT = /^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+?)(\.\*)?[ \t]*;?[ \t]*\r?$/gm
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]+"([^"\n]{1,500})"/gm

/** Reads a file of a language with C-like comments. */
export function readJava(path: string, text: string): SourceFacts {
  const lines = text.split('\n')
  const comments = [
    ...blockComments(lines, ANNOTATION),
    ...lineComments(lines, LINE_MARK, ANNOTATION),
  ].toSorted((a, b) => a.line - b.line)
  return {
    fileDoc: leadingBlock(text, /^\s*(?:package|import|using|#)/),
    items: itemsOf(lines, comments, nameOf, (line) => TYPE.exec(line)?.[1]),
    imports: [...includes(path, text), ...imports(path, text)],
  }
}

function nameOf(declaration: string): string | undefined {
  if (/^(?:package|import|using|#\s*include)\b/.test(declaration)) return undefined
  // A type after the parenthesis is that of a parameter.
  const beforeParameters = declaration.split('(', 1)[0] ?? ''
  return (
    MACRO.exec(declaration)?.[1] ??
    TYPE.exec(beforeParameters)?.[1] ??
    KEYWORD_FUNCTION.exec(declaration)?.[1] ??
    CALLED.exec(declaration)?.[1] ??
    LAST.exec(declaration)?.[1]
  )
}

function includes(path: string, text: string): string[][] {
  const found: string[][] = []
  for (const [, name] of text.matchAll(INCLUDE)) {
    if (name === undefined) continue
    const near = resolvePath(path, name)
    const far = [`include/${name}`, `src/${name}`, name].map((one) => posix.normalize(one))
    found.push([...(near === undefined ? [] : [near]), ...far].map(documentKey))
  }
  return found
}

/** Files an import may be, from the folder in which this file's package starts. */
function imports(path: string, text: string): string[][] {
  const depth = PACKAGE.exec(text)?.[1]?.split('.').length ?? 0
  const extension = path.slice(path.lastIndexOf('.'))
  const folder = posix.dirname(path).split('/')
  const root = folder.slice(0, Math.max(0, folder.length - depth))
  const found: string[][] = []
  for (const [, name, star] of text.matchAll(IMPORT)) {
    if (name === undefined || star !== undefined || !name.includes('.')) continue
    const parts = name.split('.')
    // A static import or a nested class names a member of the file's class.
    found.push(
      [parts, parts.slice(0, -1)].map((one) =>
        documentKey(`${posix.join(...root, ...one)}${extension}`),
      ),
    )
  }
  return found
}
