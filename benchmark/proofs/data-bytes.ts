// How many bytes data is, counted in two ways, since "1.5 times the data" says nothing without:
//
// - fields: what the API gives back, each field at its plain size: ids of 16 bytes, texts in UTF-8,
//   numbers and times of 8. Created, updated, sequence, strength, confidence, valid from and valid
//   to for a concept; created, sequence, weight, confidence, valid from and valid to for an
//   association, which counts once.
// - records: the same as docs/format/segment.md encodes it. For a concept the record, the node that
//   an id is found by and the place in the order of commits; for an association an entry at each of
//   both ends. This is what a store would take that holds nothing else, without directory, filters,
//   checksums and the ends of blocks.

const ID_BYTES = 16
const NUMBER_BYTES = 8
const CONCEPT_NUMBERS = 7
const ASSOCIATION_NUMBERS = 6
const NAMESPACE_BYTES = 'default'.length
const TYPE_BYTES = 1

const RECORD_HEADER_BYTES = 128
const RECORD_ALIGNMENT = 8
const NODE_BYTES = 64
const ORDER_BYTES = 8
const ENTRY_BYTES = 88

export class DataBytes {
  fields = 0
  records = 0
  /** Content only. */
  texts = 0

  /** Texts are ASCII. */
  addConcept(key: string, content: string): void {
    const texts = key.length + content.length
    this.fields += ID_BYTES + NAMESPACE_BYTES + texts + CONCEPT_NUMBERS * NUMBER_BYTES
    const record = RECORD_HEADER_BYTES + texts
    this.records += Math.ceil(record / RECORD_ALIGNMENT) * RECORD_ALIGNMENT
    this.records += NODE_BYTES + ORDER_BYTES
    this.texts += content.length
  }

  addAssociation(): void {
    this.fields += 2 * ID_BYTES + TYPE_BYTES + ASSOCIATION_NUMBERS * NUMBER_BYTES
    this.records += 2 * ENTRY_BYTES
  }

  addDeletion(): void {
    this.fields += ID_BYTES
    this.records += RECORD_HEADER_BYTES + NODE_BYTES + ORDER_BYTES
  }
}
