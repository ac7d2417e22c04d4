// Text to words: the same words for the same text on every platform.

/** What a piece of text is: a word, one or two ideographs, or a pictograph. */
export type TokenKind = 'word' | 'ideograph' | 'symbol'

const ASCII_ONLY = /^[\0-\x7f]*$/
// A run of letters, marks and digits, or one pictograph (words have no boundary around those).
const PIECE = /[\p{L}\p{M}\p{N}]+|\p{Extended_Pictographic}/gu
// Scripts written without spaces between words, or with words of one or two characters.
const IDEOGRAPH =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u30fc\u3005]+/gu
const HAS_IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const PICTOGRAPH = /^\p{Extended_Pictographic}$/u

/** Longest run taken as one word; longer ones (base64, minified code) are cut into pieces. */
const WORD_LENGTH_MAX = 64

/** Calls `each` for the tokens of a text, in order, after NFKC and lower case. */
export function forEachToken(text: string, each: (token: string, kind: TokenKind) => void): void {
  if (ASCII_ONLY.test(text)) asciiTokens(text.toLowerCase(), each)
  else unicodeTokens(text.normalize('NFKC').toLowerCase(), each)
}

function asciiTokens(text: string, each: (token: string, kind: TokenKind) => void): void {
  let start = -1
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0
    const inWord = (code >= 97 && code <= 122) || (code >= 48 && code <= 57)
    if (inWord && start < 0) start = at
    else if (start >= 0 && (!inWord || at - start === WORD_LENGTH_MAX)) {
      each(text.slice(start, at), 'word')
      start = inWord ? at : -1
    }
  }
}

function unicodeTokens(text: string, each: (token: string, kind: TokenKind) => void): void {
  for (const match of text.matchAll(PIECE)) {
    const piece = match[0]
    if (PICTOGRAPH.test(piece)) each(piece, 'symbol')
    else if (HAS_IDEOGRAPH.test(piece)) mixedTokens(piece, each)
    else wordTokens(piece, each)
  }
}

/** A run such as "sqlite数据库": ideographs as singles and pairs, the rest as words. */
function mixedTokens(piece: string, each: (token: string, kind: TokenKind) => void): void {
  let end = 0
  for (const match of piece.matchAll(IDEOGRAPH)) {
    if (match.index > end) wordTokens(piece.slice(end, match.index), each)
    end = match.index + match[0].length
    const characters = Array.from(match[0])
    for (const [at, character] of characters.entries()) {
      each(character, 'ideograph')
      const next = characters[at + 1]
      if (next !== undefined) each(character + next, 'ideograph')
    }
  }
  if (end < piece.length) wordTokens(piece.slice(end), each)
}

function wordTokens(word: string, each: (token: string, kind: TokenKind) => void): void {
  for (let at = 0; at < word.length; at += WORD_LENGTH_MAX) {
    each(word.slice(at, at + WORD_LENGTH_MAX), 'word')
  }
}
