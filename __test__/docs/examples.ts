// Finds the examples of the pages. The word after the three backticks says what becomes of a block:
// `ts` is run, `sh` is run, `ts no-run` and `sh no-run` are shown only.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Block {
  readonly page: string
  /** Line of the opening backticks, from 1. */
  readonly line: number
  readonly language: 'ts' | 'sh'
  readonly text: string
}

/** One thing to run: blocks of one page that belong together. */
export interface Example {
  readonly title: string
  readonly language: 'ts' | 'sh'
  readonly text: string
}

/** All pages with examples, relative to the root. */
export function pages(root: string): string[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/'))
  return ['README.md', 'ARCHITECTURE.md', ...docs.toSorted()]
}

export function readExamples(root: string): Example[] {
  return pages(root).flatMap((page) => examplesOf(page, readFileSync(join(root, page), 'utf8')))
}

/** The blocks of a page that are marked to be run. */
export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = []
  let open: { language: string; line: number; lines: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) {
      open?.lines.push(line)
    } else if (open === undefined) {
      open = { language: (fence[1] ?? '').trim(), line: index + 1, lines: [] }
    } else {
      const { language } = open
      if (language === 'ts' || language === 'sh') {
        blocks.push({ page, line: open.line, language, text: `${open.lines.join('\n')}\n` })
      }
      open = undefined
    }
  }
  return blocks
}

/**
 * A TypeScript block that imports something starts a program; the blocks after it go on with it.
 * All shell blocks of a page are one session in one folder.
 */
export function examplesOf(page: string, text: string): Example[] {
  const examples: { title: string; language: 'ts' | 'sh'; text: string }[] = []
  let shell: (typeof examples)[number] | undefined
  let program: (typeof examples)[number] | undefined
  for (const block of blocksOf(page, text)) {
    const started = { title: `${page}:${block.line}`, language: block.language, text: block.text }
    if (block.language === 'sh') {
      if (shell === undefined) examples.push((shell = started))
      else shell.text += block.text
    } else if (program === undefined || /^import /m.test(block.text)) {
      examples.push((program = started))
    } else {
      program.text += block.text
    }
  }
  return examples
}
