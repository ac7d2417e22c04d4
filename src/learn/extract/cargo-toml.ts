// Cargo.toml: the file as text, and the crate with what it depends on.

import type { Extracted, ExtractLimits, PackageDependency, PackageFacts } from '../extracted.js'
import { crateKey } from '../keys.js'
import { withPackage } from './described-package.js'
import { extractText } from './text.js'

const TABLE = /^\s*\[{1,2}\s*([^\]]{1,500}?)\s*\]{1,2}\s*(?:#.*)?$/
const ENTRY = /^\s*"?([\w-]{1,200})"?(?:\.\w+)?\s*=\s*(.*)$/
const DEPENDENCIES = /(?:^|\.)(dependencies|dev-dependencies|build-dependencies)(?:\.(.+))?$/
const USES = { dependencies: 'normal', 'dev-dependencies': 'dev', 'build-dependencies': 'build' }

/** Reads a Cargo.toml: its document `describes` the crate. */
export function extractCargoToml(path: string, text: string, limits: ExtractLimits): Extracted {
  return withPackage(extractText(path, text, limits), path, cargoFacts(text))
}

/** What a Cargo.toml says of its package; undefined for a workspace without one. */
export function cargoFacts(text: string): PackageFacts | undefined {
  const own = new Map<string, string>()
  const dependencies = new Map<string, PackageDependency>()
  let table = ''
  for (const line of text.split(/\r?\n/)) {
    const header = TABLE.exec(line)?.[1]
    if (header !== undefined) {
      table = header
      const named = dependencyTable(table)
      if (named?.name !== undefined) addDependency(dependencies, named.name, named.use, '')
      continue
    }
    const [, name, value] = ENTRY.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    const inTable = dependencyTable(table)
    if (table === 'package') own.set(name, stringOf(value) ?? '')
    else if (inTable !== undefined && inTable.name === undefined) {
      addDependency(dependencies, name, inTable.use, value)
    }
  }
  const name = own.get('name')
  if (name === undefined || name === '') return undefined
  const version = own.get('version')
  const description = own.get('description')
  return {
    key: crateKey(name),
    name,
    ecosystem: 'cargo',
    ...(version && { version }),
    ...(description && { description }),
    dependencies: [...dependencies.values()],
  }
}

/** What a table lists: `[dependencies]`, or one dependency: `[dependencies.serde]`. */
function dependencyTable(
  table: string,
): { use: PackageDependency['use']; name: string | undefined } | undefined {
  if (table.startsWith('workspace.')) return undefined
  const match = DEPENDENCIES.exec(table)
  if (match?.[1] === undefined) return undefined
  const use = USES[match[1] as keyof typeof USES] as PackageDependency['use']
  return { use, name: match[2]?.replaceAll('"', '') }
}

function addDependency(
  found: Map<string, PackageDependency>,
  name: string,
  use: PackageDependency['use'],
  value: string,
): void {
  // `alias = { package = "name" }` depends on the package of that name.
  const real = /\bpackage\s*=\s*"([^"]{1,200})"/.exec(value)?.[1] ?? name
  if (found.has(real)) return
  const range = stringOf(value) ?? /\bversion\s*=\s*"([^"]{1,200})"/.exec(value)?.[1]
  found.set(real, { key: crateKey(real), name: real, ...(range !== undefined && { range }), use })
}

function stringOf(value: string): string | undefined {
  return /^"((?:[^"\\]|\\.)*)"/.exec(value.trim())?.[1]
}
