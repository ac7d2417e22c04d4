// Patterns like those in .gitignore: which files and folders are left out.

/** Left out unless the option `exclude` takes it back: output, dependencies, data, secrets. */
export const DEFAULT_EXCLUDES: readonly string[] = `.git/ .hg/ .svn/ node_modules/ target/ dist/
  data/ __pycache__/ .venv/ venv/ .cache/ package-lock.json yarn.lock pnpm-lock.yaml Cargo.lock
  *.min.js *.min.css *.map .env .env.* .npmrc .netrc *.pem *.key id_rsa id_ed25519
  .DS_Store`.split(/\s+/)

interface IgnoreRule {
  pattern: RegExp
  /** `!pattern`: takes back what an earlier rule left out. */
  negated: boolean
  foldersOnly: boolean
}

/** Rules of one list, for paths from the folder the list is in. */
export class IgnoreRules {
  readonly #rules: IgnoreRule[]

  constructor(lines: readonly string[]) {
    this.#rules = lines.flatMap((line) => ruleOf(line) ?? [])
  }

  /** True to leave out, false to take back in, undefined if no rule speaks of the path. */
  verdict(path: string, isFolder: boolean): boolean | undefined {
    let verdict: boolean | undefined
    for (const rule of this.#rules) {
      if (rule.foldersOnly && !isFolder) continue
      if (rule.pattern.test(path)) verdict = !rule.negated
    }
    return verdict
  }
}

function ruleOf(line: string): IgnoreRule | undefined {
  // A trailing space counts only when escaped.
  let text = line.replace(/\r$/, '').replace(/(?<!\\) +$/, '')
  if (text === '' || text.startsWith('#')) return undefined
  const negated = text.startsWith('!')
  if (negated) text = text.slice(1)
  const foldersOnly = text.endsWith('/')
  if (foldersOnly) text = text.slice(0, -1)
  if (text === '') return undefined
  // A slash inside ties the pattern to the folder of its list; otherwise it holds at any depth.
  const anchored = text.includes('/')
  const body = globPattern(text.replace(/^\//, ''))
  if (body === undefined) return undefined
  const pattern = new RegExp(`^${anchored ? '' : '(?:.*/)?'}${body}$`, 's')
  return { pattern, negated, foldersOnly }
}

/** Regular expression of a glob; undefined if the glob is not well formed. */
function globPattern(glob: string): string | undefined {
  let pattern = ''
  let at = 0
  while (at < glob.length) {
    const rest = glob.slice(at)
    const stars = /^\*+/.exec(rest)?.[0].length ?? 0
    if (stars >= 2 && (at === 0 || glob[at - 1] === '/') && rest[stars] === '/') {
      pattern += '(?:.*/)?'
      at += stars + 1
    } else if (stars >= 2 && at + stars === glob.length && glob[at - 1] === '/') {
      pattern += '.+'
      at += stars
    } else if (stars > 0) {
      pattern += '[^/]*'
      at += stars
    } else if (rest.startsWith('[')) {
      const set = /^\[[!^]?\]?[^\]]*\]/.exec(rest)?.[0]
      if (set === undefined) return undefined
      pattern += characterSet(set)
      at += set.length
    } else {
      const escaped = rest.startsWith('\\') && rest.length > 1
      const character = escaped ? rest[1]! : rest[0]!
      pattern += !escaped && character === '?' ? '[^/]' : literal(character)
      at += escaped ? 2 : 1
    }
  }
  return pattern
}

function characterSet(set: string): string {
  const negated = set[1] === '!' || set[1] === '^'
  const inside = set.slice(negated ? 2 : 1, -1).replace(/[\\\][^]/g, '\\$&')
  return `(?!/)[${negated ? '^' : ''}${inside}]`
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
