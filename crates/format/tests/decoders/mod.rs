//! What must hold of every decoder for any bytes: no panic, and what is read is what was written.
//! `tests/replay.rs` runs this with mutated golden bytes, `fuzz/` with a coverage-guided fuzzer.

pub mod sealed;

use sutra_format::attributes::read_attributes;
use sutra_format::batch::decode_operations;
use sutra_format::checksum::crc32c;
use sutra_format::commit::commit_prefix;
use sutra_format::limits::ATTRIBUTES_DEPTH_MAX;
use sutra_format::msgpack::Reader;
use sutra_format::store_meta::STORE_META_BYTES;
use sutra_format::wal_record::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES, Record, record_bytes};
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{
    BatchBuilder, Commit, ConceptId, Limits, Op, RecordKind, SegmentHeader, StoreMeta,
};

/// A decoder by the name of its fuzz target.
pub type Decoder = (&'static str, fn(&[u8]));

/// All of them.
pub const DECODERS: [Decoder; 15] = [
    ("attributes", attributes),
    ("batch", batch),
    ("commit", commit),
    ("concept_id", concept_id),
    ("concept_record", sealed::concept_record),
    ("log_segment", log_segment),
    ("manifest", sealed::manifest),
    ("msgpack", msgpack),
    ("record", record),
    ("sealed_layout", sealed::sealed_layout),
    ("segment_entries", sealed::segment_entries),
    ("segment_header", segment_header),
    ("segment_names", sealed::segment_names),
    ("store_meta", store_meta),
    ("vector_meta", sealed::vector_meta),
];

/// Attributes that are read end where they say, and their maps and arrays nest to the limit.
pub fn attributes(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    if let Ok(read) = read_attributes(&mut reader) {
        assert_eq!(read, &bytes[..reader.offset()]);
        let mut again = Reader::new(read);
        skip(&mut again, ATTRIBUTES_DEPTH_MAX);
        assert!(again.is_at_end());
    }
}

/// Reads one JSON value without the decoder under test.
fn skip(reader: &mut Reader<'_>, depth_left: usize) {
    if let Ok(pairs) = reader.clone().map() {
        reader.map().unwrap();
        for _ in 0..pairs {
            reader.str().unwrap();
            skip(reader, depth_left.checked_sub(1).unwrap());
        }
    } else if let Ok(items) = reader.clone().array() {
        reader.array().unwrap();
        for _ in 0..items {
            skip(reader, depth_left.checked_sub(1).unwrap());
        }
    } else if reader.clone().str().is_ok() {
        reader.str().unwrap();
    } else if reader.clone().number().is_ok() {
        assert!(reader.number().unwrap().to_f64().is_finite());
    } else {
        reader.marker().unwrap();
    }
}

/// Operations that are read, written and read again are the same.
pub fn batch(bytes: &[u8]) {
    if let Ok(operations) = decode_operations(bytes, &Limits::default()) {
        assert_eq!(decode_operations(bytes, &Limits::CEILING).as_deref(), Ok(&operations[..]));
        for operation in &operations {
            if let Op::Learn(learn) = operation {
                assert_eq!(ConceptId::from_hex(&learn.id().to_hex()), Some(learn.id()));
            }
        }
        let again = encoded(&operations);
        assert_eq!(decode_operations(&again, &Limits::CEILING), Ok(operations));
    }
}

fn encoded(operations: &[Op<'_>]) -> Vec<u8> {
    let builder = operations.iter().fold(BatchBuilder::new(), BatchBuilder::operation);
    builder.build().bytes().to_vec()
}

/// Commits that are read, written and read again are the same.
pub fn commit(bytes: &[u8]) {
    if let Ok(commit) = Commit::decode(bytes) {
        let prefix = commit_prefix(commit.committed_us);
        let again = [&prefix, encoded(&commit.operations).as_slice()].concat();
        assert_eq!(Commit::decode(&again), Ok(commit));
    }
}

/// The one text of an id is its 32 characters.
pub fn concept_id(bytes: &[u8]) {
    let parsed = ConceptId::parse("id", bytes);
    assert_eq!(parsed.as_ref().ok().copied(), ConceptId::from_hex(bytes));
    match parsed {
        Ok(id) => assert_eq!(id.to_hex(), bytes),
        Err(refusal) => assert_eq!(refusal.field(), "id"),
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_ne!(ConceptId::of_content("default", text), ConceptId::of_key("default", text));
    }
}

/// Any sequence of reads stays inside of the bytes. The first bytes choose what is read.
pub fn msgpack(bytes: &[u8]) {
    let (questions, bytes) = bytes.split_at(bytes.len().min(8));
    let mut reader = Reader::new(bytes);
    for question in questions.iter().cycle().take(64) {
        let before = reader.offset();
        let went_well = match question % 8 {
            0 => reader.nil().is_ok(),
            1 => reader.array().is_ok(),
            2 => reader.map().is_ok(),
            3 => reader.str().is_ok(),
            4 => reader.bin().is_ok(),
            5 => reader.number().is_ok_and(|number| number.to_i64() != Some(i64::MIN + 1)),
            6 => reader.unsigned().is_ok(),
            _ => reader.marker().is_ok(),
        };
        assert!(reader.offset() <= bytes.len());
        assert_eq!(reader.since(before), &bytes[before..reader.offset()]);
        assert!(!went_well || reader.offset() > before || question % 8 == 0);
    }
}

/// A record that is read takes exactly the bytes that writing it makes.
pub fn record(bytes: &[u8]) {
    read_record(bytes);
    let mut fitting = bytes.to_vec();
    fit_record_checksum(&mut fitting);
    read_record(&fitting);
}

fn read_record(bytes: &[u8]) -> Option<Record<'_>> {
    let record = Record::decode(bytes).ok()?;
    let mut again = Vec::new();
    record.header.append(&[record.body], &mut again);
    assert_eq!(again, &bytes[..record.bytes]);
    if record.header.kind == RecordKind::Commit {
        commit(record.body);
    }
    Some(record)
}

/// Gives the first record the checksum that fits, since no fuzzer guesses one.
fn fit_record_checksum(bytes: &mut [u8]) {
    let Some(length) = bytes.get(4..8) else { return };
    let body_bytes = u32::from_le_bytes(length.try_into().unwrap());
    if let Some(checked) = bytes.get(4..record_bytes(body_bytes as usize)) {
        let checksum = crc32c(checked);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// A header that is read takes exactly the bytes that writing it makes.
pub fn segment_header(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), with_checksum(bytes, SEGMENT_HEADER_BYTES - 8)] {
        if let Ok(header) = SegmentHeader::decode(&bytes) {
            assert_eq!(header.encode(), bytes[..SEGMENT_HEADER_BYTES]);
        }
    }
}

/// A file that is read has exactly the bytes that writing it makes.
pub fn store_meta(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), with_checksum(bytes, STORE_META_BYTES - 4)] {
        if let Ok(meta) = StoreMeta::decode(&bytes) {
            assert_eq!(meta.encode(), bytes);
        }
    }
}

