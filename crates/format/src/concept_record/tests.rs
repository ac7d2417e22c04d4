use super::{
    CONCEPT_HEADER_BYTES, CONTENT_BYTES_AT, ConceptRecord, ConceptVersion, KIND_AT, KIND_CONCEPT,
    KIND_EDGE, KIND_TOMBSTONE, Text, TextRef, length_and_kind,
};
use crate::ConceptId;
use crate::arbitrary::{config, cut, flipped, fraction, id, validity};
use crate::byte_map::assert_page_describes;
use crate::decode_error::{DecodeError, Problem};
use crate::op_fields::Validity;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum OwnedText {
    Given(Vec<u8>),
    KeptAt(u64),
    KeptBelow,
}

impl OwnedText {
    fn text(&self) -> Text<'_> {
        match self {
            Self::Given(bytes) => Text::Given(bytes),
            Self::KeptAt(position) => Text::KeptAt(*position),
            Self::KeptBelow => Text::KeptBelow,
        }
    }

    fn is(&self, read: TextRef<'_>) -> bool {
        match (self, read) {
            (Self::Given(bytes), TextRef::Inline(read)) => bytes == read,
            (Self::KeptAt(position), TextRef::At(read)) => *position == read,
            (Self::KeptBelow, TextRef::Below) => true,
            _ => false,
        }
    }
}

fn text() -> impl Strategy<Value = OwnedText> {
    prop_oneof![
        vec(any::<u8>(), 0..40).prop_map(OwnedText::Given),
        (1..u64::MAX).prop_map(OwnedText::KeptAt),
        Just(OwnedText::KeptBelow),
    ]
}

/// A record and what it was made of.
#[derive(Debug, Clone)]
struct Sample {
    version: ConceptVersion<'static>,
    kind: u8,
    key: Vec<u8>,
    content: OwnedText,
    attributes: OwnedText,
}

impl Sample {
    fn bytes(&self) -> Vec<u8> {
        let version = ConceptVersion {
            key: &self.key,
            content: self.content.text(),
            attributes: self.attributes.text(),
            ..self.version
        };
        let mut bytes = Vec::new();
        version.append(self.kind, &mut bytes);
        bytes
    }

    fn assert_is(&self, record: &ConceptRecord<'_>) {
        let version = &self.version;
        assert_eq!((record.seqno(), record.previous()), (version.seqno, version.previous));
        assert_eq!((record.id(), record.cell()), (version.id, version.cell));
        assert_eq!((record.ordinal(), record.row()), (version.ordinal, version.row));
        assert_eq!(record.namespace(), version.namespace);
        assert_eq!(record.created_us(), version.created_us);
        assert_eq!(record.updated_us(), version.updated_us);
        assert_eq!(record.strength().to_bits(), version.strength.to_bits());
        assert_eq!(record.confidence().to_bits(), version.confidence.to_bits());
        assert_eq!(record.validity(), version.validity);
        assert_eq!(record.is_tombstone(), self.kind == KIND_TOMBSTONE);
        assert!(self.content.is(record.content()), "{:?}", record.content());
        assert!(self.attributes.is(record.attributes()), "{:?}", record.attributes());
        assert_eq!(record.key(), self.key);
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let numbers = any::<([u64; 4], [u32; 3])>();
    let row = proptest::option::of(0..u32::MAX);
    let values = (fraction(), fraction(), validity());
    let texts = (vec(any::<u8>(), 0..20), text(), text());
    let kind = prop_oneof![Just(KIND_CONCEPT), Just(KIND_TOMBSTONE)];
    (numbers, id(), row, values, texts, kind).prop_map(
        |((seqnos, numbers), id, row, (strength, confidence, validity), texts, kind)| {
            let [seqno, previous, created_us, updated_us] = seqnos;
            let [cell, ordinal, namespace] = numbers;
            let version = ConceptVersion {
                seqno,
                previous,
                id,
                cell,
                ordinal,
                namespace,
                row,
                created_us,
                updated_us,
                strength: strength.unwrap_or_default(),
                confidence: confidence.unwrap_or_default(),
                validity,
                ..PLAIN
            };
            let (key, content, attributes) = texts;
            Sample { version, kind, key, content, attributes }
        },
    )
}

/// Reads everything that a record says, whatever it is.
fn read_all(bytes: &[u8]) {
    let record = ConceptRecord::new(bytes);
    let _numbers = (record.seqno(), record.previous(), record.cell(), record.ordinal());
    let _texts = (record.content(), record.attributes(), record.key());
    let _fields = (record.id(), record.row(), record.validity(), record.is_tombstone());
    let _length = length_and_kind(bytes);
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_record_round_trips(sample in sample(), behind in vec(any::<u8>(), 0..40)) {
        let bytes = sample.bytes();
        prop_assert!(bytes.len().is_multiple_of(8));
        prop_assert_eq!(length_and_kind(&bytes), Some((bytes.len(), sample.kind)));
        sample.assert_is(&ConceptRecord::check(&bytes).unwrap());
        let section = [bytes.as_slice(), &behind].concat();
        sample.assert_is(&ConceptRecord::new(&section));
    }

    #[test]
    fn a_part_of_a_record_is_refused_and_any_change_of_it_read_within_its_bytes(
        sample in sample(),
    ) {
        let bytes = sample.bytes();
        for part in cut(&bytes) {
            prop_assert!(ConceptRecord::check(part).is_err());
            read_all(part);
        }
        prop_assert!(ConceptRecord::check(&[bytes.as_slice(), &[0; 8]].concat()).is_err());
        for (bit, bytes) in flipped(&bytes) {
            read_all(&bytes);
            // The lengths of the record and of its texts.
            let lengths = CONTENT_BYTES_AT..CONTENT_BYTES_AT + 8;
            let is_length = bit < 32 || lengths.contains(&(bit / 8));
            let is_large = is_length && bit % 32 >= 8;
            prop_assert!(!is_large || ConceptRecord::check(&bytes).is_err(), "bit {}", bit);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..300), lengths: [u8; 3]) {
        read_all(&bytes);
        if bytes.len() >= CONCEPT_HEADER_BYTES {
            let length = bytes.len() as u32;
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            bytes[KIND_AT..8].copy_from_slice(&[KIND_CONCEPT, 0, lengths[0] % 64, 0]);
            bytes[CONTENT_BYTES_AT..CONTENT_BYTES_AT + 8]
                .copy_from_slice(&[lengths[1] % 64, 0, 0, 0, lengths[2] % 64, 0, 0, 0]);
        }
        let _any = ConceptRecord::check(&bytes);
        read_all(&bytes);
    }
}

const CONTENT: &[u8] = b"Aspirin inhibits COX-1";
const KEY: &[u8] = b"aspirin";
const PLAIN: ConceptVersion<'static> = ConceptVersion {
    seqno: 0x0101_0203_0405_0607,
    previous: 0x0201_0203_0405_0607,
    id: ConceptId(*b"0123456789abcdef"),
    cell: 0x0301_0203,
    ordinal: 0x0401_0203,
    namespace: 0x0501_0203,
    key: KEY,
    content: Text::Given(CONTENT),
    attributes: Text::KeptAt(0x0601_0203_0405_0607),
    row: Some(0x0701_0203),
    created_us: 0x0801_0203_0405_0607,
    updated_us: 0x0901_0203_0405_0607,
    strength: 0.25,
    confidence: 0.75,
    validity: Validity { from_ms: Some(0x0a01), to_ms: None },
};

