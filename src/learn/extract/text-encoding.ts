// Bytes to text: UTF-8, and UTF-16 where a mark says so. Anything else is refused, not guessed.

/** How many bytes are looked at for zeros, which text does not have. */
const BINARY_PROBE_BYTES = 8192

/** The text of a file, or why it has none. A mark of byte order is left out. */
export function decodeText(
  bytes: Uint8Array,
): { text: string } | { refused: 'binary' | 'encoding' } {
  const encoding = markedEncoding(bytes)
  if (encoding === 'utf-8' && bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) {
    return { refused: 'binary' }
  }
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) }
  } catch {
    return { refused: 'encoding' }
  }
}

function markedEncoding(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return 'utf-8'
}
