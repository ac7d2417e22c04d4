// The filler remembers so many concepts and no more: the others are found again, or refused.
import test from 'ava'
import { EmbedFiller, type FilledStore } from '../../src/embed-filler.js'
import type { Concept, Embedder } from '../../src/index.js'
import { VectorsUnderWay } from '../../src/vectors-under-way.js'
import { refusal } from '../store/temporary-store.js'

const WAITING_MAX = 10

class MapStore implements FilledStore {
  readonly concepts = new Map<string, Concept>()

  learn(count: number): string[] {
    return Array.from({ length: count }, () => {
      const id = String(this.concepts.size).padStart(32, '0')
      this.concepts.set(id, { id, content: `text ${id}` } as Concept)
      return id
    })
  }

  get(id: string): Concept | undefined {
    return this.concepts.get(id)
  }

  async list({ limit, cursor = '0' }: { limit: number; cursor?: string }) {
    const from = Number(cursor)
    const items = [...this.concepts.values()].slice(from, from + limit)
    const next = from + limit
    return next < this.concepts.size ? { items, cursor: String(next) } : { items }
  }

  async writeVector(id: string, vector: Float32Array): Promise<void> {
    const concept = this.concepts.get(id)
    if (concept !== undefined) this.concepts.set(id, { ...concept, vector })
  }

  alone(work: () => Promise<void>): Promise<void> {
    return work()
  }

  counts() {
    const vectors = [...this.concepts.values()].filter(({ vector }) => vector !== undefined).length
    return { concepts: this.concepts.size, vectors }
  }
}

function setUp(isStoreWide: boolean) {
  const store = new MapStore()
  let isUp = false
  const embedder: Embedder = {
    name: 'of a test',
    dimension: 1,
    embed: async (texts) => {
      if (!isUp) throw new Error('down')
      return texts.map(() => Float32Array.of(1))
    },
  }
  const underWay = new VectorsUnderWay()
  const options = { isStoreWide, waitingMax: WAITING_MAX }
  const filler = new EmbedFiller(store, embedder, underWay, options)
  return { store, filler, underWay, goUp: () => (isUp = true) }
}

test('in a store that fills everything, what is not remembered is found again', async (t) => {
  const { store, filler, goUp } = setUp(true)
  for (let turn = 0; turn < 50; turn++) filler.add(store.learn(60))
  t.true(filler.leaves('f'.repeat(32), 'text'))
  t.is(filler.stats(store.counts()).waiting, 3000)
  goUp()
  while (store.counts().vectors < 3000) await new Promise((done) => setTimeout(done, 5))
  t.is(filler.stats(store.counts()).waiting, 0)
  await filler.close()
})

test('in another store, a write that would leave one too many is refused', async (t) => {
  const { store, filler, underWay, goUp } = setUp(false)
  filler.add(store.learn(8))
  underWay.leave('a'.repeat(32))
  t.true(filler.leaves('f'.repeat(32), 'text'))
  underWay.leave('f'.repeat(32))
  const error = await refusal(() => filler.leaves('e'.repeat(32), 'text'))
  t.is(error.code, 'ERR_BUSY')
  underWay.take()
  goUp()
  while (filler.stats(store.counts()).waiting > 0) await new Promise((done) => setTimeout(done, 5))
  t.true(filler.leaves('e'.repeat(32), 'text'))
  await filler.close()
})
