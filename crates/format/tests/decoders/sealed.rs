//! The decoders of segments, of files of vectors and of the manifest.

use sutra_format::Cursor;
use sutra_format::checksum::crc32c;
use sutra_format::concept_record::{
    CONCEPT_HEADER_BYTES, ConceptRecord, KIND_CONCEPT, TextRef, length_and_kind,
};
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::{BLOCK_BYTES, FileKind, SealedHeader, SealedPlan};
use sutra_format::sealed_layout::SealedLayout;
use sutra_format::segment::edge_entry::EdgeEntry;
use sutra_format::segment::end_entry::EndEntry;
use sutra_format::segment::names::{append_name, next_name};
use sutra_format::segment::node::Node;
use sutra_format::segment::{commits, directory, filter};
use sutra_format::vector_file::VectorMeta;

/// Texts of a record lie inside of it, one behind the other, and its lengths are exact.
pub fn concept_record(bytes: &[u8]) {
    read_concept_record(bytes);
    let _length = length_and_kind(bytes);
    let mut fitting = bytes.to_vec();
    if fitting.len() >= CONCEPT_HEADER_BYTES {
        fitting.truncate(fitting.len() & !7);
        let length = fitting.len() as u32;
        fitting[..4].copy_from_slice(&length.to_le_bytes());
        fitting[4] = KIND_CONCEPT;
        read_concept_record(&fitting);
    }
}

fn read_concept_record(bytes: &[u8]) {
    let record = ConceptRecord::new(bytes);
    let _unchecked = (record.id(), record.validity(), record.content(), record.attributes());
    let Ok(record) = ConceptRecord::check(bytes) else { return };
    assert!(bytes.len().is_multiple_of(8));
    let length = |text: TextRef<'_>| match text {
        TextRef::Inline(text) => text.len(),
        TextRef::At(_) | TextRef::Below => 0,
    };
    let texts = length(record.content()) + length(record.attributes()) + record.key().len();
    assert!(CONCEPT_HEADER_BYTES + texts <= bytes.len());
}

/// A manifest that is read has exactly the bytes that writing it makes, but for those that say
/// nothing.
pub fn manifest(bytes: &[u8]) {
    assert_manifest(bytes);
    let mut fitting = bytes.to_vec();
    if let Some(end) = fitting.len().checked_sub(4) {
        let checksum = crc32c(&fitting[..end]).to_le_bytes();
        fitting[end..].copy_from_slice(&checksum);
        assert_manifest(&fitting);
    }
}

fn assert_manifest(bytes: &[u8]) {
    if let Ok(manifest) = Manifest::decode(bytes) {
        let again = manifest.encode();
        assert_eq!(again.len(), bytes.len());
        assert_eq!(Manifest::decode(&again), Ok(manifest));
    }
}

/// The input as a file, and as the footer of one behind some blocks, with all checksums made fit.
pub fn sealed_layout(bytes: &[u8]) {
    let kind = FileKind::Segment;
    assert_layout(bytes);
    let header = SealedHeader { kind, number: 1, store_id: [7; 16], first_seqno: 1, last_seqno: 2 };
    let Some((blocks, footer)) = bytes.split_first() else { return };
    let block = SealedPlan::new(header, &[]).unwrap().header_block();
    let header_checksum = crc32c(&block[..48]);
    // At once: without optimization, filling byte by byte is most of a run.
    let mut file = vec![0; BLOCK_BYTES * (1 + usize::from(blocks % 16))];
    file[..BLOCK_BYTES].copy_from_slice(&block);
    let footer_at = file.len();
    file.extend_from_slice(footer);
    file.extend_from_slice(&header_checksum.to_le_bytes());
    let checksum = crc32c(&file[footer_at..]).to_le_bytes();
    file.extend_from_slice(&checksum);
    let trailer_at = file.len();
    file.extend_from_slice(&(footer_at as u64).to_le_bytes());
    file.extend_from_slice(&((trailer_at - footer_at) as u64).to_le_bytes());
    file.extend_from_slice(&(trailer_at as u64 + 32).to_le_bytes());
    file.extend_from_slice(&checksum);
    let trailer = crc32c(&file[trailer_at..]).to_le_bytes();
    file.extend_from_slice(&trailer);
    assert_layout(&file);
}

fn assert_layout(file: &[u8]) {
    let Ok(layout) = SealedLayout::decode(FileKind::Segment, file) else { return };
    let mut end = BLOCK_BYTES as u64;
    for section in layout.sections() {
        assert_eq!(section.offset, end);
        end += (section.blocks() * BLOCK_BYTES) as u64;
        assert!(section.bytes <= end - section.offset && end <= file.len() as u64);
        assert!((0..section.blocks()).all(|block| section.block_checksum(block).is_some()));
        assert_eq!(section.block_checksum(section.blocks()), None);
        assert!(layout.section(section.kind).is_some());
    }
}

/// Everything that a segment holds in fixed lengths: read, looked up, and written again.
pub fn segment_entries(bytes: &[u8]) {
    if let Some(node) = bytes.first_chunk() {
        assert_eq!(Node::decode(node).encode(), node);
    }
    if let Some(entry) = bytes.first_chunk() {
        assert_eq!(EdgeEntry::decode(entry).encode(), entry);
    }
    if let Some(entry) = bytes.first_chunk() {
        let entry = EndEntry::decode(entry);
        let again = entry.encode();
        assert_eq!(EndEntry::decode(again.first_chunk().unwrap()), entry);
    }
    assert_eq!(commits::entries(bytes).count(), commits::count(bytes));
    let hash = bytes.first_chunk().map_or(0, |hash| u64::from_le_bytes(*hash));
    let section = bytes.get(8..).unwrap_or_default();
    if section.len() >= 8 {
        let (at, length) = directory::bucket(section.len() as u64, hash);
        let _range = directory::range(&section[at as usize..at as usize + length]);
    }
    if let Some(line) = filter::line_of(section.len() as u64, hash) {
        let _found =
            filter::line_may_contain(&section[line.start as usize..line.end as usize], hash);
    }
}

/// Names that are read are written the same.
pub fn segment_names(bytes: &[u8]) {
    let mut cursor = Cursor::new(bytes);
    let mut again = Vec::new();
    while let Ok(Some(name)) = next_name(&mut cursor) {
        append_name(&name, &mut again);
    }
    assert!(bytes.starts_with(&again));
}

/// What is read is what was written.
pub fn vector_meta(bytes: &[u8]) {
    if let Ok(meta) = VectorMeta::decode(bytes) {
        assert_eq!(meta.encode(), bytes);
    }
}
