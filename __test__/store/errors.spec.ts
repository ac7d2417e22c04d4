// The table of errors, the engine's codes and the docs speak of the same things.
import { readFileSync } from 'node:fs'
import test from 'ava'
import { ERRORS, SutraError } from '../../src/index.js'
import { addon } from '../../src/native.js'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test('every code has a row and a docs entry', (t) => {
  for (const code of [...addon.errorCodes().split(' '), ...Object.keys(ERRORS)]) {
    t.true(Object.hasOwn(ERRORS, code), `${code} has no row in src/errors.ts`)
    t.regex(page, new RegExp(`^### ${code}$`, 'm'))
  }
})

test('an error tells its kind and what to do', (t) => {
  const cause = new Error('why')
  const error = new SutraError('ERR_LIMIT', 'too much', { field: 'k', value: 5, limit: 4, cause })
  t.true(error instanceof Error)
  t.is(error.name, 'SutraError')
  t.like(error, { code: 'ERR_LIMIT', field: 'k', value: 5, limit: 4, retryable: false, cause })
  t.is(error.status, 413)
  t.true(error.advice.length > 0)
  t.false('file' in error)
  t.true(new SutraError('ERR_BUSY', 'later').retryable)
})

test('the docs table has the status and the retry of each code', (t) => {
  for (const [code, { status, retryable }] of Object.entries(ERRORS)) {
    const row = new RegExp(`^\\| ${code} \\| ${status} \\| ${retryable ? 'yes' : 'no'} \\|`, 'm')
    t.regex(page, row)
  }
})

test('an error of the other build of the package is one of ours, and no subclass', (t) => {
  class Narrow extends SutraError {}
  const brand = Symbol.for('sutra-storage.SutraError')
  const foreign: unknown = Object.defineProperty(new Error('of the other build'), brand, {})
  t.true(foreign instanceof SutraError)
  t.false(foreign instanceof Narrow)
  t.true(new Narrow('ERR_BUSY', 'later') instanceof Narrow)
  t.false(new Error('plain') instanceof SutraError)
})
