// Which vectors are the nearest, found by comparing all of them: what a search is measured by.

import { NEAREST, type SearchData } from './search-data.js'

/** For each query the numbers of its nearest, best first; fewer where fewer are allowed. */
export type Truth = readonly (readonly number[])[]

/** Queries compared with a vector while it is in the cache. */
const BLOCK = 8

/** Whether a query may find a vector, by their numbers. */
export type Allows = (vector: number, query: number) => boolean

/** The nearest of each query among the vectors that it may find. */
export function nearestOf({ vectors, queries }: SearchData, allows?: Allows): Truth {
  const found = queries.map(() => new Best(NEAREST))
  for (let from = 0; from < queries.length; from += BLOCK) {
    const end = Math.min(from + BLOCK, queries.length)
    for (const [number, vector] of vectors.entries()) {
      for (let query = from; query < end; query++) {
        if (allows !== undefined && !allows(number, query)) continue
        found[query]?.offer(number, dot(vector, queries[query] ?? vector))
      }
    }
  }
  return found.map((best) => best.numbers())
}

/** All are of unit length, so the largest product is the nearest. One sum would wait for itself. */
function dot(one: Float32Array, other: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let at = 0; at < one.length; at += 4) {
    a += one[at]! * other[at]!
    b += one[at + 1]! * other[at + 1]!
    c += one[at + 2]! * other[at + 2]!
    d += one[at + 3]! * other[at + 3]!
  }
  return a + b + c + d
}

/** The best so many of what was offered. */
class Best {
  readonly #count: number
  readonly #found: { number: number; score: number }[] = []

  constructor(count: number) {
    this.#count = count
  }

  offer(number: number, score: number): void {
    const worst = this.#found.at(-1)
    if (this.#found.length === this.#count) {
      if (worst !== undefined && score <= worst.score) return
      this.#found.pop()
    }
    const at = this.#found.findIndex((other) => other.score < score)
    this.#found.splice(at === -1 ? this.#found.length : at, 0, { number, score })
  }

  numbers(): number[] {
    return this.#found.map(({ number }) => number)
  }
}

/** Share of the true nearest that were found, over all queries that were asked. */
export function recallOf(found: Truth, truth: Truth): number {
  let [hits, wanted] = [0, 0]
  for (const [query, numbers] of found.entries()) {
    const right = new Set(truth[query])
    wanted += right.size
    hits += new Set(numbers.filter((number) => right.has(number))).size
  }
  return wanted === 0 ? 1 : hits / wanted
}
