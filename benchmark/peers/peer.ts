// What a peer of the questions about search can do. Concepts are named by their numbers.

import type { SearchData } from '../search-data.js'

/** Peers that wait answer by a promise, the others at once. */
type Numbers = readonly number[] | Promise<readonly number[]>

export type Words = 'all' | 'any'

/** A filled index or store that was opened for searching. */
export interface SearchPeer {
  /** Its settings, and what of it is on disk. */
  readonly detail: string
  /** Candidates it can be told to look at, few first; [] for one that always compares all. */
  readonly efforts: readonly number[]
  /** What `efforts` are called in its manual. */
  readonly effortName: string
  setEffort(effort: number): void
  /** Numbers of the nearest of a query, best first. */
  nearest?(query: number): Numbers
  /** The same among those of the query's bucket, which are 1 %. */
  nearestInBucket?(query: number): Numbers
  /** Numbers of the best texts that have all of the words, or any of them. */
  words?(text: string, which: Words): Numbers
  close(): void | Promise<void>
}

export interface PeerKind {
  readonly name: string
  /** Whether it can search among some of the vectors. */
  readonly hasFilter: boolean
  /** Whether it finds words. */
  readonly hasWords: boolean
  /** Answers undefined if the peer is not installed. Makes its files unless they are there. */
  open(folder: string, data: SearchData): Promise<SearchPeer | undefined>
}

export const EFFORTS = [16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024] as const
