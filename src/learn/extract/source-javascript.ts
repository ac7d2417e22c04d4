// JavaScript and TypeScript: JSDoc comments, imports, requires.

import { builtinModules } from 'node:module'
import { documentKey, packageKey, resolvePath } from '../keys.js'
import { blockComments, itemsOf, leadingBlock, leadingLines } from './doc-comments.js'
import type { SourceFacts } from './source.js'

const BUILTIN = new Set(builtinModules)
const EXPORTED = String.raw`(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?`
const NAME = String.raw`([A-Za-z_$][\w$]*)`
const CONTAINER = new RegExp(`^${EXPORTED}(?:class|interface|enum|namespace|type)\\s+${NAME}`)
const DECLARED = new RegExp(
  String.raw`^${EXPORTED}(?:async\s+)?(?:function\s*\*?|class|interface|type|enum|namespace|` +
    String.raw`const|let|var)\s+${NAME}`,
)
const MODIFIER = 'public|private|protected|static|readonly|abstract|override|declare|async|get|set'
/** A method or a field: what is named in front of a parenthesis, a type or a value. */
const MEMBER = new RegExp(
  String.raw`^(?:(?:${MODIFIER})\s+)*\*?\s*['"]?([A-Za-z_$#][\w$-]*)['"]?\s*[?!]?\s*(?:[(:<=]|$)`,
)
const DECORATOR = /^\s*(?:@[\w.]+.*|\/\/.*|\/\* (?:@__PURE__|istanbul|c8).*)$/
const LINE_MARK = /^\s*\/\/(?!\/)/
const SKIPPED_HEAD = /^(?:#!|['"]use strict['"])/
const IMPORT_PATTERNS = [
  /^[ \t]*(?:import|export)\s[\w\s{},*$]{0,2000}?\bfrom\s*['"]([^'"\n]{1,500})['"]/gm,
  /^[ \t]*import[ \t]*['"]([^'"\n]{1,500})['"]/gm,
  /^[^/*\n]{0,500}\b(?:import|require)\(\s*['"]([^'"\n]{1,500})['"]\s*\)/gm,
] as const
/** What an import of `./x.js` may be on disk; compiled names stand for their sources. */
const EXTENSIONS = ['ts', 'tsx', 'mts', 'cts', 'js', 'jsx', 'mjs', 'cjs', 'json'] as const

/** Reads a JavaScript or TypeScript file. */
export function readJavaScript(path: string, text: string): SourceFacts {
  const lines = text.split('\n')
  return {
    fileDoc: leadingLines(lines, LINE_MARK, SKIPPED_HEAD) || leadingBlock(text, /^\s*import\b/),
    items: itemsOf(
      lines,
      blockComments(lines, DECORATOR),
      nameOf,
      (line) => CONTAINER.exec(line)?.[1],
    ),
    imports: importsOf(path, text),
  }
}

function nameOf(declaration: string): string | undefined {
  return DECLARED.exec(declaration)?.[1] ?? MEMBER.exec(declaration)?.[1]
}

function importsOf(path: string, text: string): string[][] {
  const found = new Map<string, string[]>()
  for (const pattern of IMPORT_PATTERNS) {
    for (const match of text.matchAll(pattern)) {
      const specifier = match[1]
      if (specifier !== undefined) found.set(specifier, moduleTargets(path, specifier))
    }
  }
  return [...found.values()].filter((targets) => targets.length > 0)
}

/** Keys an import may mean: a file of the folder, or a package. */
export function moduleTargets(fromPath: string, specifier: string): string[] {
  if (!specifier.startsWith('.')) {
    const parts = specifier.split('/')
    const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
    const isBuiltin = specifier.startsWith('node:') || BUILTIN.has(name)
    return isBuiltin || name === '' ? [] : [packageKey(name)]
  }
  const path = resolvePath(fromPath, specifier)
  if (path === undefined) return []
  const stem = path.replace(/\.(?:[cm]?js|jsx)$/, '')
  return [
    documentKey(path),
    ...EXTENSIONS.map((extension) => documentKey(`${stem}.${extension}`)),
    ...EXTENSIONS.map((extension) => documentKey(`${path}/index.${extension}`)),
  ]
}
