// The ids of concepts that were learned without one: derived from content, or from a key.

import { exchange, ID_KINDS } from './native.js'
import type { ConceptId } from './types.js'
import { checkName, checkNamespace, checkObject, checkText } from './validate/fields.js'
import { invalid } from './validate/refusal.js'

const FIELDS = new Set(['namespace', 'content', 'key'])
const DEFAULT_NAMESPACE = 'default'
const ID_CHARS = 32

/** What a concept is named by. */
export interface ConceptName {
  /** @default 'default' */
  namespace?: string
  /** One of content and key. */
  content?: string
  key?: string
}

/** The id under which `learn` stores a concept of this name. */
export function conceptIdOf(name: ConceptName): ConceptId {
  checkObject('name', name, FIELDS)
  const { namespace, content, key } = name
  if (namespace !== undefined) checkNamespace('namespace', namespace)
  if (key === undefined) return deriveId('content', content, namespace)
  if (content !== undefined) throw invalid('key', 'give a content or a key, not both')
  return deriveId('key', key, namespace)
}

/** As {@link conceptIdOf}, for a namespace that was checked. */
export function deriveId(
  kind: 'content' | 'key',
  text: unknown,
  namespace = DEFAULT_NAMESPACE,
): ConceptId {
  if (kind === 'key') checkName('key', text)
  else checkText('content', text)
  exchange.ensure(3 * (namespace.length + text.length))
  const namespaceBytes = exchange.buffer.utf8Write(namespace, 0)
  const textBytes = exchange.buffer.utf8Write(text, namespaceBytes)
  exchange.check(exchange.native.deriveId(ID_KINDS[kind], namespaceBytes, textBytes))
  return exchange.buffer.latin1Slice(0, ID_CHARS)
}