/// A copy that has at `offset` the checksum of the bytes before it.
fn with_checksum(bytes: &[u8], offset: usize) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    if let Some(place) = copy.get_mut(offset..offset + 4) {
        place.copy_from_slice(&crc32c(&bytes[..offset]).to_le_bytes());
    }
    copy
}

/// Walks the records of a segment as opening a log does, and behind its end looks for records as
/// telling a torn tail from damage does. Once as the bytes are, once with every checksum made fit.
pub fn log_segment(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), with_all_checksums(bytes)] {
        if let Ok(header) = SegmentHeader::decode(&bytes) {
            let end = walk(&bytes, &header);
            look_behind(&bytes, end);
        }
    }
}

fn walk(bytes: &[u8], header: &SegmentHeader) -> usize {
    let mut at = SEGMENT_HEADER_BYTES;
    let mut last_seqno = header.first_seqno.wrapping_sub(1);
    let mut epoch = header.epoch;
    let mut again = header.encode().to_vec();
    while let Some(record) = read_record(&bytes[at..]) {
        let is_commit = record.header.kind == RecordKind::Commit;
        let epoch_goes_on = match record.header.kind {
            RecordKind::Open => record.body == epoch.to_le_bytes(),
            RecordKind::Seal => true,
            RecordKind::Commit | RecordKind::Close => record.header.epoch == epoch,
        };
        let seqno = last_seqno.wrapping_add(u64::from(is_commit));
        if !epoch_goes_on || record.header.seqno != seqno {
            break;
        }
        record.header.append(&[record.body], &mut again);
        (last_seqno, epoch) = (seqno, record.header.epoch);
        at += record.bytes;
        assert!(at <= bytes.len() && at.is_multiple_of(RECORD_ALIGNMENT));
    }
    assert_eq!(again, &bytes[..at]);
    at
}

fn look_behind(bytes: &[u8], end: usize) {
    for at in (end..bytes.len().saturating_sub(RECORD_HEADER_BYTES)).step_by(RECORD_ALIGNMENT) {
        if let Some(record) = read_record(&bytes[at..]) {
            assert!(at + record.bytes <= bytes.len());
        }
    }
}

fn with_all_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut copy = with_checksum(bytes, SEGMENT_HEADER_BYTES - 8);
    let mut at = SEGMENT_HEADER_BYTES;
    while at + RECORD_HEADER_BYTES <= copy.len() {
        fit_record_checksum(&mut copy[at..]);
        at += Record::decode(&copy[at..]).map_or(RECORD_ALIGNMENT, |record| record.bytes);
    }
    copy
}
