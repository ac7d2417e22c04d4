// Reads one file, up to a size, and never through a link.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

// A link put in place after the walk is refused, and a pipe does not block.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** The bytes of a file, or its size if that is over the limit. Other errors are thrown. */
export async function readFileUpTo(
  absolute: string,
  bytesMax: number,
): Promise<{ bytes: Uint8Array } | { bytesFound: number }> {
  const file = await open(absolute, FLAGS)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('not a regular file')
    if (stats.size > bytesMax) return { bytesFound: stats.size }
    // The file may grow while it is read: one byte more than allowed is enough to know.
    const buffer = Buffer.alloc(Math.min(bytesMax, stats.size) + 1)
    let filled = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled)
      filled += bytesRead
      if (bytesRead === 0) return { bytes: buffer.subarray(0, filled) }
      if (filled === buffer.length) {
        const { size } = await file.stat()
        if (size > bytesMax) return { bytesFound: size }
        throw new Error('the file grew while it was read')
      }
    }
  } finally {
    await file.close()
  }
}
