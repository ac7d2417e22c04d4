use super::{SealedLayout, decode_header};
use crate::FORMAT_VERSION;
use crate::arbitrary::{config, sealed_file};
use crate::checksum::crc32c;
use crate::decode_error::{DecodeError, Problem};
use crate::sealed_file::{
    BLOCK_BYTES, FileKind, SealedHeader, SealedPlan, SectionKind, TRAILER_BYTES,
};
use proptest::prelude::*;
use std::ops::Range;

const HEADER: SealedHeader = SealedHeader {
    kind: FileKind::Segment,
    number: 3,
    store_id: *b"0123456789abcdef",
    first_seqno: 5,
    last_seqno: 9,
};
/// Two sections of one and two blocks, and an empty one.
const FOOTER_AT: usize = 4 * BLOCK_BYTES;
const FOOTER_BYTES: usize = 8 + 3 * 32 + 3 * 4 + 8;

fn sample() -> Vec<u8> {
    let sections = [
        (SectionKind::Nodes, vec![0xaa; 128]),
        (SectionKind::Names, vec![]),
        (SectionKind::Records, vec![0xbb; BLOCK_BYTES + 1]),
    ];
    let file = sealed_file(HEADER, &sections);
    assert_eq!(file.len(), FOOTER_AT + FOOTER_BYTES + TRAILER_BYTES);
    file
}

fn decode(file: &[u8]) -> Result<SealedLayout, DecodeError> {
    SealedLayout::decode(FileKind::Segment, file)
}

/// Gives footer and trailer the checksums that fit.
fn reseal(file: &mut [u8]) {
    let trailer_at = file.len() - TRAILER_BYTES;
    let checksum_at = trailer_at - 4;
    let footer = crc32c(&file[FOOTER_AT..checksum_at]).to_le_bytes();
    file[checksum_at..trailer_at].copy_from_slice(&footer);
    file[trailer_at + 24..trailer_at + 28].copy_from_slice(&footer);
    let trailer = crc32c(&file[trailer_at..trailer_at + 28]).to_le_bytes();
    file[trailer_at + 28..].copy_from_slice(&trailer);
}

/// What reading says of the file with other bytes at an offset and checksums that fit them.
fn resealed(offset: usize, value: &[u8]) -> DecodeError {
    let mut file = sample();
    file[offset..offset + value.len()].copy_from_slice(value);
    reseal(&mut file);
    decode(&file).unwrap_err()
}

fn sections() -> impl Strategy<Value = Vec<(SectionKind, Vec<u8>)>> {
    let all: Vec<_> = (1..=13).filter_map(SectionKind::from_number).collect();
    let length = proptest::sample::select(&[0, 1, 64, 4095, 4096, 4097, 9000][..]);
    let bytes = (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]);
    let kinds = proptest::sample::subsequence(all, 0..=13).prop_shuffle();
    (kinds, proptest::collection::vec(bytes, 13))
        .prop_map(|(kinds, bytes)| kinds.into_iter().zip(bytes).collect())
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn a_file_round_trips(sections in sections()) {
        let file = sealed_file(HEADER, &sections);
        let layout = decode(&file).unwrap();
        prop_assert_eq!(layout.header(), &HEADER);
        prop_assert_eq!(layout.sections().len(), sections.len());
        for (kind, bytes) in &sections {
            let section = layout.section(*kind).unwrap();
            let at = section.offset as usize;
            prop_assert_eq!(&file[at..at + section.bytes as usize], bytes.as_slice());
            prop_assert_eq!(section.items, bytes.len() as u64);
            prop_assert_eq!(section.blocks(), bytes.len().div_ceil(BLOCK_BYTES));
            for block in 0..section.blocks() {
                let computed = crc32c(&file[at + block * BLOCK_BYTES..][..BLOCK_BYTES]);
                prop_assert_eq!(section.block_checksum(block), Some(computed));
            }
            prop_assert_eq!(section.block_checksum(section.blocks()), None);
        }
        let missing = SectionKind::Floats;
        prop_assert!(layout.section(missing).is_none());
    }

    /// Any change of footer and trailer with checksums that fit reads inside of the file.
    #[test]
    fn a_footer_that_lies_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = sample();
        for (index, byte) in changes {
            file[FOOTER_AT + index.index(FOOTER_BYTES + TRAILER_BYTES)] = byte;
        }
        reseal(&mut file);
        if let Ok(layout) = decode(&file) {
            for section in layout.sections() {
                prop_assert!(section.offset + section.bytes <= FOOTER_AT as u64);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
        let mut block = sample()[..BLOCK_BYTES].to_vec();
        block.extend_from_slice(&bytes);
        prop_assert!(decode(&block).is_err());
    }
}

