// One line of JSONL: what is accepted, what is refused and with which field.
import test from 'ava'
import { SutraError } from '../../src/errors.js'
import { conceptLine, associationLine, parseRecord } from '../../src/transfer/records.js'
import type { Association, Concept } from '../../src/types.js'

test('a concept with every field', (t) => {
  const vector = new Float32Array([1, -0.5, 1e-40])
  const line = {
    kind: 'concept',
    key: 'k',
    namespace: 'n',
    content: 'c',
    vectorBase64: Buffer.from(vector.buffer).toString('base64'),
    attributes: { a: [1, { b: null }] },
    strength: 0.5,
    confidence: 0.25,
    validFrom: '2024-01-02T03:04:05.006Z',
    validTo: 1_800_000_000_000,
  }
  t.deepEqual(parseRecord(JSON.stringify(line)), {
    kind: 'concept',
    concept: {
      key: 'k',
      namespace: 'n',
      content: 'c',
      vector,
      attributes: { a: [1, { b: null }] },
      strength: 0.5,
      confidence: 0.25,
      validFrom: new Date('2024-01-02T03:04:05.006Z'),
      validTo: new Date(1_800_000_000_000),
    },
  })
})

test('a vector may be an array, null counts as left out', (t) => {
  const text = '{"kind":"concept","content":"c","vector":[1,2],"id":null,"strength":null}'
  t.deepEqual(parseRecord(text), {
    kind: 'concept',
    concept: { content: 'c', vector: new Float32Array([1, 2]) },
  })
})

test('an association with every field', (t) => {
  const line = {
    kind: 'association',
    source: 's',
    targetId: 'f'.repeat(32),
    namespace: 'n',
    type: 'causal',
    label: 'l',
    confidence: 0.5,
    weight: 2,
    attributes: { a: 1 },
  }
  t.deepEqual(parseRecord(JSON.stringify(line)), {
    kind: 'association',
    association: {
      source: { keyOrId: 's' },
      target: { id: 'f'.repeat(32) },
      namespace: 'n',
      fields: { type: 'causal', label: 'l', confidence: 0.5, weight: 2, attributes: { a: 1 } },
    },
  })
})

const CONCEPT = '"kind":"concept","content":"c"'
const ASSOCIATION = '"kind":"association","source":"a","target":"b","type":"causal"'

const REFUSED: [line: string, field: string | undefined][] = [
  ['', undefined],
  ['nonsense', undefined],
  ['[]', undefined],
  ['null', undefined],
  ['"concept"', undefined],
  ['{}', 'kind'],
  ['{"kind":"node"}', 'kind'],
  ['{"kind":"concept"}', 'content'],
  ['{"kind":"concept","content":1}', 'content'],
  [`{${CONCEPT},"atributes":{}}`, 'atributes'],
  [`{${CONCEPT},"source":"a"}`, 'source'],
  [`{${CONCEPT},"key":1}`, 'key'],
  [`{${CONCEPT},"strength":"1"}`, 'strength'],
  [`{${CONCEPT},"attributes":[]}`, 'attributes'],
  [`{${CONCEPT},"attributes":"a"}`, 'attributes'],
  [`{${CONCEPT},"vector":[1,"2"]}`, 'vector'],
  [`{${CONCEPT},"vector":{"0":1}}`, 'vector'],
  [`{${CONCEPT},"vectorBase64":"AAAAAA"}`, 'vectorBase64'],
  [`{${CONCEPT},"vectorBase64":"AAA="}`, 'vectorBase64'],
  [`{${CONCEPT},"vectorBase64":"!!!!"}`, 'vectorBase64'],
  [`{${CONCEPT},"vector":[1],"vectorBase64":"AAAAAA=="}`, 'vectorBase64'],
  [`{${CONCEPT},"validFrom":"yesterday"}`, 'validFrom'],
  [`{${CONCEPT},"validTo":true}`, 'validTo'],
  ['{"kind":"association","target":"b","type":"causal"}', 'source'],
  ['{"kind":"association","source":"a","type":"causal"}', 'target'],
  ['{"kind":"association","source":"a","target":"b"}', 'type'],
  [`{${ASSOCIATION},"sourceId":"a"}`, 'sourceId'],
  [`{${ASSOCIATION},"content":"c"}`, 'content'],
  [`{${ASSOCIATION},"weight":"1"}`, 'weight'],
]

for (const [line, field] of REFUSED) {
  test(`refused: ${line}`, (t) => {
    const error = t.throws(() => parseRecord(line), { instanceOf: SutraError })
    t.is(error.code, 'ERR_INVALID')
    t.is(error.field, field)
  })
}

const MOMENT = new Date('2024-01-02T03:04:05.006Z')

test('what is written can be read, defaults are left out', (t) => {
  const concept: Concept = {
    id: 'a'.repeat(32),
    namespace: 'default',
    content: 'c\n"d"',
    attributes: {},
    strength: 1,
    confidence: 1,
    createdAt: MOMENT,
    updatedAt: MOMENT,
    sequence: 7,
  }
  const plain = conceptLine(concept, { vector: true })
  t.is(plain, `{"kind":"concept","id":"${concept.id}","content":"c\\n\\"d\\""}`)
  const vector = new Float32Array([0.1, -2])
  const rich = { ...concept, key: 'k', namespace: 'n', vector, strength: 0.5, validFrom: MOMENT }
  t.deepEqual(parseRecord(conceptLine(rich, { vector: true })), {
    kind: 'concept',
    concept: {
      key: 'k',
      namespace: 'n',
      content: concept.content,
      vector,
      strength: 0.5,
      validFrom: MOMENT,
    },
  })
  t.false(conceptLine(rich, { vector: false }).includes('vector'))
})

test('an association is written with ids', (t) => {
  const association: Association = {
    source: 'a'.repeat(32),
    target: 'b'.repeat(32),
    type: 'causal',
    label: 'l',
    confidence: 1,
    weight: 3,
    createdAt: MOMENT,
    sequence: 7,
  }
  t.deepEqual(parseRecord(associationLine(association)), {
    kind: 'association',
    association: {
      source: { id: association.source },
      target: { id: association.target },
      namespace: undefined,
      fields: { type: 'causal', label: 'l', weight: 3 },
    },
  })
})
