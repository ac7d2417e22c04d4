// Waits until a store has written everything to segment files and merged all there is to merge.

import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../src/index.js'
import { hasProcessFigures, threadRunNs } from './process-figures.js'

/** Threads of the engine that write segments and merge them. */
export const FLUSHER = 'sutra-flush'
export const MERGER = 'sutra-compact'
/** How the names of all its threads begin: those that make indexes among them. */
const ENGINE = 'sutra-'

const LOOK_MS = 100
/**
 * Looks one after the other that have to find the same and no work: longer than the half second
 * after which the engine merges what it leaves alone while segments come in.
 */
const QUIET_LOOKS = 10
const MS_MAX = 30 * 60 * 1000

/**
 * Flushes, then waits. At rest means: nothing waits, every segment file in the folder is one that
 * counts (a merge writes its file first, and removes the merged ones last), and no thread of the
 * engine ran: indexes are made as well.
 */
export async function bringToRest(store: Store, folder: string): Promise<void> {
  await store.flush()
  const started = performance.now()
  let before = ''
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    if (performance.now() - started > MS_MAX) throw new Error('the store does not come to rest')
    // Results of reads keep the files that they read until they are collected.
    global.gc?.()
    await pause(LOOK_MS)
    const now = describeWork(store)
    const isQuiet = now === before && isIdle(store, folder)
    quiet = isQuiet ? quiet + 1 : 0
    before = now
  }
}

function describeWork(store: Store): string {
  const { background } = store.stats()
  const error = background.flushError ?? background.compactionError ?? background.graphError
  if (error !== undefined) throw new Error(`the background work failed: ${error}`)
  const ran = hasProcessFigures() ? threadRunNs(ENGINE) : 0
  return JSON.stringify([background, ran])
}

function isIdle(store: Store, folder: string): boolean {
  const { segments, vectorFiles, waiting, obsoleteFiles } = store.stats().background
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const present = files.filter((file) => /\.(seg|vec)$/.test(file)).length
  return waiting === 0 && obsoleteFiles === 0 && present === segments + vectorFiles
}
