// The Open English WordNet as a graph, if it is there: beside the repository, or in the folder that
// SUTRA_TEST_DATA names. It is not part of the repository.

import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import type { Edge } from './data.js'
import { PROJECT } from './machine.js'

export interface Graph {
  readonly ids: readonly string[]
  readonly edges: readonly Edge[]
}

/** A set of words with one meaning. */
export interface Synset {
  /** Members and definition, as an import stores it. */
  readonly content: string
  readonly members: readonly string[]
  readonly definition: string
  readonly examples: readonly string[]
}

export interface Wordnet extends Graph {
  /** In the order of their ids. */
  readonly synsets: readonly Synset[]
}

interface Line {
  readonly kind: 'concept' | 'association'
  readonly key: string
  readonly content: string
  readonly attributes: { readonly members: string[]; readonly examples?: string[] }
  readonly source: string
  readonly target: string
  readonly type: Edge['type']
  readonly confidence: number
}

/** Where it would be. */
export function wordnetPath(): string {
  const folder = process.env['SUTRA_TEST_DATA'] ?? join(PROJECT, '../shared/data')
  return join(folder, 'oewn.jsonl.gz')
}

export async function readWordnet(): Promise<Wordnet | undefined> {
  const path = wordnetPath()
  if (!existsSync(path)) return undefined
  const numbers = new Map<string, number>()
  const ids: string[] = []
  const synsets: Synset[] = []
  const edges = new Map<string, Edge>()
  const lines = createInterface({ input: createReadStream(path).pipe(createGunzip()) })
  for await (const text of lines) {
    const line = JSON.parse(text) as Line
    if (line.kind === 'concept') {
      numbers.set(line.key, ids.length)
      ids.push(createHash('md5').update(line.key).digest('hex'))
      synsets.push(synsetOf(line))
      continue
    }
    const [source, target] = [numbers.get(line.source), numbers.get(line.target)]
    if (source === undefined || target === undefined) continue
    const { type, confidence } = line
    edges.set(`${source} ${target} ${type}`, { source, target, type, confidence })
  }
  return { ids, synsets, edges: [...edges.values()] }
}

function synsetOf({ content, attributes }: Line): Synset {
  const { members, examples = [] } = attributes
  const before = `${members.join(', ')}: `
  if (!content.startsWith(before)) throw new Error(`${content} does not begin with its members`)
  return { content, members, examples, definition: content.slice(before.length) }
}
