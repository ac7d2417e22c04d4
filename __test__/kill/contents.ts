// Everything a store holds, read through its public API, as the lines that model.ts has.
import type { Association, Concept, Store } from '../../src/index.js'
import {
  associationText,
  conceptLine,
  conceptText,
  COUNTS_LINE,
  countsText,
  halfLine,
  type ConceptFields,
} from './model.js'
import { NAMESPACES } from './operations.js'

const PAGE = 1000

/** Lines of all concepts, of all associations as both ends have them, and of the counts. */
export async function readContents(store: Store): Promise<Map<string, string>> {
  const lines = new Map<string, string>()
  const add = (line: string, text: string): void => {
    if (lines.has(line)) lines.set(`${line}, once more`, text)
    else lines.set(line, text)
  }
  for (const namespace of NAMESPACES) {
    for await (const concept of conceptsOf(store, namespace)) {
      add(conceptLine(concept.id), conceptText(fieldsOf(concept)))
      for (const half of ['out', 'in'] as const) {
        for (const edge of store.neighbors(concept.id, { direction: half })) {
          add(halfLine(half, edge), edgeText(edge, half, concept.id))
        }
      }
    }
  }
  add(COUNTS_LINE, countsText(store.stats()))
  return lines
}

async function* conceptsOf(store: Store, namespace: string): AsyncGenerator<Concept> {
  let cursor: string | undefined
  do {
    const page = await store.list({
      namespace,
      limit: PAGE,
      order: 'id',
      ...(cursor === undefined ? {} : { cursor }),
    })
    yield* page.items
    cursor = page.cursor
  } while (cursor !== undefined)
}

function fieldsOf(concept: Concept): ConceptFields {
  const { content, namespace, key, vector, attributes, strength, confidence } = concept
  const { validFrom, validTo, sequence } = concept
  const rest = { attributes, strength, confidence, validFrom, validTo, sequence }
  return { content, namespace, key, vector, ...rest }
}

/** An association must be found at the concept whose end it is. */
function edgeText(edge: Association, half: 'out' | 'in', at: string): string {
  const end = half === 'out' ? edge.source : edge.target
  const { confidence, weight, sequence } = edge
  const { attributes = {}, validFrom, validTo } = edge
  const text = associationText({ confidence, weight, attributes, validFrom, validTo, sequence })
  return end === at ? text : `found at ${at}: ${text}`
}

/**
 * Looks whether vector search knows the vectors that the concepts have: for some of them, the
 * nearest to their vector are they. Gives a line for each that is not found.
 */
export async function searchProblems(store: Store): Promise<string[]> {
  const problems: string[] = []
  for (const namespace of NAMESPACES) {
    const { items } = await store.list({ namespace, limit: 5, order: 'recent' })
    for (const { id, vector } of items) {
      if (vector === undefined) continue
      const { hits } = await store.search({ namespace, vector, k: 1 })
      if (hits[0]?.id !== id) problems.push(`search by the vector of ${id} gives ${hits[0]?.id}`)
    }
  }
  return problems
}
