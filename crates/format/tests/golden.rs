//! Files of format version 1 still read as what they were written for. `SUTRA_WRITE_GOLDEN=1`
//! writes them, which is right only as long as a version is not released.
#![cfg(not(miri))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::disallowed_methods, reason = "a test of files reads them itself")]

mod files_v1;

use files_v1::{GoldenFile, META, commits, files};
use std::fmt::{Display, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use sutra_format::batch::{EdgeName, Op, decode_operations};
use sutra_format::commit::COMMIT_PREFIX_BYTES;
use sutra_format::op_fields::Validity;
use sutra_format::wal_record::Record;
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{Commit, Identity, Limits, RecordKind, SegmentHeader, StoreMeta};

const EXPECTED_PATH: &str = "expected.txt";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1")
}

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

/// All files with what they must hold.
fn expected() -> Vec<(PathBuf, Vec<u8>)> {
    let files = files();
    let mut expected = vec![(golden().join(EXPECTED_PATH), described(&files).into_bytes())];
    for (target, name, bytes) in parts(&files) {
        expected.push((seeds().join(target).join(name), bytes));
    }
    for file in files {
        expected.push((golden().join(file.path), file.bytes));
    }
    expected
}

/// Before any test reads: the tests run side by side.
fn write_if_asked() {
    static WRITTEN: Once = Once::new();
    WRITTEN.call_once(|| {
        if std::env::var("SUTRA_WRITE_GOLDEN").is_ok_and(|value| value == "1") {
            for (path, bytes) in expected() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    });
}

fn assert_file(path: &Path, expected: &[u8]) {
    let found = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    assert_eq!(differs, None, "first byte of {} that differs", path.display());
    assert_eq!(found.len(), expected.len(), "{}", path.display());
}

/// The fuzzer's seeds are parts of these files, so that it knows the formats.
#[test]
fn this_release_writes_version_1_byte_by_byte() {
    write_if_asked();
    for (path, bytes) in expected() {
        assert_file(&path, &bytes);
    }
}

#[test]
fn files_of_version_1_read_as_what_was_written() {
    write_if_asked();
    let read = |file: GoldenFile| {
        let path = golden().join(file.path);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        GoldenFile { path: file.path, bytes }
    };
    let files: Vec<_> = files().into_iter().map(read).collect();
    assert_eq!(StoreMeta::decode(&files[0].bytes), Ok(META));
    let read: Vec<_> = files[1..].iter().flat_map(|file| operations_of(&file.bytes)).collect();
    assert_eq!(read, commits());
    assert_file(&golden().join(EXPECTED_PATH), described(&files).as_bytes());
}

fn records(segment: &[u8]) -> Vec<(usize, Record<'_>)> {
    let mut at = SEGMENT_HEADER_BYTES;
    let mut records = Vec::new();
    while let Ok(record) = Record::decode(&segment[at..]) {
        records.push((at, record));
        at += record.bytes;
    }
    assert!(segment[at..].iter().all(|byte| *byte == 0));
    records
}

fn operations_of(segment: &[u8]) -> Vec<Vec<Op<'_>>> {
    let records = records(segment).into_iter();
    let commits = records.filter(|(_, record)| record.header.kind == RecordKind::Commit);
    commits.map(|(_, record)| Commit::decode(record.body).unwrap().operations).collect()
}

/// What the files hold, for a reader of the format in another language.
fn described(files: &[GoldenFile]) -> String {
    let mut text = String::new();
    for file in files {
        writeln!(text, "{}", file.path).unwrap();
        if file.path == "STORE" {
            let meta = StoreMeta::decode(&file.bytes).unwrap();
            writeln!(
                text,
                "  store id {}, created {}, shards {}, vector dimension {}, metric {}",
                hex(&meta.store_id),
                meta.created_us,
                meta.shards,
                meta.vector_dimension,
                meta.metric.name(),
            )
            .unwrap();
        } else {
            describe_segment(&file.bytes, &mut text);
        }
    }
    text
}

fn describe_segment(segment: &[u8], text: &mut String) {
    let header = SegmentHeader::decode(segment).unwrap();
    writeln!(
        text,
        "  segment {}, store id {}, epoch {:016x}, first seqno {}, file bytes {}",
        header.number,
        hex(&header.store_id),
        header.epoch,
        header.first_seqno,
        header.file_bytes,
    )
    .unwrap();
    for (at, record) in records(segment) {
        let header = record.header;
        writeln!(
            text,
            "  byte {at}: {:?}, seqno {}, durable seqno {}, epoch {:016x}, segment {}, \
             body bytes {}",
            header.kind,
            header.seqno,
            header.durable_seqno,
            header.epoch,
            header.segment_number,
            record.body.len(),
        )
        .unwrap();
        match header.kind {
            RecordKind::Commit => describe_commit(record.body, text),
            RecordKind::Open => {
                let before = u64::from_le_bytes(record.body.try_into().unwrap());
                writeln!(text, "    epoch before {before:016x}").unwrap();
            }
            RecordKind::Close | RecordKind::Seal => assert!(record.body.is_empty()),
        }
    }
}

