// Cuts text into pieces of bounded size, at the best boundary there is.

/** Boundaries, best first: paragraph, line, sentence, word. */
const BOUNDARIES = ['\n\n', '\n', '. ', ' '] as const

/**
 * Pieces of at most `bytesMax` bytes of UTF-8, in order, without white space at their ends and
 * without empty ones. Joined they have all the text but white space at the cuts.
 */
export function splitText(text: string, bytesMax: number): string[] {
  const pieces: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    const end = cutAt(rest, bytesMax)
    const piece = rest.slice(0, end).trimEnd()
    if (piece !== '') pieces.push(piece)
    rest = rest.slice(end).trimStart()
  }
  return pieces
}

/** The beginning of a text, at most `bytesMax` bytes, with an ellipsis if something is left out. */
export function shorten(text: string, bytesMax: number): string {
  const trimmed = text.trim()
  if (Buffer.byteLength(trimmed) <= bytesMax) return trimmed
  const ellipsis = '…'
  const end = cutAt(trimmed, bytesMax - Buffer.byteLength(ellipsis))
  return `${trimmed.slice(0, end).trimEnd()}${ellipsis}`
}

/** Index in UTF-16 units at which the first piece ends. */
function cutAt(text: string, bytesMax: number): number {
  if (text.length * 3 <= bytesMax) return text.length
  // A UTF-16 unit is at least one byte, so no more than bytesMax units can fit.
  const whole = unitsWithin(text, bytesMax)
  if (whole === text.length) return whole
  const window = text.slice(0, whole)
  for (const boundary of BOUNDARIES) {
    const found = window.lastIndexOf(boundary)
    // A boundary in the first half would give many tiny pieces.
    if (found >= whole / 2) return found + boundary.length
  }
  return whole
}

/** The most whole characters of the start of a text that fit into some bytes; at least one. */
function unitsWithin(text: string, bytesMax: number): number {
  let bytes = 0
  let at = 0
  while (at < text.length) {
    const code = text.codePointAt(at) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (bytes > bytesMax && at > 0) return at
    at += code < 0x10000 ? 1 : 2
  }
  return at
}
