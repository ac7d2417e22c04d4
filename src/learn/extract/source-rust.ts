// Rust: `///` and `//!` comments, `use` and `mod`.

import { crateKey, documentKey } from '../keys.js'
import { itemsOf, leadingLines, lineComments } from './doc-comments.js'
import type { SourceFacts } from './source.js'

const OUTER = /^\s*\/\/\/(?!\/)/
const INNER = /^\s*\/\/!/
const ATTRIBUTE = /^\s*(?:#!?\[.*|\)\]\s*)$/
const DECLARED = new RegExp(
  String.raw`^(?:pub(?:\([^)]*\))?\s+)?(?:default\s+)?` +
    String.raw`(?:async\s+|unsafe\s+|const\s+|extern\s+"[^"]*"\s+)*` +
    String.raw`(?:fn|struct|enum|trait|type|mod|union|const|static(?:\s+mut)?|macro_rules!)` +
    String.raw`\s+([A-Za-z_]\w*)`,
)
/** A field or a variant. */
const MEMBER = /^(?:pub(?:\([^)]*\))?\s+)?([A-Za-z_]\w*)\s*(?:[:({,=]|$)/
const CONTAINER =
  /^(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?(?:struct|enum|trait|union|mod)\s+([A-Za-z_]\w*)/
const IMPL =
  /^(?:unsafe\s+)?impl(?:<.*?>)?\s+(?:.{0,300}?\sfor\s+)?&?(?:mut\s+)?(?:\w+::)*([A-Za-z_]\w*)/
const USE = /^[ \t]*(?:pub(?:\([^)]*\))?\s+)?use\s+(?:::)?([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)/gm
const MOD = /^[ \t]*(?:pub(?:\([^)]*\))?\s+)?mod\s+([A-Za-z_]\w*)\s*;/gm
const STANDARD = new Set(['std', 'core', 'alloc', 'proc_macro', 'test'])

/** Reads a Rust file. */
export function readRust(path: string, text: string): SourceFacts {
  const lines = text.split('\n')
  return {
    fileDoc: leadingLines(lines, INNER, ATTRIBUTE),
    items: itemsOf(
      lines,
      lineComments(lines, OUTER, ATTRIBUTE),
      (declaration) => DECLARED.exec(declaration)?.[1] ?? MEMBER.exec(declaration)?.[1],
      (line) => CONTAINER.exec(line)?.[1] ?? IMPL.exec(line)?.[1],
    ),
    imports: importsOf(path, text),
  }
}

function importsOf(path: string, text: string): string[][] {
  const found = new Map<string, string[]>()
  for (const [, name] of text.matchAll(MOD)) {
    if (name !== undefined) found.set(`mod ${name}`, moduleFiles(childFolder(path), [name]))
  }
  for (const [, used] of text.matchAll(USE)) {
    if (used !== undefined) found.set(used, useTargets(path, used.split('::')))
  }
  return [...found.values()].filter((targets) => targets.length > 0)
}

/** Files a `use` may mean if it is of this crate, else the crate. */
function useTargets(path: string, segments: string[]): string[] {
  const first = segments[0] ?? ''
  if (STANDARD.has(first)) return []
  if (first === 'crate') return moduleFiles(crateRoot(path), segments.slice(1))
  if (first === 'self') return moduleFiles(childFolder(path), segments.slice(1))
  if (first === 'super') {
    let folder = childFolder(path)
    let rest = segments
    while (rest[0] === 'super') {
      folder = folder.slice(0, Math.max(folder.lastIndexOf('/'), 0))
      rest = rest.slice(1)
    }
    return moduleFiles(folder, rest)
  }
  // A module of this file's folder hides a crate of that name; both are tried.
  const ownModule = moduleFiles(childFolder(path), segments)
  return [crateKey(first), crateKey(first.replaceAll('_', '-')), ...ownModule]
}

/** `a::b::Item` may be in a/b.rs, a/b/mod.rs, a.rs or a/mod.rs; the deepest file first. */
function moduleFiles(folder: string, segments: readonly string[]): string[] {
  const keys: string[] = []
  for (let count = segments.length; count > 0; count--) {
    const base = [folder, ...segments.slice(0, count)].filter((part) => part !== '').join('/')
    keys.push(documentKey(`${base}.rs`), documentKey(`${base}/mod.rs`))
  }
  return keys
}

/** Folder of a file's child modules: a/mod.rs, a/lib.rs and a/main.rs have theirs beside them. */
function childFolder(path: string): string {
  return path.replace(/(?:^|\/)(?:mod|lib|main)\.rs$/, '').replace(/\.rs$/, '')
}

/** Folder of the crate's root module: up to and with the last `src`. */
function crateRoot(path: string): string {
  const at = `/${path}`.lastIndexOf('/src/')
  return at < 0 ? path.slice(0, Math.max(path.lastIndexOf('/'), 0)) : path.slice(0, at + 3)
}