fn describe_commit(body: &[u8], text: &mut String) {
    let commit = Commit::decode(body).unwrap();
    writeln!(text, "    committed {}", commit.committed_us).unwrap();
    for operation in &commit.operations {
        writeln!(text, "    {}", describe_operation(operation)).unwrap();
    }
}

fn describe_operation(operation: &Op<'_>) -> String {
    match operation {
        Op::Learn(learn) => format!(
            "learn {} by {} in {}: content {:?}, vector {}, attributes {}, strength {}, \
             confidence {}, {}",
            learn.id(),
            match learn.identity {
                Identity::Content => "content".to_owned(),
                Identity::Key(key) => format!("key {key:?}"),
                Identity::Id(_) => "id".to_owned(),
            },
            learn.namespace,
            learn.content,
            or_nil(learn.vector.map(hex)),
            or_nil(learn.attributes.map(hex)),
            or_nil(learn.strength),
            or_nil(learn.confidence),
            describe_validity(learn.validity),
        ),
        Op::Update(update) => format!(
            "update {}: content {}, vector {}, attributes {}, strength {}, confidence {}, {}",
            update.id,
            or_nil(update.content.map(|content| format!("{content:?}"))),
            or_nil(update.vector.map(hex)),
            or_nil(update.attributes.map(hex)),
            or_nil(update.strength),
            or_nil(update.confidence),
            describe_validity(update.validity),
        ),
        Op::Delete(id) => format!("delete {id}"),
        Op::Associate(associate) => format!(
            "associate {}: confidence {}, weight {}, attributes {}, {}",
            describe_name(&associate.name),
            or_nil(associate.confidence),
            or_nil(associate.weight),
            or_nil(associate.attributes.map(hex)),
            describe_validity(associate.validity),
        ),
        Op::Dissociate(name) => format!("dissociate {}", describe_name(name)),
        Op::Namespace { name, dimension, metric } => {
            format!("namespace {name}: dimension {dimension}, metric {}", metric.name())
        }
    }
}

fn describe_name(name: &EdgeName<'_>) -> String {
    let label = or_nil(name.label.map(|label| format!("{label:?}")));
    format!("{} to {}, class {}, label {label}", name.source, name.target, name.class.number())
}

fn describe_validity(validity: Validity) -> String {
    format!("valid from {} to {}", or_nil(validity.from_ms), or_nil(validity.to_ms))
}

fn or_nil(value: Option<impl Display>) -> String {
    value.map_or("nil".to_owned(), |value| value.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Target, name and bytes of each seed.
fn parts(files: &[GoldenFile]) -> Vec<(&'static str, String, Vec<u8>)> {
    let mut parts = Vec::new();
    parts.push(("store_meta", "store".to_owned(), files[0].bytes.clone()));
    for file in &files[1..] {
        let number = SegmentHeader::decode(&file.bytes).unwrap().number;
        let header = file.bytes[..SEGMENT_HEADER_BYTES].to_vec();
        parts.push(("segment_header", format!("segment-{number}"), header));
        let records = records(&file.bytes);
        let end = records.last().map_or(0, |(at, record)| at + record.bytes);
        // With some zeros behind, not all of them: a fuzzer works best with short inputs.
        parts.push(("log_segment", format!("segment-{number}"), file.bytes[..end + 64].to_vec()));
        for (at, record) in records {
            let name = format!("segment-{number}-byte-{at:04}");
            parts.push(("record", name.clone(), file.bytes[at..at + record.bytes].to_vec()));
            if record.header.kind == RecordKind::Commit {
                parts.push(("commit", name.clone(), record.body.to_vec()));
                let operations = record.body[COMMIT_PREFIX_BYTES..].to_vec();
                parts_of_operations(&name, &operations, &mut parts);
                parts.push(("batch", name, operations));
            }
        }
    }
    parts
}

fn parts_of_operations(
    name: &str,
    operations: &[u8],
    parts: &mut Vec<(&'static str, String, Vec<u8>)>,
) {
    let reading = [&[0x91, 0x35, 0x12, 0x34, 0x56, 0x14, 0x31, 0x27], operations].concat();
    parts.push(("msgpack", name.to_owned(), reading));
    for (index, operation) in
        decode_operations(operations, &Limits::CEILING).unwrap().iter().enumerate()
    {
        let (id, attributes) = match operation {
            Op::Learn(learn) => (learn.id(), learn.attributes),
            Op::Update(update) => (update.id, update.attributes),
            Op::Associate(associate) => (associate.name.source, associate.attributes),
            Op::Delete(id) => (*id, None),
            Op::Dissociate(_) | Op::Namespace { .. } => continue,
        };
        let name = format!("{name}-{index}");
        parts.push(("concept_id", name.clone(), id.to_hex().to_vec()));
        if let Some(attributes) = attributes {
            parts.push(("attributes", name, attributes.to_vec()));
        }
    }
}
