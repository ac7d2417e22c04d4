//! A claimed length costs nothing: decoders allocate by the bytes that are there.
#![cfg(not(miri))]

use allocation_counter::measure;
use std::hint::black_box;
use sutra_format::attributes::read_attributes;
use sutra_format::batch::decode_operations;
use sutra_format::checksum::crc32c;
use sutra_format::concept_record::ConceptRecord;
use sutra_format::decode_error::Problem;
use sutra_format::manifest::Manifest;
use sutra_format::msgpack::Reader;
use sutra_format::sealed_file::{FileKind, SealedHeader, SealedPlan, SectionKind, SectionSize};
use sutra_format::sealed_layout::SealedLayout;
use sutra_format::segment::names::next_name;
use sutra_format::vector_file::VectorMeta;
use sutra_format::wal_record::Record;
use sutra_format::{
    Commit, ConceptId, Cursor, Limits, RecordHeader, RecordKind, SegmentHeader, StoreMeta,
};

/// Enough to say what is wrong.
const REFUSAL_BYTES_MAX: u64 = 1024;
/// Markers of 32-bit lengths: arrays, maps, texts, bytes and an extension.
const LENGTH_MARKERS: [u8; 5] = [0xdd, 0xdf, 0xdb, 0xc6, 0xc9];

fn allocated(work: impl FnOnce()) -> u64 {
    measure(work).bytes_total
}

/// The marker with a length of 4 GiB less one byte, and few bytes behind it.
fn claim(marker: u8) -> Vec<u8> {
    [&[marker], &[0xff; 4][..], &[0; 40]].concat()
}

fn assert_cheap(what: &str, bytes: u64) {
    assert!(bytes <= REFUSAL_BYTES_MAX, "{what} allocated {bytes} bytes");
}

#[test]
fn the_counter_sees_allocations() {
    let bytes = allocated(|| drop(black_box(vec![0_u8; 4096])));
    assert!(bytes >= 4096, "{bytes}");
}

#[test]
fn claimed_lengths_in_a_batch_allocate_next_to_nothing() {
    for limits in [Limits::default(), Limits::CEILING] {
        for marker in LENGTH_MARKERS {
            let claimed = claim(marker);
            // As the batch, as an operation, and as each element of a learn.
            let mut inputs = vec![claimed.clone(), [&[0x91], claimed.as_slice()].concat()];
            for index in 0..11 {
                let mut learn = vec![0x91, 0x9b, 1, 0xc0, 0xc0, 0xc0, 0xa1, b'c'];
                learn.extend([0xc0; 6]);
                let at = if index < 5 { 2 + index } else { 3 + index };
                learn.truncate(at);
                learn.extend_from_slice(&claimed);
                inputs.push(learn);
            }
            for input in inputs {
                let bytes = allocated(|| assert!(decode_operations(&input, &limits).is_err()));
                assert_cheap("a batch", bytes);
            }
        }
    }
}

/// As many operations as a batch may claim, of which none is there.
#[test]
fn a_claimed_number_of_operations_allocates_by_the_bytes() {
    let input = [&[0xdd, 0, 0, 0x27, 0x10], &[0x92; 40][..]].concat();
    let bytes = allocated(|| assert!(decode_operations(&input, &Limits::CEILING).is_err()));
    assert_cheap("a batch", bytes);
}

#[test]
fn claimed_lengths_in_attributes_allocate_next_to_nothing() {
    for marker in LENGTH_MARKERS {
        for beginning in [&b""[..], b"\x81", b"\x81\xa1a", b"\x81\xa1a\x91"] {
            let input = [beginning, &claim(marker)].concat();
            let bytes = allocated(|| {
                assert!(read_attributes(&mut Reader::new(&input)).is_err());
            });
            assert_cheap("attributes", bytes);
        }
    }
}

#[test]
fn a_refusal_does_not_grow_with_its_key() {
    let key = 8_000_000_u32;
    let input = [&[0x81, 0xdb], &key.to_be_bytes()[..], &vec![b'k'; key as usize], &[0xc1]];
    let input = input.concat();
    let bytes = allocated(|| assert!(read_attributes(&mut Reader::new(&input)).is_err()));
    assert_cheap("attributes", bytes);
}

#[test]
fn nesting_without_end_allocates_next_to_nothing() {
    for opener in [0x91, 0x81, 0xdd, 0xdf] {
        let input = vec![opener; 1_000_000];
        let bytes = allocated(|| {
            assert!(decode_operations(&input, &Limits::CEILING).is_err());
            assert!(read_attributes(&mut Reader::new(&input)).is_err());
            assert!(Commit::decode(&input).is_err());
        });
        assert_cheap("nested values", bytes);
    }
}

