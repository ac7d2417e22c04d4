// Just enough of Rust's syntax to find functions and words in code, not in comments or strings.

const COMMENT = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`
const STRING = String.raw`b?r(#*)"[\s\S]*?"\1|b?"(?:[^"\\]|\\[\s\S])*"`
const CHARACTER = String.raw`b?'(?:[^'\\\n]|\\[^\n]+?)'`
const TOKEN = new RegExp([COMMENT, STRING, CHARACTER].join('|'), 'g')

/** The text with comments, strings and characters blanked out; every position stays the same. */
export function blankRust(text: string): string {
  return text.replace(TOKEN, (token) => token.replace(/[^\n]/g, ' '))
}

export interface RustFunction {
  readonly name: string
  /** Index of the word `fn`. */
  readonly start: number
  /** Index after the closing brace. */
  readonly end: number
}

/** All functions with a body, in blanked text. */
export function rustFunctions(blank: string): RustFunction[] {
  const functions: RustFunction[] = []
  for (const found of blank.matchAll(/\bfn\s+(\w+)/g)) {
    const open = bodyStart(blank, found.index + found[0].length)
    if (open === undefined) continue
    functions.push({ name: found[1] ?? '', start: found.index, end: closingBrace(blank, open) + 1 })
  }
  return functions
}

/** Index of the brace that opens the body; `undefined` for a declaration without one. */
function bodyStart(blank: string, from: number): number | undefined {
  let depth = 0
  for (let at = from; at < blank.length; at++) {
    const c = blank[at]
    if (c === '(' || c === '[') depth++
    else if (c === ')' || c === ']') depth--
    else if (depth === 0 && c === ';') return undefined
    else if (depth === 0 && c === '{') return at
  }
  return undefined
}

/** Index of the brace that closes the one at `open`; the end of the text if none does. */
export function closingBrace(blank: string, open: number): number {
  let depth = 0
  for (let at = open; at < blank.length; at++) {
    if (blank[at] === '{') depth++
    else if (blank[at] === '}' && --depth === 0) return at
  }
  return blank.length - 1
}

/** Start and end (excluded) of every `#[cfg(test)] mod name { }` in blanked text. */
export function testModules(blank: string): { start: number; end: number }[] {
  const modules: { start: number; end: number }[] = []
  for (const found of blank.matchAll(/#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{/g)) {
    const open = found.index + found[0].length - 1
    modules.push({ start: found.index, end: closingBrace(blank, open) + 1 })
  }
  return modules
}