fn assert_every_flip_is_refused(range: Range<usize>) {
    let mut file = sample();
    for bit in (range.start * 8..range.end * 8).step_by(if cfg!(miri) { 211 } else { 1 }) {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&file).is_err(), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(decode(&file).is_ok());
}

#[test]
fn every_flipped_bit_of_header_block_footer_and_trailer_is_refused() {
    assert_every_flip_is_refused(0..BLOCK_BYTES);
    assert_every_flip_is_refused(FOOTER_AT..FOOTER_AT + FOOTER_BYTES + TRAILER_BYTES);
}

#[test]
fn a_flipped_bit_of_a_section_is_seen_by_its_block_only() {
    let layout = decode(&sample()).unwrap();
    let records = layout.section(SectionKind::Records).unwrap();
    for at in [0, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES - 1] {
        let mut file = sample();
        file[records.offset as usize + at] ^= 4;
        assert_eq!(decode(&file).unwrap().checksum(), layout.checksum());
        for block in 0..records.blocks() {
            let bytes = &file[records.offset as usize + block * BLOCK_BYTES..][..BLOCK_BYTES];
            let is_whole = records.block_checksum(block) == Some(crc32c(bytes));
            assert_eq!(is_whole, block != at / BLOCK_BYTES);
        }
    }
}

#[test]
fn no_part_of_a_file_is_one_and_nothing_longer() {
    let file = sample();
    for length in (0..file.len()).step_by(if cfg!(miri) { 777 } else { 1 }) {
        assert!(decode(&file[..length]).is_err(), "{length} bytes");
    }
    assert!(decode(&[file.as_slice(), &[0]].concat()).is_err());
    // The same trailer once more at the end of a longer file.
    let twice = [file.as_slice(), &file[FOOTER_AT + FOOTER_BYTES..]].concat();
    assert_eq!(decode(&twice).unwrap_err(), DecodeError::value(file.len(), "place of the footer"));
    assert!(decode(&[file.as_slice(), &file].concat()).is_err());
}

#[test]
fn sections_that_are_not_one_behind_the_other_are_refused() {
    let entry = |index: usize| FOOTER_AT + 8 + index * 32;
    for number in [0_u32, 1, 14, 20, 27, u32::MAX] {
        let expected = DecodeError::value(entry(1), "kind of a section");
        assert_eq!(resealed(entry(1), &number.to_le_bytes()), expected);
    }
    let place = DecodeError::value(entry(2), "place of a section");
    for offset in [0_u64, 4096, 8193, 3 * 4096, u64::MAX] {
        assert_eq!(resealed(entry(2) + 8, &offset.to_le_bytes()), place);
    }
    for bytes in [2 * 4096 + 1_u64, u64::MAX, u64::MAX - 4095] {
        assert_eq!(resealed(entry(2) + 16, &bytes.to_le_bytes()), place);
    }
    let blocks = DecodeError::value(FOOTER_AT + 8 + 3 * 32, "number of blocks");
    for bytes in [0, 4096_u64] {
        assert_eq!(resealed(entry(2) + 16, &bytes.to_le_bytes()), blocks);
    }
}