#[test]
fn records_and_headers_are_read_without_allocating() {
    let header = RecordHeader {
        seqno: 1,
        durable_seqno: 0,
        epoch: 7,
        segment_number: 1,
        kind: RecordKind::Commit,
    };
    let mut good = Vec::new();
    header.append(&[&[1; 1000]], &mut good);
    let mut claimed = good.clone();
    for length in [u32::MAX, 1 << 29, 2000] {
        claimed.splice(4..8, length.to_le_bytes());
        let bytes = allocated(|| assert!(Record::decode(&claimed).is_err()));
        assert_eq!(bytes, 0, "a claimed length of {length}");
    }
    let bytes = allocated(|| {
        assert!(Record::decode(&good).is_ok());
        assert!(SegmentHeader::decode(&good).is_err());
        assert!(StoreMeta::decode(&good).is_err());
        assert!(ConceptId::from_hex(&good).is_none());
    });
    assert_eq!(bytes, 0);
}

/// A footer that claims sections, blocks and lengths without end, all checksums right.
#[test]
fn claimed_sections_of_a_sealed_file_allocate_by_the_bytes() {
    let kind = FileKind::Segment;
    let header = SealedHeader { kind, number: 1, store_id: [7; 16], first_seqno: 1, last_seqno: 2 };
    let size = SectionSize { kind: SectionKind::Nodes, bytes: 64, items: u64::MAX };
    let plan = SealedPlan::new(header, &[size]).unwrap();
    let footer_at = plan.footer_offset() as usize;
    let mut good = plan.header_block();
    good.resize(footer_at, 0);
    good.extend_from_slice(&plan.footer(&[vec![1]]).bytes);
    for (offset, claim) in [(0, vec![0xff; 4]), (16, vec![0xff; 8]), (24, vec![0xff; 8])] {
        let mut file = good.clone();
        file[footer_at + offset..footer_at + offset + claim.len()].copy_from_slice(&claim);
        let trailer_at = file.len() - 32;
        let footer = crc32c(&file[footer_at..trailer_at - 4]).to_le_bytes();
        file[trailer_at - 4..trailer_at].copy_from_slice(&footer);
        file[trailer_at + 24..trailer_at + 28].copy_from_slice(&footer);
        let trailer = crc32c(&file[trailer_at..trailer_at + 28]).to_le_bytes();
        file[trailer_at + 28..].copy_from_slice(&trailer);
        let bytes = allocated(|| {
            let refused = SealedLayout::decode(kind, &file).unwrap_err();
            assert!(matches!(refused.problem, Problem::Value { .. }), "{refused}");
        });
        assert_cheap("a sealed file", bytes);
    }
    let bytes = allocated(|| assert!(SealedLayout::decode(kind, &good).is_ok()));
    assert_cheap("a sealed file", bytes);
}

#[test]
fn claimed_files_of_a_manifest_allocate_next_to_nothing() {
    let good = Manifest::default().encode();
    for counts in [[u32::MAX; 3], [1 << 20, 0, 0], [0, 1 << 20, 0], [0, 0, 1 << 28]] {
        let mut claimed = good.clone();
        claimed[104..116].copy_from_slice(&counts.map(u32::to_le_bytes).concat());
        let end = claimed.len() - 4;
        let checksum = crc32c(&claimed[..end]).to_le_bytes();
        claimed[end..].copy_from_slice(&checksum);
        let bytes = allocated(|| {
            let refused = Manifest::decode(&claimed).unwrap_err();
            assert!(matches!(refused.problem, Problem::Value { .. }), "{refused}");
        });
        assert_cheap("a manifest", bytes);
    }
}

#[test]
fn what_a_segment_holds_is_read_without_allocating() {
    let mut record = vec![0xff; 400];
    record[..8].copy_from_slice(&[0x90, 1, 0, 0, 1, 0, 0xff, 0xff]);
    let name = [&[1, 0, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0], &[b'a'; 40][..]].concat();
    let bytes = allocated(|| {
        assert!(ConceptRecord::check(&record).is_err());
        let unchecked = ConceptRecord::new(&record);
        let _texts = black_box((unchecked.content(), unchecked.attributes(), unchecked.key()));
        assert!(next_name(&mut Cursor::new(&name)).is_err());
        assert!(VectorMeta::decode(&record).is_err());
    });
    assert_eq!(bytes, 0);
}

/// The list of operations is all that a good batch costs: about as much as its bytes, or less.
#[test]
fn a_good_batch_allocates_its_list_of_operations_once() {
    let learn = sutra_format::Learn { content: &"c".repeat(1000), ..Default::default() };
    let batch =
        (0..100).fold(sutra_format::BatchBuilder::new(), |batch, _| batch.learn(&learn)).build();
    let info = measure(|| assert_eq!(batch.decode(&Limits::default()).unwrap().len(), 100));
    assert_eq!(info.count_total, 1);
    assert!(info.bytes_total < batch.bytes().len() as u64, "{}", info.bytes_total);
}
