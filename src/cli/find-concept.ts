import { SutraError } from '../errors.js'
import type { Concept, Reads } from '../types.js'
import { text } from '../config/index.js'
import { flag, switchFlag } from './command.js'

/** A name of a namespace. */
export const NAMESPACE = text(
  '1 to 64 letters, digits and . _ : -',
  /^[A-Za-z0-9_][A-Za-z0-9._:-]{0,63}$/,
)

/** Flags of commands that take a concept by id or by key. */
export const REFERENCE_FLAGS = {
  key: switchFlag('--key', 'arguments are keys, not ids'),
  namespace: flag('-n, --namespace <name>', NAMESPACE, 'namespace of the concepts'),
}

/** How an argument names a concept. */
export interface Reference {
  readonly key?: boolean | undefined
  readonly namespace?: string | undefined
}

/** The concept an argument names, or ERR_NOT_FOUND. */
export function findConcept(store: Reads, name: string, reference: Reference): Concept {
  const { namespace } = reference
  const options = namespace === undefined ? {} : { namespace }
  const byKey = reference.key === true
  const concept = byKey ? store.getByKey(name, options) : store.get(name, options)
  if (concept !== undefined) return concept
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`
  const what = byKey ? 'the key' : 'the id'
  throw new SutraError('ERR_NOT_FOUND', `no concept has ${what} ${name}${where}`, {
    field: byKey ? 'key' : 'id',
  })
}
