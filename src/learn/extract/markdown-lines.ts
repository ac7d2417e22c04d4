// Markdown as a list of headings with the text between them. Only block structure is read: fences,
// comments and front matter, so that a '#' in a code block is not taken for a heading.

/** A heading and the lines below it up to the next heading. The first has depth 0: no heading. */
export interface MarkdownBlock {
  depth: number
  heading: string
  /** All lines, for the content. */
  lines: string[]
  /** The lines outside code fences, for links. */
  prose: string[]
}

/** What a Markdown file consists of. */
export interface MarkdownFile {
  frontMatter: Map<string, string>
  blocks: MarkdownBlock[]
}

/** Splits a Markdown file at its headings. */
export function readMarkdown(text: string): MarkdownFile {
  const lines = text.split(/\r\n|\r|\n/)
  const frontMatter = new Map<string, string>()
  const first = readFrontMatter(lines, frontMatter)
  const reader = new BlockReader()
  for (let at = first; at < lines.length; at++) reader.line(lines[at] ?? '')
  return { frontMatter, blocks: reader.blocks }
}

/** Reads `key: value` lines between two `---`; returns the index of the first line after it. */
function readFrontMatter(lines: string[], found: Map<string, string>): number {
  if (lines[0]?.trimEnd() !== '---') return 0
  const end = lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---')
  if (end < 0) return 0
  for (const line of lines.slice(1, end)) {
    const match = /^([\w-]{1,64}):[ \t]*(.*)$/.exec(line)
    if (match?.[1] === undefined) continue
    found.set(match[1].toLowerCase(), unquoted(match[2] ?? ''))
  }
  return end + 1
}

function unquoted(value: string): string {
  const trimmed = value.trim()
  const quote = trimmed[0]
  const quoted = trimmed.length > 1 && (quote === '"' || quote === "'") && trimmed.endsWith(quote)
  return quoted ? trimmed.slice(1, -1) : trimmed
}

class BlockReader {
  readonly blocks: MarkdownBlock[] = [{ depth: 0, heading: '', lines: [], prose: [] }]
  #fence: string | undefined
  #inComment = false

  line(line: string): void {
    if (this.#insideFence(line) || this.#insideComment(line)) return
    const heading = atxHeading(line) ?? htmlHeading(line)
    if (heading !== undefined) {
      this.blocks.push({ ...heading, lines: [], prose: [] })
      return
    }
    if (this.#underline(line)) return
    this.#block.lines.push(line)
    this.#block.prose.push(line)
  }

  get #block(): MarkdownBlock {
    return this.blocks[this.blocks.length - 1]!
  }

  #insideFence(line: string): boolean {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line)
    if (this.#fence === undefined) {
      // A backtick in the info string means inline code, not a fence.
      if (mark?.[1] === undefined || (mark[1][0] === '`' && mark[2]?.includes('`'))) return false
      this.#fence = mark[1]
    } else if (mark?.[1]?.startsWith(this.#fence) && mark[2]?.trim() === '') {
      this.#fence = undefined
    }
    this.#block.lines.push(line)
    return true
  }

  /** Comments of several lines hold notes for authors: neither text nor headings. */
  #insideComment(line: string): boolean {
    if (this.#inComment) {
      this.#inComment = !line.includes('-->')
      return true
    }
    const opened = line.trimStart().startsWith('<!--')
    this.#inComment = opened && !line.includes('-->')
    return opened
  }

  /** A line of '=' or '-' below one line of text makes that line a heading. */
  #underline(line: string): boolean {
    const mark = /^ {0,3}(=+|-+)[ \t]*$/.exec(line)?.[1]
    if (mark === undefined) return false
    const { lines, prose } = this.#block
    const above = prose.at(-1)
    const isText =
      above !== undefined && lines.at(-1) === above && /^ {0,3}[^\s>|*+\-#<`~]/.test(above)
    const before = lines.at(-2)
    if (!isText || (before !== undefined && before.trim() !== '')) return false
    lines.pop()
    prose.pop()
    const depth = mark[0] === '=' ? 1 : 2
    this.blocks.push({ depth, heading: above.trim(), lines: [], prose: [] })
    return true
  }
}

function atxHeading(line: string): { depth: number; heading: string } | undefined {
  const match = /^ {0,3}(#{1,6})(?:[ \t]|$)/.exec(line)
  if (match?.[1] === undefined) return undefined
  let heading = line.slice(match[0].length).trim()
  const marks = trailingMarks(heading)
  if (marks > 0) heading = heading.slice(0, -marks).trimEnd()
  return { depth: match[1].length, heading }
}

/** How many closing '#' a heading has; they count only after a space. */
function trailingMarks(heading: string): number {
  let count = 0
  while (heading[heading.length - 1 - count] === '#') count++
  const before = heading[heading.length - 1 - count]
  return before === undefined || before === ' ' || before === '\t' ? count : 0
}

function htmlHeading(line: string): { depth: number; heading: string } | undefined {
  const match = /^\s{0,8}<h([1-6])(?:\s[^<>]{0,200})?>(.{0,500})<\/h\1>\s*$/i.exec(line)
  if (match?.[1] === undefined) return undefined
  return {
    depth: Number(match[1]),
    heading: (match[2] ?? '').replace(/<[^<>]{0,200}>/g, '').trim(),
  }
}
