// Every kind of question gives the same answers over many layers as a search through the model.
import test, { type ExecutionContext } from 'ava'
import { openStore, type Association, type Reads, type Store } from '../../src/index.js'
import { temporaryFolder } from '../store/temporary-store.js'
import { untilQuiet } from './background.js'
import { conceptsOf, cosine, distancesFrom, edgesOf, type Edge } from './expected.js'
import { idOf, keyOf, OPTIONS, Workload } from './workload.js'

const K = 20
const HOPS_MAX = 4
const TYPES = ['semantic', 'causal'] as const

/** Runs a check with some of the data in memory, all in segments, merged, and opened again. */
async function onLayers(
  t: ExecutionContext,
  seed: number,
  check: (store: Store, work: Workload) => Promise<void>,
): Promise<void> {
  t.timeout(120_000)
  const folder = temporaryFolder(t)
  const work = new Workload(seed)
  const store = await openStore(folder, OPTIONS)
  for (let round = 0; round < 3; round++) {
    await work.round(store)
    if (round < 2) await store.flush()
  }
  await check(store, work)
  await store.flush()
  await check(store, work)
  await untilQuiet(store)
  await check(store, work)
  await store.close()
  await using again = await openStore(folder, OPTIONS)
  await check(again, work)
}

const nameOf = (edge: Association | Edge): string =>
  `${edge.sequence} ${edge.source} ${edge.target} ${edge.type} ${edge.label ?? ''}`

test('neighbors by side, type, label and limit', async (t) => {
  await onLayers(t, 41, async (store, work) => {
    const edges = edgesOf(work.model)
    const numbers = [...Array(12).keys(), ...Array.from({ length: 40 }, () => work.any())]
    for (const id of numbers.map(idOf)) {
      const wanted = (half: 'source' | 'target', holds: (edge: Edge) => boolean) =>
        edges.filter((edge) => edge[half] === id && holds(edge)).map(nameOf)
      const found = (options: Parameters<Reads['neighbors']>[1]) => store.neighbors(id, options)
      const same = (a: Association[], b: string[]) =>
        t.deepEqual(a.map(nameOf).toSorted(), b.toSorted())
      for (const [direction, half] of [
        ['out', 'source'],
        ['in', 'target'],
      ] as const) {
        const all = found({ direction })
        same(
          all,
          wanted(half, () => true),
        )
        const sequences = all.map(({ sequence }) => sequence)
        t.deepEqual(
          sequences,
          sequences.toSorted((a, b) => a - b),
          'in the order of commits',
        )
        t.deepEqual(found({ direction, limit: 3 }).map(nameOf), all.slice(0, 3).map(nameOf))
        same(
          found({ direction, type: [...TYPES] }),
          wanted(half, ({ type }) => TYPES.some((each) => each === type)),
        )
        same(
          found({ direction, label: 'é', type: 'causal' }),
          wanted(half, ({ label, type }) => label === 'é' && type === 'causal'),
        )
      }
      const both = [...wanted('source', () => true), ...wanted('target', () => true)]
      // One that begins and ends at the concept may be given once.
      const distinct = (names: string[]) => [...new Set(names)].toSorted()
      t.deepEqual(distinct(found({ direction: 'both' }).map(nameOf)), distinct(both))
    }
  })
})

test('concepts by id, by key and many at a time', async (t) => {
  await onLayers(t, 43, async (store, work) => {
    const known = new Map(conceptsOf(work.model).map((concept) => [concept.id, concept]))
    const numbers = [...Array(work.learned + 5).keys()]
    const many = store.getMany(numbers.map(idOf))
    for (const [number, concept] of many.entries()) {
      const id = idOf(number)
      const wanted = known.get(id)
      const isThere = wanted !== undefined
      t.is(concept?.sequence, wanted?.sequence)
      if (number % 7 !== 0) continue
      t.is(store.has(id), isThere)
      t.is(store.get(id)?.sequence, wanted?.sequence)
      t.is(store.getByKey(keyOf(number))?.sequence, wanted?.sequence)
      t.deepEqual(concept?.vector, wanted?.vector)
    }
  })
})

test('exact search gives the nearest of all layers, each with its newest vector', async (t) => {
  await onLayers(t, 47, async (store, work) => {
    const known = conceptsOf(work.model).filter(({ vector }) => vector !== undefined)
    for (let query = 0; query < 15; query++) {
      const vector = work.vector()
      const scores = known.map(({ id, vector: other }) => ({ id, score: cosine(vector, other!) }))
      const wanted = scores.toSorted((a, b) => b.score - a.score).slice(0, K + 1)
      const { hits } = await store.search({ vector, k: K, exact: true })
      t.is(hits.length, K)
      for (const [rank, { id, score, concept }] of hits.entries()) {
        t.true(Math.abs(score - wanted[rank]!.score) < 1e-5)
        t.is(concept.id, id)
        const isClear = [wanted[rank - 1], wanted[rank + 1]].every(
          (other) => other === undefined || Math.abs(other.score - wanted[rank]!.score) > 1e-5,
        )
        if (isClear) t.is(id, wanted[rank]!.id)
      }
    }
  })
})

test('paths go through associations of all layers, and there is one where the model has one', async (t) => {
  await onLayers(t, 53, async (store, work) => {
    const edges = edgesOf(work.model)
    const names = new Set(edges.map(nameOf))
    for (let pair = 0; pair < 12; pair++) {
      const [from, to] = [idOf(work.any()), idOf(work.any())]
      if (from === to) continue
      const distance = distancesFrom(from, edges).get(to) ?? Infinity
      const paths = await store.paths(from, to, { hopsMax: HOPS_MAX, pathsMax: 3 })
      t.is(paths.length > 0, distance <= HOPS_MAX, `${from} to ${to}: ${distance} hops`)
      for (const path of paths) {
        t.true(path.associations.every((edge) => names.has(nameOf(edge))))
        t.is(path.concepts[0], from)
        t.is(path.concepts.at(-1), to)
        t.true(path.associations.length >= distance)
      }
    }
  })
})
