// Text for terminals. Contents come from anywhere, so control characters never reach the terminal.

/** Control characters other than tab and newline, and marks that turn the direction of writing. */
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/** The text with everything a terminal could take for a command shown as a mark. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(UNPRINTABLE, '\ufffd')
}

/** One line of at most `width` characters. */
export function oneLine(text: string, width = 100): string {
  const flat = printable(
    text
      .slice(0, width * 4)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
  const characters = Array.from(flat)
  return characters.length <= width ? flat : `${characters.slice(0, width - 1).join('')}…`
}

/** Names and values in two columns, one pair a line; absent values are left out. */
export function pairs(entries: readonly (readonly [string, unknown])[]): string[] {
  const present = entries.filter(([, value]) => value !== undefined)
  const width = Math.max(...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`)
}

/** A similarity, a weight or a confidence with as many digits as tell something. */
export function ratio(value: number): string {
  return value.toFixed(3)
}

function plain(value: unknown): string {
  return printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
}
