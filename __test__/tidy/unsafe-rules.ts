import { filesOf, lineAt, sample, type Rule } from './rule.js'
import { blankRust } from './rust-text.js'

/** ARCHITECTURE.md tells what each of them needs it for. */
const UNSAFE_ALLOWED = ['crates/env/src/mapping.rs', 'crates/shard/src/vector/', 'crates/node/']

function unsafePlaces(text: string): { line: number; what: string }[] {
  // A function pointer type, `unsafe extern "C" fn(..)`, promises nothing by itself.
  const pattern = /\bunsafe\b(?!\s+(?:extern\s+)?fn\s*\()(\s+\w+|\()?/g
  return [...blankRust(text).matchAll(pattern)].map((found) => ({
    line: lineAt(text, found.index),
    what: found[1]?.trim().replace('(', 'attribute') ?? 'block',
  }))
}

export const unsafeOnlyWhereAllowed: Rule = {
  title: 'unsafe code is only where ARCHITECTURE.md lists it',
  help: 'Use the safe interface of the mapping, the vector kernels or the binding.',
  check: (project) =>
    filesOf(project, /\.rs$/)
      .filter(({ path }) => !UNSAFE_ALLOWED.some((allowed) => path.startsWith(allowed)))
      .flatMap(({ path, text }) =>
        unsafePlaces(text).map(({ line, what }) => `${path}:${line} unsafe ${what}`),
      ),
  bad: {
    'a block in the log': sample('crates/shard/src/wal/a.rs', 'fn a() { unsafe { b() } }\n'),
    'an attribute in the store': sample('crates/store/src/a.rs', '#[unsafe(no_mangle)]\n'),
    'an impl in the store': sample('crates/store/src/a.rs', 'unsafe impl Send for A {}\n'),
  },
  good: {
    'the word in a comment or attribute': sample(
      'crates/store/src/a.rs',
      '#![forbid(unsafe_code)]\n// Nothing unsafe here.\nconst A: &str = "unsafe";\n',
    ),
    'a kernel': sample('crates/shard/src/vector/a.rs', 'unsafe { b() }\n'),
  },
}

/** True if the lines right above `line` (from 1), comments and attributes, hold the word. */
function explainedAbove(lines: readonly string[], line: number, word: RegExp): boolean {
  if (word.test(lines[line - 1] ?? '')) return true
  for (let at = line - 2; at >= 0; at--) {
    const text = (lines[at] ?? '').trim()
    if (word.test(text)) return true
    const belongs = /^(\/\/|#\[|#!\[)/.test(text) || /[=(,]$|=>$/.test(text)
    if (!belongs) return false
  }
  return false
}

export const unsafeIsExplained: Rule = {
  title: 'every use of unsafe says why it is sound',
  help: 'Write // SAFETY: with the facts it needs and where they are checked; # Safety for a fn.',
  check: (project) =>
    filesOf(project, /\.rs$/).flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return unsafePlaces(text)
        .filter(({ what }) => what !== 'attribute')
        .filter(({ line, what }) => {
          const word = /^(fn|extern|trait)$/.test(what) ? /SAFETY:|# Safety/ : /SAFETY:/
          return !explainedAbove(lines, line, word)
        })
        .map(({ line, what }) => `${path}:${line} unsafe ${what} without SAFETY`)
    }),
  bad: {
    'a bare block': sample('crates/node/src/a.rs', 'fn a() {\n    unsafe { b() }\n}\n'),
    'a comment about something else': sample(
      'crates/node/src/a.rs',
      '// SAFETY: checked.\nlet a = 1;\nunsafe { b() }\n',
    ),
    'a bare unsafe fn': sample('crates/node/src/a.rs', '/// Reads.\npub unsafe fn a() {}\n'),
  },
  good: {
    'a comment above': sample(
      'crates/node/src/a.rs',
      '// SAFETY: the length\n// was checked by new().\nlet a = unsafe { b() };\n',
    ),
    'a doc section': sample(
      'crates/node/src/a.rs',
      '/// # Safety\n/// Alive.\n#[inline]\npub unsafe fn a() {}\n',
    ),
    'an attribute, and a type': sample(
      'crates/node/src/a.rs',
      '#[unsafe(no_mangle)]\ntype A = unsafe extern "C" fn(u8);\n',
    ),
    'inside a statement': sample(
      'crates/node/src/a.rs',
      '// SAFETY: alive.\nlet a =\n    unsafe { b() };\n',
    ),
  },
}
