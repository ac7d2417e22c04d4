// Patterns of .gitignore.
import test from 'ava'
import { DEFAULT_EXCLUDES, IgnoreRules } from '../../src/learn/ignore-rules.js'

/** [patterns, path, is a folder, left out]; undefined where no rule speaks. */
const CASES: [string[], string, boolean, boolean | undefined][] = [
  [['*.log'], 'a.log', false, true],
  [['*.log'], 'x/y/a.log', false, true],
  [['*.log'], 'a.log.txt', false, undefined],
  [['/a.log'], 'a.log', false, true],
  [['/a.log'], 'x/a.log', false, undefined],
  [['build/'], 'x/build', true, true],
  [['build/'], 'build', false, undefined],
  [['doc/*.txt'], 'doc/a.txt', false, true],
  [['doc/*.txt'], 'doc/x/a.txt', false, undefined],
  [['doc/*.txt'], 'x/doc/a.txt', false, undefined],
  [['**/tmp'], 'a/b/tmp', true, true],
  [['**/tmp'], 'tmp', true, true],
  [['a/**/z'], 'a/z', false, true],
  [['a/**/z'], 'a/b/c/z', false, true],
  [['a/**'], 'a/b/c', false, true],
  [['a/**'], 'a', true, undefined],
  [['a?c'], 'abc', false, true],
  [['a?c'], 'a/c', false, undefined],
  [['a[0-9].md'], 'a7.md', false, true],
  [['a[!0-9].md'], 'a7.md', false, undefined],
  [['a[!0-9].md'], 'ax.md', false, true],
  [['*.md', '!keep.md'], 'keep.md', false, false],
  [['!keep.md', '*.md'], 'keep.md', false, true],
  [['# comment', '', '  '], '# comment', false, undefined],
  [['\\#file'], '#file', false, true],
  [['\\!file'], '!file', false, true],
  [['name '], 'name', false, true],
  [['name\\ '], 'name ', false, true],
  [['a+(b).c'], 'a+(b).c', false, true],
  [['a+(b).c'], 'aa(b)xc', false, undefined],
  [['[broken'], '[broken', false, undefined],
  [['line\r'], 'line', false, true],
  [['/'], 'a', true, undefined],
]

for (const [patterns, path, isFolder, expected] of CASES) {
  test(`${JSON.stringify(patterns)} and ${path}${isFolder ? '/' : ''}`, (t) => {
    t.is(new IgnoreRules(patterns).verdict(path, isFolder), expected)
  })
}

test('output, dependencies, data and secrets are left out by default', (t) => {
  const rules = new IgnoreRules(DEFAULT_EXCLUDES)
  for (const folder of ['.git', 'node_modules', 'x/node_modules', 'target', 'dist', 'data']) {
    t.true(rules.verdict(folder, true), folder)
  }
  for (const file of ['.env', 'x/.env.local', 'key.pem', 'package-lock.json', 'a.min.js']) {
    t.true(rules.verdict(file, false), file)
  }
  t.is(rules.verdict('docs/data.md', false), undefined)
})
