// One concept for each package, from all manifests that speak of it, and who depends on whom.

import type { Attributes } from '../types.js'
import type { ExtractedAssociation, ExtractedConcept, PackageFacts } from './extracted.js'
import { shorten } from './split-text.js'

interface Package {
  key: string
  name: string
  ecosystem: PackageFacts['ecosystem']
  description: string
  keywords: readonly string[]
  versions: Set<string>
  /** By key of the package depended on. */
  dependencies: Map<string, Attributes>
}

/** Bytes of a package's content, and of its names and ranges as attributes. */
const CONTENT_BYTES_MAX = 4096
const ATTRIBUTE_BYTES_MAX = 300
/** Versions listed of one package. */
const VERSIONS_MAX = 50

/** Packages by key. Facts are added in the order found; the first description counts. */
export class PackageGraph {
  readonly #packages = new Map<string, Package>()

  /** Takes in one manifest. A dependency becomes a package too, even if nothing else names it. */
  add(facts: PackageFacts): void {
    const own = this.#package(facts.key, facts.name, facts.ecosystem)
    if (own.description === '' && facts.description !== undefined) {
      own.description = facts.description
    }
    if (own.keywords.length === 0) own.keywords = facts.keywords ?? []
    if (facts.version !== undefined) own.versions.add(facts.version)
    for (const { key, name, range, use } of facts.dependencies) {
      this.#package(key, name, facts.ecosystem)
      if (key === facts.key || own.dependencies.has(key)) continue
      own.dependencies.set(key, {
        use,
        ...(range !== undefined && { range: shorten(range, ATTRIBUTE_BYTES_MAX) }),
      })
    }
  }

  /** The concept of each package. */
  *concepts(): Generator<ExtractedConcept> {
    for (const one of this.#packages.values()) {
      const words = one.keywords.length === 0 ? '' : `\nKeywords: ${one.keywords.join(', ')}`
      const description = one.description === '' ? '' : `: ${one.description}`
      yield {
        key: one.key,
        kind: 'package',
        content: shorten(`${one.name}${description}${words}`, CONTENT_BYTES_MAX),
        attributes: {
          name: shorten(one.name, ATTRIBUTE_BYTES_MAX),
          ecosystem: one.ecosystem,
          ...(one.versions.size > 0 && { versions: versionsOf(one) }),
        },
      }
    }
  }

  /** `depends_on` for each dependency. */
  *associations(): Generator<ExtractedAssociation> {
    for (const { key, dependencies } of this.#packages.values()) {
      for (const [target, attributes] of dependencies) {
        yield {
          source: key,
          targets: [target],
          type: 'compositional',
          label: 'depends_on',
          attributes,
        }
      }
    }
  }

  #package(key: string, name: string, ecosystem: PackageFacts['ecosystem']): Package {
    const known = this.#packages.get(key)
    if (known !== undefined) return known
    const made: Package = {
      key,
      name,
      ecosystem,
      description: '',
      keywords: [],
      versions: new Set(),
      dependencies: new Map(),
    }
    this.#packages.set(key, made)
    return made
  }
}

function versionsOf({ versions }: Package): string[] {
  const shown = [...versions].map((version) => shorten(version, ATTRIBUTE_BYTES_MAX))
  return shown.toSorted().slice(0, VERSIONS_MAX)
}
