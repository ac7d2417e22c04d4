// All questions, in the order of the report. A file in questions/ asks one question, in its
// variants.

import { questions as durableInFlight } from './questions/durable-in-flight.js'
import { questions as durableSingleWrite } from './questions/durable-single-write.js'
import { questions as filteredRecall } from './questions/filtered-recall.js'
import { questions as flushedGet } from './questions/flushed-get.js'
import { questions as flushedGraph } from './questions/flushed-graph.js'
import { questions as flushedMemory } from './questions/flushed-memory.js'
import { questions as flushedOpen } from './questions/flushed-open.js'
import { questions as get } from './questions/get.js'
import { questions as getWithVector } from './questions/get-with-vector.js'
import { questions as mergingGet } from './questions/merging-get.js'
import { questions as mergingInFlight } from './questions/merging-in-flight.js'
import { questions as nearest } from './questions/nearest.js'
import { questions as nearestFiltered } from './questions/nearest-filtered.js'
import { questions as neighbors } from './questions/neighbors.js'
import { questions as open } from './questions/open.js'
import { questions as openSearch } from './questions/open-search.js'
import { questions as osSingleWrite } from './questions/os-single-write.js'
import { questions as paths } from './questions/paths.js'
import { questions as retrieval } from './questions/retrieval.js'
import { questions as searchBurst } from './questions/search-burst.js'
import { questions as searchMemory } from './questions/search-memory.js'
import { questions as textSearch } from './questions/text-search.js'
import type { Question } from './question.js'

const ALL: readonly Question[] = [
  ...durableSingleWrite,
  ...durableInFlight,
  ...osSingleWrite,
  ...get,
  ...getWithVector,
  ...neighbors,
  ...paths,
  ...open,
  ...nearest,
  ...nearestFiltered,
  ...filteredRecall,
  ...textSearch,
  ...searchBurst,
  ...openSearch,
  ...searchMemory,
  ...retrieval,
  ...flushedGet,
  ...flushedGraph,
  ...flushedOpen,
  ...flushedMemory,
  ...mergingInFlight,
  ...mergingGet,
]

/** Large ones last: they share their data, which takes long to make. */
export const QUESTIONS: readonly Question[] = [
  ...ALL.filter(({ isLarge = false }) => !isLarge),
  ...ALL.filter(({ isLarge = false }) => isLarge),
]
