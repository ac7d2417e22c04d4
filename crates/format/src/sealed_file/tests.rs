use super::{BLOCK_BYTES, FileKind, SealedHeader, SealedPlan, SectionChecksums, SectionKind};
use super::{SectionSize, TooLong};
use crate::FORMAT_VERSION;
use crate::arbitrary::config;
use crate::byte_map::assert_page_describes;
use crate::checksum::crc32c;
use proptest::prelude::*;

const HEADER: SealedHeader = SealedHeader {
    kind: FileKind::Segment,
    number: 0x0102_0304,
    store_id: *b"0123456789abcdef",
    first_seqno: 0x2122_2324_2526_2728,
    last_seqno: 0x3132_3334_3536_3738,
};
const PAGE: &str = include_str!("../../../../docs/format/segment.md");

fn size(kind: SectionKind, bytes: u64) -> SectionSize {
    SectionSize { kind, bytes, items: 0x4142 }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn parts_of_any_length_give_the_checksums_of_one_pass(
        bytes in proptest::collection::vec(any::<u8>(), 0..3 * BLOCK_BYTES + 2),
        parts in proptest::collection::vec(0..2 * BLOCK_BYTES, 0..8),
    ) {
        let mut passing = SectionChecksums::default();
        let mut rest = bytes.as_slice();
        for part in parts {
            let (now, later) = rest.split_at(part.min(rest.len()));
            passing.pass(now);
            rest = later;
        }
        passing.pass(rest);
        let mut padded = bytes.clone();
        padded.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
        let expected: Vec<_> = padded.chunks(BLOCK_BYTES).map(crc32c).collect();
        prop_assert_eq!(passing.finish(), expected);
    }
}

/// Around the ends of blocks, where a random length seldom falls.
#[test]
fn parts_that_end_at_blocks_give_the_checksums_of_one_pass() {
    let bytes: Vec<u8> = (0..2 * BLOCK_BYTES).map(|index| index as u8).collect();
    let expected: Vec<_> = bytes.chunks(BLOCK_BYTES).map(crc32c).collect();
    for first in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES] {
        for second in [first, BLOCK_BYTES.max(first), 2 * BLOCK_BYTES] {
            let mut passing = SectionChecksums::default();
            passing.pass(&bytes[..first]);
            passing.pass(&bytes[first..second]);
            passing.pass(&bytes[second..]);
            assert_eq!(passing.finish(), expected, "{first}, {second}");
        }
    }
}

#[test]
fn sections_follow_each_other_in_whole_blocks() {
    let sizes =
        [size(SectionKind::Records, 4097), size(SectionKind::Nodes, 0), size(SectionKind::In, 1)];
    let plan = SealedPlan::new(HEADER, &sizes).unwrap();
    assert_eq!(plan.offset_of(SectionKind::Records), Some(4096));
    assert_eq!(plan.offset_of(SectionKind::Nodes), Some(3 * 4096));
    assert_eq!(plan.offset_of(SectionKind::In), Some(3 * 4096));
    assert_eq!(plan.offset_of(SectionKind::Out), None);
    assert_eq!(plan.footer_offset(), 4 * 4096);
    // Head, three sections, three blocks, two checksums; then the trailer.
    assert_eq!(plan.file_bytes(), 4 * 4096 + 8 + 3 * 32 + 3 * 4 + 8 + 32);
    let footer = plan.footer(&[vec![1, 2], vec![], vec![3]]);
    assert_eq!(footer.bytes.len() as u64, plan.file_bytes() - plan.footer_offset());
    assert_eq!(footer.checksum, crc32c(&footer.bytes[..8 + 3 * 32 + 3 * 4 + 4]));
}

#[test]
fn what_no_file_can_hold_is_not_planned() {
    let refused = |sizes: &[SectionSize]| matches!(SealedPlan::new(HEADER, sizes), Err(TooLong));
    assert!(refused(&[size(SectionKind::Nodes, u64::MAX)]));
    assert!(refused(&[size(SectionKind::Nodes, u64::MAX - 3 * 4096 + 1)]));
    assert!(refused(&[size(SectionKind::Nodes, 1 << 63), size(SectionKind::In, 1 << 63)]));
    // Places in a file have 56 bits.
    assert!(refused(&[size(SectionKind::Nodes, 1 << 56)]));
    assert!(!refused(&[size(SectionKind::Nodes, 1 << 55)]));
}

#[test]
fn numbers_of_sections_round_trip() {
    let known: Vec<_> = (0..100).filter_map(SectionKind::from_number).collect();
    let numbers: Vec<_> = known.iter().map(|kind| kind.number()).collect();
    assert_eq!(numbers, (1..=13).chain(21..=26).chain(31..=32).chain(41..=51).collect::<Vec<_>>());
    for kind in known {
        assert_eq!(SectionKind::from_number(kind.number()), Some(kind));
    }
    assert_eq!(SectionKind::from_number(u32::MAX), None);
}

#[test]
fn docs_say_where_every_field_is() {
    let sizes = [size(SectionKind::EdgeFilter, 64)];
    let plan = SealedPlan::new(HEADER, &sizes).unwrap();
    let block = plan.header_block();
    assert_eq!(block.len(), BLOCK_BYTES);
    assert!(block[52..].iter().all(|byte| *byte == 0));
    let fields = [
        ("magic", FileKind::Segment.magic().to_vec()),
        ("version", FORMAT_VERSION.to_le_bytes().to_vec()),
        ("number", HEADER.number.to_le_bytes().to_vec()),
        ("store id", HEADER.store_id.to_vec()),
        ("first seqno", HEADER.first_seqno.to_le_bytes().to_vec()),
        ("last seqno", HEADER.last_seqno.to_le_bytes().to_vec()),
        ("checksum", crc32c(&block[..48]).to_le_bytes().to_vec()),
    ];
    assert_page_describes(PAGE, "Header", &block[..52], &fields);
    let footer = plan.footer(&[vec![0x5152_5354]]);
    let fields = [
        ("kind", SectionKind::EdgeFilter.number().to_le_bytes().to_vec()),
        ("zero", vec![0; 4]),
        ("offset", 4096_u64.to_le_bytes().to_vec()),
        ("bytes", 64_u64.to_le_bytes().to_vec()),
        ("items", 0x4142_u64.to_le_bytes().to_vec()),
    ];
    assert_page_describes(PAGE, "Footer", &footer.bytes[8..40], &fields);
    let trailer = &footer.bytes[footer.bytes.len() - 32..];
    let fields = [
        ("footer offset", (2 * 4096_u64).to_le_bytes().to_vec()),
        ("footer bytes", 52_u64.to_le_bytes().to_vec()),
        ("file bytes", plan.file_bytes().to_le_bytes().to_vec()),
        ("footer checksum", footer.checksum.to_le_bytes().to_vec()),
        ("checksum", crc32c(&trailer[..28]).to_le_bytes().to_vec()),
    ];
    assert_page_describes(PAGE, "Trailer", trailer, &fields);
}
