// Go: comments directly above declarations at the left edge, the package comment, imports.

import { folderKey } from '../keys.js'
import { lineComments } from './doc-comments.js'
import type { SourceFacts } from './source.js'

const MARK = /^\/\/(?!go:)/
const NOTHING = /^$(?!)/
const PACKAGE = /^package\s+\w+/
const METHOD = /^func\s+\(\s*(?:\w+\s+)?\*?([A-Za-z_]\w*)[^)]*\)\s*([A-Za-z_]\w*)/
const DECLARED = /^(?:func|type|var|const)\s+([A-Za-z_]\w*)/
const IMPORT_BLOCK = /^import\s*\(([^)]{0,20000})\)/gm
const IMPORT_LINE = /^import\s+(?:[\w.]+\s+)?"([^"\n]{1,500})"/gm
const QUOTED = /"([^"\n]{1,500})"/g

/** Reads a Go file. */
export function readGo(_path: string, text: string): SourceFacts {
  const comments = lineComments(text.split('\n'), MARK, NOTHING)
  const items = comments.flatMap(({ doc, declaration }) => {
    const [, type, method] = METHOD.exec(declaration) ?? []
    const name = method === undefined ? DECLARED.exec(declaration)?.[1] : `${type}.${method}`
    return name === undefined ? [] : [{ name, signature: declaration, doc }]
  })
  const ofPackage = comments.find(({ declaration }) => PACKAGE.test(declaration))
  return { fileDoc: ofPackage?.doc ?? '', items, imports: importsOf(text) }
}

function importsOf(text: string): string[][] {
  const found = new Set<string>()
  for (const [, block] of text.matchAll(IMPORT_BLOCK)) {
    for (const [, name] of (block ?? '').matchAll(QUOTED)) if (name !== undefined) found.add(name)
  }
  for (const [, name] of text.matchAll(IMPORT_LINE)) if (name !== undefined) found.add(name)
  return [...found].map(packageFolders).filter((targets) => targets.length > 0)
}

/**
 * Folders an import may be: the module's own name is in front of them, however long it is.
 * The standard library has no dot in its first part and no folder here.
 */
function packageFolders(name: string): string[] {
  const parts = name.split('/')
  if (!(parts[0] ?? '').includes('.')) return []
  return parts.slice(1).map((_, at) => folderKey(parts.slice(at + 1).join('/')))
}
