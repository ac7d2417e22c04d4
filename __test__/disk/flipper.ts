// Turns over one bit of a store's files after the other and opens the store each time; says on
// standard output what came of it. A process of its own, so that a crash shows.
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { openStore, SutraError } from '../../src/index.js'
import { differences } from '../kill/checker.js'
import { readContents } from '../kill/contents.js'

/** What to turn over. */
export interface FlipOptions {
  readonly folder: string
  /** File with the lines that the sound store reads as, as JSON. */
  readonly contents: string
  readonly flips: readonly Flip[]
}

/** One bit of one file. */
export interface Flip {
  readonly file: string
  readonly byte: number
  readonly bit: number
}

/** What opening the damaged store came to. */
export type Outcome =
  /** It reads as before; so many bytes were counted as those of an unfinished write. */
  | { readonly tornBytes: number }
  /** It was refused. */
  | {
      readonly code: string
      readonly file: string | undefined
      readonly offset: number | undefined
    }
  /** It reads otherwise. */
  | { readonly wrong: readonly string[] }

async function tryOpening(folder: string, sound: ReadonlyMap<string, string>): Promise<Outcome> {
  try {
    // For reading, so that nothing is mended and the next flip meets the same store.
    await using store = await openStore(folder, { readOnly: true })
    const wrong = differences(sound, await readContents(store))
    return wrong.length > 0 ? { wrong } : { tornBytes: store.stats().recovery.tornBytes }
  } catch (error) {
    if (!(error instanceof SutraError)) throw error
    return { code: error.code, file: error.file, offset: error.offset }
  }
}

function turnOver({ file, byte, bit }: Flip): void {
  const handle = openSync(file, 'r+')
  const buffer = Buffer.alloc(1)
  readSync(handle, buffer, 0, 1, byte)
  buffer[0]! ^= 1 << bit
  writeSync(handle, buffer, 0, 1, byte)
  closeSync(handle)
}

const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FlipOptions
const lines = JSON.parse(readFileSync(options.contents, 'utf8')) as [string, string][]
const sound = new Map(lines)
for (const flip of options.flips) {
  turnOver(flip)
  console.log(JSON.stringify(await tryOpening(options.folder, sound)))
  turnOver(flip)
}
