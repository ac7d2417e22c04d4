use super::{MAGIC, Manifest, ManifestSegment, ManifestVectors};
use crate::FORMAT_VERSION;
use crate::arbitrary::{config, cut, flipped};
use crate::byte_map::assert_page_describes;
use crate::checksum::crc32c;
use crate::decode_error::{DecodeError, Problem};
use proptest::collection::vec;
use proptest::prelude::*;

const HEAD_BYTES: usize = 120;
const COUNTS_AT: usize = 104;

fn segment(number: u32, first_seqno: u64, last_seqno: u64) -> ManifestSegment {
    ManifestSegment {
        number,
        checksum: 0x0a0b_0c0d,
        file_bytes: 0x1112_1314,
        first_seqno,
        last_seqno,
    }
}

fn vectors(number: u32, namespace: u32, first_row: u32, last_row: u32) -> ManifestVectors {
    let (checksum, file_bytes) = (0x2122_2324, 0x3132_3334_3536_3738);
    let (rows, dead_rows) = (last_row - first_row + 1, 1);
    ManifestVectors {
        number,
        checksum,
        file_bytes,
        namespace,
        first_row,
        last_row,
        rows,
        dead_rows,
    }
}

fn sample() -> Manifest {
    Manifest {
        store_id: *b"0123456789abcdef",
        generation: 0x4142_4344_4546_4748,
        floor_seqno: 30,
        floor_time_us: 0x5152_5354_5556_5758,
        history_floor_seqno: 25,
        next_file_number: 9,
        labels: 0x6162_6364,
        concepts: 0x7172_7374_7576_7778,
        edges: 0x8182_8384_8586_8788,
        vectors: 0x9192_9394_9596_9798,
        written: 0xa1a2_a3a4_a5a6_a7a8,
        segments: vec![segment(7, 1, 10), segment(3, 11, 11), segment(5, 15, 30)],
        vector_files: vec![vectors(8, 1, 4, 9), vectors(4, 0, 0, 0)],
        next_rows: vec![1, 10, 0],
    }
}

fn manifest() -> impl Strategy<Value = Manifest> {
    let segments = vec((1..5_u64, 0..5_u64), 0..5);
    let vectors = vec((0..4_u32, 0..50_u32, 0..50_u32, any::<u8>()), 0..5);
    (any::<([u8; 16], [u64; 7], u32)>(), segments, vectors, 1..6_usize).prop_map(
        |((store_id, numbers, labels), lengths, rows, namespaces)| {
            let mut number = 0;
            let mut last = 0;
            let segments = lengths.into_iter().map(|(gap, more)| {
                let first = last + gap;
                last = first + more;
                number += 1;
                segment(number, first, last)
            });
            let segments: Vec<_> = segments.collect();
            let files = rows.into_iter().map(|(namespace, first, more, fewer)| {
                number += 2;
                let mut file = vectors_of(number, namespace % namespaces as u32, first, more);
                file.rows = (file.rows.saturating_sub(u32::from(fewer))).max(1);
                file.dead_rows = file.dead_rows.min(file.rows);
                file
            });
            let vector_files: Vec<_> = files.collect();
            let [generation, floor_time_us, history_floor_seqno, ..] = numbers;
            let [.., concepts, edges, vectors, written] = numbers;
            Manifest {
                store_id,
                generation,
                floor_seqno: last,
                floor_time_us,
                history_floor_seqno,
                next_file_number: number + 1,
                labels,
                concepts,
                edges,
                vectors,
                written,
                segments,
                vector_files,
                next_rows: vec![100; namespaces],
            }
        },
    )
}

fn vectors_of(number: u32, namespace: u32, first: u32, more: u32) -> ManifestVectors {
    vectors(number, namespace, first, first + more)
}

/// Gives the file the checksum that fits.
fn reseal(bytes: &mut [u8]) {
    let at = bytes.len() - 4;
    let checksum = crc32c(&bytes[..at]).to_le_bytes();
    bytes[at..].copy_from_slice(&checksum);
}

