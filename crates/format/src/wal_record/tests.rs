use super::{
    BODY_BYTES_AT, BODY_BYTES_MAX, KIND_AT, RECORD_ALIGNMENT, RECORD_HEADER_BYTES, Record,
    RecordHeader, RecordKind, record_bytes, record_checksum,
};
use crate::arbitrary::{config, cut, flipped};
use crate::byte_map::assert_page_describes;
use crate::decode_error::{DecodeError, Problem};
use proptest::collection::vec;
use proptest::prelude::*;

const HEADER: RecordHeader = RecordHeader {
    seqno: 0x1112_1314_1516_1718,
    durable_seqno: 0x0102_0304_0506_0708,
    epoch: 0x2122_2324_2526_2728,
    segment_number: 0x3132_3334,
    kind: RecordKind::Close,
};

fn header() -> impl Strategy<Value = RecordHeader> {
    let kinds = [RecordKind::Commit, RecordKind::Open, RecordKind::Close, RecordKind::Seal];
    let kind = proptest::sample::select(kinds.to_vec());
    (any::<(u64, u64, u64, u32)>(), kind).prop_map(
        |((seqno, durable_seqno, epoch, segment_number), kind)| RecordHeader {
            seqno,
            durable_seqno,
            epoch,
            segment_number,
            kind,
        },
    )
}

fn encoded(header: &RecordHeader, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.append(&[body], &mut bytes);
    bytes
}

fn refusal(bytes: &[u8]) -> DecodeError {
    Record::decode(bytes).unwrap_err()
}

