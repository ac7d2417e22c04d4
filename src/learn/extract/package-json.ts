// package.json: the file as JSON, and the package with what it depends on.

import type { Extracted, ExtractLimits, PackageDependency, PackageFacts } from '../extracted.js'
import { packageKey } from '../keys.js'
import { withPackage } from './described-package.js'
import { extractJson } from './json.js'

const LISTS = [
  ['dependencies', 'normal'],
  ['optionalDependencies', 'optional'],
  ['peerDependencies', 'peer'],
  ['devDependencies', 'dev'],
] as const

/** Reads a package.json of the folder: its document `describes` the package. */
export function extractPackageJson(path: string, text: string, limits: ExtractLimits): Extracted {
  return withPackage(extractJson(path, text, limits), path, packageJsonFacts(text))
}

/** What a package.json says of its package; undefined if it is not JSON or has no name. */
export function packageJsonFacts(
  text: string,
  options: { dev: boolean } = { dev: true },
): PackageFacts | undefined {
  let manifest: unknown
  try {
    manifest = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(manifest) || typeof manifest.name !== 'string' || manifest.name === '') {
    return undefined
  }
  return factsOf(manifest.name, manifest, options)
}

/** Facts from an object with the fields of a package.json. */
export function factsOf(
  name: string,
  manifest: Record<string, unknown>,
  options: { dev: boolean },
): PackageFacts {
  const { version, description, keywords } = manifest
  const words = Array.isArray(keywords)
    ? keywords.filter((word) => typeof word === 'string').slice(0, 50)
    : []
  return {
    key: packageKey(name),
    name,
    ecosystem: 'npm',
    ...(typeof version === 'string' && { version }),
    ...(typeof description === 'string' && { description }),
    ...(words.length > 0 && { keywords: words }),
    dependencies: dependenciesOf(manifest, options),
  }
}

function dependenciesOf(
  manifest: Record<string, unknown>,
  options: { dev: boolean },
): PackageDependency[] {
  // A package in two lists is taken from the first: optional ones repeat in dependencies.
  const found = new Map<string, PackageDependency>()
  for (const [list, use] of LISTS) {
    const entries = manifest[list]
    if (!isObject(entries) || (use === 'dev' && !options.dev)) continue
    for (const [name, range] of Object.entries(entries)) {
      if (name === '' || found.has(name)) continue
      found.set(name, {
        key: packageKey(name),
        name,
        ...(typeof range === 'string' && { range }),
        use,
      })
    }
  }
  return [...found.values()]
}

/** True for an object that is not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