fn plain() -> Vec<u8> {
    let mut bytes = Vec::new();
    PLAIN.append(KIND_CONCEPT, &mut bytes);
    bytes
}

fn refused(offset: usize, value: &[u8]) -> DecodeError {
    let mut bytes = plain();
    bytes[offset..offset + value.len()].copy_from_slice(value);
    ConceptRecord::check(&bytes).unwrap_err()
}

#[test]
fn a_length_that_lies_is_refused() {
    assert!(ConceptRecord::check(&plain()).is_ok());
    let length = DecodeError::value(0, "length of the record");
    for bytes in [0, 8, 128, 152, 168, 4096, u32::MAX] {
        assert_eq!(refused(0, &bytes.to_le_bytes()), length, "{bytes}");
    }
    let texts = DecodeError::value(CONTENT_BYTES_AT, "length of the texts");
    for bytes in [0, 14, 40, u32::MAX] {
        assert_eq!(refused(CONTENT_BYTES_AT, &bytes.to_le_bytes()), texts, "{bytes}");
    }
    // All three at their largest: the sum must not overflow.
    let mut bytes = plain();
    bytes[6..8].copy_from_slice(&[0xff; 2]);
    bytes[CONTENT_BYTES_AT..CONTENT_BYTES_AT + 8].copy_from_slice(&[0xff; 8]);
    assert_eq!(ConceptRecord::check(&bytes).unwrap_err(), texts);
    let short = ConceptRecord::check(&plain()[..CONCEPT_HEADER_BYTES - 1]).unwrap_err();
    assert!(matches!(short.problem, Problem::Truncated { .. }));
}

#[test]
fn a_record_of_another_kind_is_refused() {
    for kind in [0, KIND_EDGE, 4, 255] {
        let expected = DecodeError::value(KIND_AT, "kind of the record");
        assert_eq!(refused(KIND_AT, &[kind]), expected);
    }
}

#[test]
fn docs_say_where_every_field_is() {
    let fields = [
        ("bytes", 160_u32.to_le_bytes().to_vec()),
        ("kind", vec![KIND_CONCEPT]),
        ("zero", vec![0]),
        ("key bytes", vec![7, 0]),
        ("seqno", PLAIN.seqno.to_le_bytes().to_vec()),
        ("previous", PLAIN.previous.to_le_bytes().to_vec()),
        ("id", PLAIN.id.0.to_vec()),
        ("created", PLAIN.created_us.to_le_bytes().to_vec()),
        ("updated", PLAIN.updated_us.to_le_bytes().to_vec()),
        ("strength", 0.25_f64.to_le_bytes().to_vec()),
        ("confidence", 0.75_f64.to_le_bytes().to_vec()),
        ("valid from", 0x0a01_i64.to_le_bytes().to_vec()),
        ("valid to", i64::MIN.to_le_bytes().to_vec()),
        ("content bytes", 22_u32.to_le_bytes().to_vec()),
        ("attributes bytes", vec![0; 4]),
        ("namespace", PLAIN.namespace.to_le_bytes().to_vec()),
        ("row", 0x0701_0203_u32.to_le_bytes().to_vec()),
        ("cell", PLAIN.cell.to_le_bytes().to_vec()),
        ("ordinal", PLAIN.ordinal.to_le_bytes().to_vec()),
        ("content at", vec![0; 8]),
        ("attributes at", 0x0601_0203_0405_0607_u64.to_le_bytes().to_vec()),
    ];
    let page = include_str!("../../../../docs/format/segment.md");
    assert_page_describes(page, "Concept record", &plain()[..CONCEPT_HEADER_BYTES], &fields);
    assert_eq!(plain()[CONCEPT_HEADER_BYTES..], [CONTENT, KEY, &[0; 3]].concat());
}