/// What reading says of the file with other bytes at an offset and the checksum that fits them.
fn resealed(offset: usize, value: &[u8]) -> DecodeError {
    let mut bytes = sample().encode();
    bytes[offset..offset + value.len()].copy_from_slice(value);
    reseal(&mut bytes);
    Manifest::decode(&bytes).unwrap_err()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_file_round_trips_and_nothing_near_it_is_one(manifest in manifest(), more: u8) {
        let bytes = manifest.encode();
        prop_assert_eq!(Manifest::decode(&bytes), Ok(manifest));
        for part in cut(&bytes) {
            prop_assert!(Manifest::decode(part).is_err(), "{} bytes", part.len());
        }
        prop_assert!(Manifest::decode(&[bytes.as_slice(), &[more]].concat()).is_err());
        for (bit, bytes) in flipped(&bytes) {
            prop_assert!(Manifest::decode(&bytes).is_err(), "bit {}", bit);
        }
    }

    #[test]
    fn a_file_that_lies_is_read_or_refused(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = sample().encode();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(4 + length.index(bytes.len()));
        reseal(&mut bytes);
        let _any = Manifest::decode(&bytes);
    }

    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(Manifest::decode(&bytes).is_err());
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = sample();
        change(&mut manifest);
        match Manifest::decode(&manifest.encode()) {
            Err(DecodeError { offset: COUNTS_AT, problem: Problem::Value { field } }) => field,
            read => panic!("{read:?}"),
        }
    };
    let commits: [&dyn Fn(&mut Manifest); 6] = [
        &|m| m.segments[0].first_seqno = 0,
        &|m| m.segments[0].last_seqno = 0,
        &|m| m.segments[1].first_seqno = 10,
        &|m| m.segments[1].first_seqno = 12,
        &|m| m.segments[2].last_seqno = 31,
        &|m| m.segments.reverse(),
    ];
    for change in commits {
        assert_eq!(refused(change), "commits of a segment");
    }
    let rows: [&dyn Fn(&mut Manifest); 8] = [
        &|m| m.vector_files[0].rows = 0,
        &|m| m.vector_files[0].rows = 7,
        &|m| m.vector_files[0].first_row = 10,
        &|m| m.vector_files[0].last_row = 10,
        &|m| m.vector_files[0].dead_rows = 7,
        &|m| m.vector_files[0].namespace = 2,
        &|m| m.vector_files[0].namespace = u32::MAX,
        &|m| m.next_rows[1] = 9,
    ];
    for change in rows {
        assert_eq!(refused(change), "rows of a vector file");
    }
    let numbers: [&dyn Fn(&mut Manifest); 5] = [
        &|m| m.segments[0].number = 3,
        &|m| m.segments[0].number = 8,
        &|m| m.vector_files[1].number = 8,
        &|m| m.segments[0].number = 9,
        &|m| m.next_file_number = 8,
    ];
    for change in numbers {
        assert_eq!(refused(change), "number of a file");
    }
    assert_eq!(Manifest::decode(&sample().encode()), Ok(sample()));
}

#[test]
fn counts_that_lie_are_refused() {
    let expected = DecodeError::value(COUNTS_AT, "number of files");
    for (index, count) in [3_u32, 2, 3].into_iter().enumerate() {
        for lie in [0, count - 1, count + 1, 1 << 30, u32::MAX] {
            assert_eq!(resealed(COUNTS_AT + 4 * index, &lie.to_le_bytes()), expected);
        }
    }
    assert_eq!(resealed(COUNTS_AT, &[0xff; 12]), expected);
}

#[test]
fn other_files_and_newer_versions_are_told_apart() {
    assert_eq!(resealed(0, b"SUTSEG\r\n"), DecodeError { offset: 0, problem: Problem::Magic });
    let newer = (FORMAT_VERSION + 1).to_le_bytes();
    let problem = Problem::NewerVersion { found: FORMAT_VERSION + 1, supported: FORMAT_VERSION };
    assert_eq!(resealed(8, &newer), DecodeError { offset: 8, problem });
    assert_eq!(resealed(8, &[0; 4]), DecodeError::value(8, "format version"));
    let mut damaged = sample().encode();
    damaged[8..12].copy_from_slice(&newer);
    let refused = Manifest::decode(&damaged).unwrap_err();
    assert!(matches!(refused.problem, Problem::Checksum { .. }));
}

#[test]
fn docs_say_where_every_field_is() {
    let page = include_str!("../../../../docs/format/manifest.md");
    let (manifest, bytes) = (sample(), sample().encode());
    let number = |number: u64| number.to_le_bytes().to_vec();
    let short = |number: u32| number.to_le_bytes().to_vec();
    let fields = [
        ("magic", MAGIC.to_vec()),
        ("version", short(FORMAT_VERSION)),
        ("zero", vec![0; 4]),
        ("store id", manifest.store_id.to_vec()),
        ("generation", number(manifest.generation)),
        ("floor seqno", number(30)),
        ("floor time", number(manifest.floor_time_us)),
        ("history floor seqno", number(25)),
        ("next file number", short(9)),
        ("labels", short(manifest.labels)),
        ("concepts", number(manifest.concepts)),
        ("edges", number(manifest.edges)),
        ("vectors", number(manifest.vectors)),
        ("written", number(manifest.written)),
        ("segments", short(3)),
        ("vector files", short(2)),
        ("namespaces", short(3)),
        ("zero", vec![0; 4]),
    ];
    assert_page_describes(page, "Byte map", &bytes[..HEAD_BYTES], &fields);
    let fields = [
        ("number", short(7)),
        ("checksum", short(0x0a0b_0c0d)),
        ("file bytes", number(0x1112_1314)),
        ("first seqno", number(1)),
        ("last seqno", number(10)),
    ];
    assert_page_describes(page, "Segment", &bytes[HEAD_BYTES..HEAD_BYTES + 32], &fields);
    let vectors_at = HEAD_BYTES + 3 * 32;
    let fields = [
        ("number", short(8)),
        ("checksum", short(0x2122_2324)),
        ("file bytes", number(0x3132_3334_3536_3738)),
        ("namespace", short(1)),
        ("first row", short(4)),
        ("last row", short(9)),
        ("rows", short(6)),
        ("dead rows", short(1)),
        ("zero", vec![0; 4]),
    ];
    assert_page_describes(page, "Vector file", &bytes[vectors_at..vectors_at + 40], &fields);
    let rest = [1_u32, 10, 0].map(u32::to_le_bytes).concat();
    assert_eq!(bytes[vectors_at + 80..bytes.len() - 4], rest);
}
