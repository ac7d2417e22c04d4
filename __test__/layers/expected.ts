// What reads must answer, worked out from the lines of the model without the engine.
import type { AssociationType, ConceptId } from '../../src/index.js'
import type { Model } from '../kill/model.js'

/** A concept of the model. */
export interface Known {
  readonly id: ConceptId
  readonly key: string
  readonly sequence: number
  readonly vector: Float32Array | undefined
}

/** An association of the model. */
export interface Edge {
  readonly source: ConceptId
  readonly target: ConceptId
  readonly type: AssociationType
  readonly label: string
  readonly sequence: number
}

export function conceptsOf(model: Model): Known[] {
  const lines = [...model.lines()].filter(([line]) => line.startsWith('concept '))
  return lines.map(([line, text]) => {
    const { key, sequence, vector } = JSON.parse(text) as {
      key: string
      sequence: number
      vector?: string
    }
    const bytes = vector === undefined ? undefined : Uint8Array.from(Buffer.from(vector, 'hex'))
    const numbers = bytes && new Float32Array(bytes.buffer)
    return { id: line.slice('concept '.length), key, sequence, vector: numbers }
  })
}

export function edgesOf(model: Model): Edge[] {
  const lines = [...model.lines()].filter(([line]) => line.startsWith('out '))
  return lines.map(([line, text]) => {
    const [, source = '', target = '', type = '', label = ''] = line.split(' ')
    const { sequence } = JSON.parse(text) as { sequence: number }
    return { source, target, type: type as AssociationType, label, sequence }
  })
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (const [index, x] of a.entries()) {
    const y = b[index] ?? 0
    dot += x * y
    aa += x * x
    bb += y * y
  }
  return dot / Math.sqrt(aa * bb)
}

/** Fewest hops from one concept to every other that can be reached. */
export function distancesFrom(from: ConceptId, edges: readonly Edge[]): Map<ConceptId, number> {
  const targets = new Map<ConceptId, ConceptId[]>()
  for (const { source, target } of edges) {
    const list = targets.get(source)
    if (list === undefined) targets.set(source, [target])
    else list.push(target)
  }
  const distances = new Map([[from, 0]])
  const queue = [from]
  for (const id of queue) {
    for (const target of targets.get(id) ?? []) {
      if (distances.has(target)) continue
      distances.set(target, (distances.get(id) ?? 0) + 1)
      queue.push(target)
    }
  }
  return distances
}