#[test]
fn counts_and_places_that_lie_are_refused() {
    for sections in [0_u32, 2, 4, u32::MAX] {
        let refused = resealed(FOOTER_AT, &sections.to_le_bytes());
        assert!(matches!(refused.problem, Problem::Value { .. }), "{refused}");
    }
    let trailer = FOOTER_AT + FOOTER_BYTES;
    let place = DecodeError::value(trailer, "place of the footer");
    for offset in [0_u64, 3 * 4096, FOOTER_AT as u64 + 8, u64::MAX] {
        assert_eq!(resealed(trailer, &offset.to_le_bytes()), place);
    }
    for bytes in [0_u64, FOOTER_BYTES as u64 + 1, u64::MAX] {
        assert_eq!(resealed(trailer + 8, &bytes.to_le_bytes()), place);
    }
    for bytes in [0, trailer as u64, u64::MAX] {
        assert_eq!(resealed(trailer + 16, &bytes.to_le_bytes()), place);
    }
}

/// Blocks that no section and so no checksum covers.
#[test]
fn a_gap_before_the_footer_is_refused() {
    let mut file = sample();
    file.splice(FOOTER_AT..FOOTER_AT, [0; BLOCK_BYTES]);
    let trailer_at = file.len() - TRAILER_BYTES;
    let (footer_at, file_bytes) = ((FOOTER_AT + BLOCK_BYTES) as u64, file.len() as u64);
    file[trailer_at..trailer_at + 8].copy_from_slice(&footer_at.to_le_bytes());
    file[trailer_at + 16..trailer_at + 24].copy_from_slice(&file_bytes.to_le_bytes());
    let trailer = crc32c(&file[trailer_at..trailer_at + 28]).to_le_bytes();
    file[trailer_at + 28..].copy_from_slice(&trailer);
    let at = FOOTER_AT + BLOCK_BYTES + 8 + 3 * 32;
    assert_eq!(decode(&file).unwrap_err(), DecodeError::value(at, "number of blocks"));
}

#[test]
fn a_header_block_of_another_file_is_refused() {
    let mut file = sample();
    let other = SealedPlan::new(SealedHeader { number: 4, ..HEADER }, &[]).unwrap();
    file[..BLOCK_BYTES].copy_from_slice(&other.header_block());
    let refused = decode(&file).unwrap_err();
    assert_eq!(refused.offset, 0);
    assert!(matches!(refused.problem, Problem::Checksum { .. }));
}

#[test]
fn a_file_of_the_other_kind_is_told_apart() {
    let expected = DecodeError { offset: 0, problem: Problem::Magic };
    let refused = SealedLayout::decode(FileKind::Vectors, &sample()).unwrap_err();
    assert_eq!(refused, expected);
    assert_eq!(decode_header(FileKind::Vectors, &sample()), Err(expected));
}

#[test]
fn a_newer_version_is_news_but_a_damaged_one_is_damage() {
    let newer = (FORMAT_VERSION + 1).to_le_bytes();
    let version = |value: &[u8]| {
        let mut file = sample();
        file[8..12].copy_from_slice(value);
        let checksum = crc32c(&file[..48]).to_le_bytes();
        file[48..52].copy_from_slice(&checksum);
        decode(&file).unwrap_err()
    };
    let problem = Problem::NewerVersion { found: FORMAT_VERSION + 1, supported: FORMAT_VERSION };
    assert_eq!(version(&newer), DecodeError { offset: 8, problem });
    assert_eq!(version(&[0; 4]), DecodeError::value(8, "format version"));
    let mut damaged = sample();
    damaged[8..12].copy_from_slice(&newer);
    assert!(matches!(decode(&damaged).unwrap_err().problem, Problem::Checksum { .. }));
}

#[test]
fn the_checksum_that_a_manifest_names_is_that_of_the_footer() {
    let file = sample();
    let checksum = crc32c(&file[FOOTER_AT..FOOTER_AT + FOOTER_BYTES - 4]);
    assert_eq!(decode(&file).unwrap().checksum(), checksum);
}