/// A record with other bytes at an offset and the checksum that fits them.
fn resealed(mut bytes: Vec<u8>, offset: usize, value: &[u8]) -> Vec<u8> {
    bytes[offset..offset + value.len()].copy_from_slice(value);
    let checksum = record_checksum(&bytes);
    bytes[..BODY_BYTES_AT].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn records_in_a_row_are_read_one_by_one(
        records in vec((header(), vec(any::<u8>(), 0..60)), 1..6),
        split in 0..60_usize,
    ) {
        let mut bytes = Vec::new();
        for (header, body) in &records {
            let (first, second) = body.split_at(split.min(body.len()));
            header.append(&[first, second, &[]], &mut bytes);
        }
        let mut rest = bytes.as_slice();
        for (header, body) in &records {
            let record = Record::decode(rest).unwrap();
            prop_assert_eq!(record, Record {
                header: *header, body, bytes: record_bytes(body.len())
            });
            prop_assert!(record.bytes.is_multiple_of(RECORD_ALIGNMENT));
            rest = &rest[record.bytes..];
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn a_record_cut_at_any_byte_is_refused(header in header(), body in vec(any::<u8>(), 0..60)) {
        for part in cut(&encoded(&header, &body)) {
            let refused = Record::decode(part).unwrap_err();
            let is_short = matches!(refused.problem, Problem::Truncated { .. });
            prop_assert!(is_short, "{}", refused);
            prop_assert!(refused.offset <= part.len());
        }
    }

    /// Every bit: checksum, length, header, body and padding, with another record behind.
    #[test]
    fn a_record_with_a_flipped_bit_is_refused(header in header(), body in vec(any::<u8>(), 0..60)) {
        let record = encoded(&header, &body);
        let next = encoded(&HEADER, &[7; 30]);
        for (bit, bytes) in flipped(&record) {
            prop_assert!(Record::decode(&[bytes, next.clone()].concat()).is_err(), "bit {}", bit);
        }
    }

    /// A disk keeps or loses whole sectors: a record of which any part is what stood there before.
    #[test]
    fn a_record_with_a_part_of_another_is_refused(
        header in header(),
        body in vec(any::<u8>(), 30..60),
        start in 0..70_usize,
        length in 1..70_usize,
        old in vec(any::<u8>(), 140),
    ) {
        let mut bytes = encoded(&header, &body);
        let end = (start + length).min(bytes.len());
        let start = start.min(end - 1);
        prop_assume!(bytes[start..end] != old[start..end]);
        bytes[start..end].copy_from_slice(&old[start..end]);
        prop_assert!(Record::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..120)) {
        prop_assert!(Record::decode(&bytes).is_err());
    }
}

#[test]
fn docs_say_where_every_field_is() {
    let bytes = encoded(&HEADER, &[]);
    let fields = [
        ("checksum", record_checksum(&bytes).to_le_bytes().to_vec()),
        ("body bytes", vec![0; 4]),
        ("seqno", HEADER.seqno.to_le_bytes().to_vec()),
        ("durable seqno", HEADER.durable_seqno.to_le_bytes().to_vec()),
        ("epoch", HEADER.epoch.to_le_bytes().to_vec()),
        ("segment number", HEADER.segment_number.to_le_bytes().to_vec()),
        ("kind", vec![3]),
        ("zero", vec![0; 3]),
    ];
    assert_eq!(bytes.len(), RECORD_HEADER_BYTES);
    let page = include_str!("../../../../docs/format/wal.md");
    assert_page_describes(page, "Record", &bytes, &fields);
}

#[test]
fn zeros_are_no_record() {
    // What a prepared and not yet written part of a segment holds.
    for length in [RECORD_HEADER_BYTES, 512, 4096] {
        assert!(matches!(refusal(&vec![0; length]).problem, Problem::Checksum { stored: 0, .. }));
    }
}

#[test]
fn unknown_kinds_are_refused_though_the_checksum_fits() {
    let unknown = [[0, 0, 0, 0], [5, 0, 0, 0], [255, 0, 0, 0]];
    let not_zero = (1..=4).flat_map(|kind| [[kind, 1, 0, 0], [kind, 0, 1, 0], [kind, 0, 0, 1]]);
    for kind in unknown.into_iter().chain(not_zero) {
        let bytes = resealed(encoded(&HEADER, b"body"), KIND_AT, &kind);
        assert_eq!(refusal(&bytes), DecodeError::value(KIND_AT, "record kind"));
    }
}

#[test]
fn padding_is_zero_though_the_checksum_fits() {
    let bytes = encoded(&HEADER, b"body");
    let last = bytes.len() - 1;
    assert_eq!(
        refusal(&resealed(bytes, last, &[1])),
        DecodeError::value(RECORD_HEADER_BYTES + 4, "record padding")
    );
}

#[test]
fn a_body_is_at_most_as_long_as_the_limit_says() {
    let with_length = |length: usize| {
        resealed(encoded(&HEADER, &[]), BODY_BYTES_AT, &(length as u32).to_le_bytes())
    };
    assert_eq!(
        refusal(&with_length(BODY_BYTES_MAX + 1)),
        DecodeError::value(BODY_BYTES_AT, "record length")
    );
    assert_eq!(
        refusal(&with_length(u32::MAX as usize)),
        DecodeError::value(BODY_BYTES_AT, "record length")
    );
    let needed = record_bytes(BODY_BYTES_MAX) - RECORD_HEADER_BYTES;
    assert_eq!(
        refusal(&with_length(BODY_BYTES_MAX)),
        DecodeError::truncated(RECORD_HEADER_BYTES, needed)
    );
}

#[test]
fn lengths_are_rounded_up_and_never_overflow() {
    assert_eq!(record_bytes(0), 40);
    assert_eq!(record_bytes(1), 48);
    assert_eq!(record_bytes(8), 48);
    assert_eq!(record_bytes(usize::MAX), usize::MAX);
    assert_eq!(record_bytes(usize::MAX - RECORD_HEADER_BYTES), usize::MAX);
}

#[test]
#[should_panic(expected = "a record at byte 3")]
fn a_record_is_not_put_behind_half_a_record() {
    HEADER.append(&[], &mut vec![0; 3]);
}
