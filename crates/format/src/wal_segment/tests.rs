use super::{FIRST_SEQNO_AT, MAGIC, SEGMENT_HEADER_BYTES, SegmentHeader, VERSION_AT};
use crate::arbitrary::{config, cut, flipped};
use crate::byte_map::assert_page_describes;
use crate::checksum::crc32c;
use crate::decode_error::{DecodeError, Problem};
use crate::{FORMAT_VERSION, StoreMeta};
use proptest::prelude::*;

const HEADER: SegmentHeader = SegmentHeader {
    number: 0x0102_0304,
    store_id: *b"0123456789abcdef",
    epoch: 0x1112_1314_1516_1718,
    first_seqno: 0x2122_2324_2526_2728,
    file_bytes: 0x3132_3334_3536_3738,
};

fn header() -> impl Strategy<Value = SegmentHeader> {
    any::<(u32, [u8; 16], u64, u64, u64)>().prop_map(
        |(number, store_id, epoch, first_seqno, file_bytes)| SegmentHeader {
            number,
            store_id,
            epoch,
            first_seqno,
            file_bytes,
        },
    )
}

/// The header with other bytes at an offset and the checksum that fits them.
fn resealed(offset: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = HEADER.encode().to_vec();
    bytes[offset..offset + value.len()].copy_from_slice(value);
    let checksum = crc32c(&bytes[..SEGMENT_HEADER_BYTES - 8]);
    bytes[SEGMENT_HEADER_BYTES - 8..SEGMENT_HEADER_BYTES - 4]
        .copy_from_slice(&checksum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_header_round_trips_and_nothing_near_it_is_one(header in header()) {
        let bytes = header.encode();
        prop_assert_eq!(SegmentHeader::decode(&bytes), Ok(header));
        let file = [&bytes[..], &[0x55; 100]].concat();
        prop_assert_eq!(SegmentHeader::decode(&file), Ok(header));
        for part in cut(&bytes) {
            let refused = SegmentHeader::decode(part).unwrap_err();
            let is_short = matches!(refused.problem, Problem::Truncated { .. });
            prop_assert!(is_short, "{}", refused);
        }
        for (bit, bytes) in flipped(&bytes) {
            prop_assert!(SegmentHeader::decode(&bytes).is_err(), "bit {}", bit);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(SegmentHeader::decode(&bytes).is_err());
        let sealed = resealed(VERSION_AT, &bytes[..bytes.len().min(52)]);
        let _any = SegmentHeader::decode(&sealed);
    }
}

#[test]
fn docs_say_where_every_field_is() {
    let bytes = HEADER.encode();
    let fields = [
        ("magic", MAGIC.to_vec()),
        ("version", FORMAT_VERSION.to_le_bytes().to_vec()),
        ("segment number", HEADER.number.to_le_bytes().to_vec()),
        ("store id", HEADER.store_id.to_vec()),
        ("epoch", HEADER.epoch.to_le_bytes().to_vec()),
        ("first seqno", HEADER.first_seqno.to_le_bytes().to_vec()),
        ("file bytes", HEADER.file_bytes.to_le_bytes().to_vec()),
        ("checksum", crc32c(&bytes[..56]).to_le_bytes().to_vec()),
        ("zero", vec![0; 4]),
    ];
    let page = include_str!("../../../../docs/format/wal.md");
    assert_page_describes(page, "Segment header", &bytes, &fields);
    assert_eq!(bytes[FIRST_SEQNO_AT..][..8], HEADER.first_seqno.to_le_bytes());
}

#[test]
fn other_files_are_told_apart() {
    let meta = StoreMeta {
        store_id: HEADER.store_id,
        created_us: 0,
        shards: 1,
        vector_dimension: 1,
        metric: crate::Metric::Dot,
    };
    let other = [meta.encode(), vec![0; 64]].concat();
    let refused = SegmentHeader::decode(&other).unwrap_err();
    assert_eq!(refused, DecodeError { offset: 0, problem: Problem::Magic });
}

#[test]
fn a_newer_version_is_news_but_a_damaged_one_is_damage() {
    let newer = (FORMAT_VERSION + 1).to_le_bytes();
    let refused = SegmentHeader::decode(&resealed(VERSION_AT, &newer)).unwrap_err();
    let problem = Problem::NewerVersion { found: FORMAT_VERSION + 1, supported: FORMAT_VERSION };
    assert_eq!(refused, DecodeError { offset: VERSION_AT, problem });
    let refused = SegmentHeader::decode(&resealed(VERSION_AT, &[0; 4])).unwrap_err();
    assert_eq!(refused, DecodeError::value(VERSION_AT, "format version"));
    let mut damaged = HEADER.encode();
    damaged[VERSION_AT..VERSION_AT + 4].copy_from_slice(&newer);
    let refused = SegmentHeader::decode(&damaged).unwrap_err();
    assert!(matches!(refused.problem, Problem::Checksum { .. }));
}

#[test]
fn bytes_behind_the_checksum_are_zero() {
    let mut bytes = HEADER.encode();
    bytes[SEGMENT_HEADER_BYTES - 1] = 1;
    let refused = SegmentHeader::decode(&bytes).unwrap_err();
    assert_eq!(refused, DecodeError::value(60, "segment padding"));
}
