// Links in Markdown that stay inside the learned folder, as keys the target may have.

import { documentKey, folderKey, resolvePath, sectionKey } from '../keys.js'

// Bounded repetitions, so that text made to slow a parser down does not.
const INLINE = /(!?)\[([^\][]{0,1000})\]\(\s{0,8}<?([^\s)>]{1,2000})>?(?:\s[^)]{0,300})?\)/g
const REFERENCE = /(!?)\[([^\][]{1,1000})\]\[([^\][]{0,1000})\]/g
const SHORTCUT = /(!?)\[([^\][]{1,1000})\](?![[(:])/g
const WIKI = /(!?)\[\[([^\][|#]{1,500})(?:#([^\][|]{1,500}))?(?:\|[^\][]{0,500})?\]\]/g
const DEFINITION = /^ {0,3}\[([^\][]{1,1000})\]:[ \t]*<?([^\s>]{1,2000})/
const INLINE_CODE = /(`{1,3})[^`]{1,2000}\1/g
const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:|^\/\//i

/** Targets of `[name]: target` lines, by lower-case name. */
export function linkDefinitions(prose: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of prose) {
    const match = DEFINITION.exec(line)
    if (match?.[1] !== undefined && match[2] !== undefined) {
      const name = match[1].trim().toLowerCase()
      if (!found.has(name)) found.set(name, match[2])
    }
  }
  return found
}

/** For each link in some prose: the keys its target may have, best first. Each target once. */
export function linksIn(
  path: string,
  prose: readonly string[],
  definitions: ReadonlyMap<string, string>,
): string[][] {
  const text = prose.join('\n').replace(INLINE_CODE, ' ')
  const found = new Map<string, string[]>()
  const add = (targets: string[]): void => {
    if (targets[0] !== undefined) found.set(targets[0], targets)
  }
  for (const [, image, , target] of text.matchAll(INLINE)) {
    if (image === '' && target !== undefined) add(linkTargets(path, target))
  }
  for (const [, image, label, name] of text.matchAll(REFERENCE)) {
    const target = definitions.get((name === '' ? label : name)?.trim().toLowerCase() ?? '')
    if (image === '' && target !== undefined) add(linkTargets(path, target))
  }
  for (const [, image, label] of text.matchAll(SHORTCUT)) {
    const target = definitions.get(label?.trim().toLowerCase() ?? '')
    if (image === '' && target !== undefined) add(linkTargets(path, target))
  }
  for (const [, image, page, heading] of text.matchAll(WIKI)) {
    if (image === '' && page !== undefined) add(wikiTargets(path, page.trim(), heading))
  }
  return [...found.values()]
}

/** Keys a link may mean. None for a link that leaves the folder or the machine. */
export function linkTargets(fromPath: string, link: string): string[] {
  if (WITH_SCHEME.test(link)) return []
  const hash = link.indexOf('#')
  const anchor = hash < 0 ? '' : decoded(link.slice(hash + 1)).toLowerCase()
  const reference = decoded((hash < 0 ? link : link.slice(0, hash)).replace(/\?.*$/s, ''))
  if (reference === '') return anchor === '' ? [] : [sectionKey(fromPath, anchor)]
  const path = resolvePath(fromPath, reference)
  if (path === undefined) return []
  const targets = [documentKey(path), folderKey(path), documentKey(`${path}.md`)]
  if (anchor !== '') targets.unshift(sectionKey(path, anchor), sectionKey(`${path}.md`, anchor))
  return targets
}

function wikiTargets(fromPath: string, page: string, heading: string | undefined): string[] {
  const paths = [resolvePath(fromPath, page), resolvePath('.', page)]
  const inside = paths.filter((path) => path !== undefined)
  const targets = inside.flatMap((path) => [documentKey(`${path}.md`), documentKey(path)])
  if (heading === undefined) return targets
  const anchor = heading.trim().toLowerCase().replaceAll(' ', '-')
  return [...inside.map((path) => sectionKey(`${path}.md`, anchor)), ...targets]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Not every '%' in a link is an escape.
    return text
  }
}
