//! A manifest made of what the files say of themselves.

use crate::check::read_file;
use crate::error::{Error, Result};
use crate::names::NameWriter;
use crate::segment::{Expected, MappedFile, Segment, SegmentDir};
use std::path::Path;
use sutra_env::Env;
use sutra_format::manifest::{Manifest, ManifestSegment, ManifestVectors};
use sutra_format::sealed_file::{FileKind, SectionKind};
use sutra_format::sealed_layout::SealedLayout;
use sutra_format::vector_file::VectorMeta;

/// The manifest of the files in a folder that read. Files that a merge replaced are left out: of
/// two that hold the same commits or rows the one with the higher number was made of the other.
///
/// # Errors
/// `Io`.
pub(super) fn rebuild(env: &Env, path: &Path, store_id: [u8; 16]) -> Result<Manifest> {
    let dir = SegmentDir::new(env, path);
    let mut manifest = Manifest { store_id, next_file_number: 1, ..Manifest::default() };
    let mut files = dir.list()?;
    // Newest number first, so that whatever overlaps one that was taken is an older one.
    files.sort_by(|one, next| next.path.file_name().cmp(&one.path.file_name()));
    for file in files {
        let read = read_file(env, &file.path);
        let bytes = read.map_err(|error| Error::io(&file.path, "read", &error))?;
        take_segment(&mut manifest, &bytes);
        take_vectors(&mut manifest, &bytes);
    }
    manifest.segments.sort_by_key(|segment| segment.first_seqno);
    let last = manifest.segments.last().map_or(0, |segment| segment.last_seqno);
    manifest.floor_seqno = last;
    manifest.history_floor_seqno = last;
    count_names(env, &dir, &mut manifest)?;
    Ok(manifest)
}

fn take_segment(manifest: &mut Manifest, bytes: &[u8]) {
    let Ok(layout) = SealedLayout::decode(FileKind::Segment, bytes) else { return };
    let header = *layout.header();
    let (first_seqno, last_seqno) = (header.first_seqno, header.last_seqno);
    let overlaps = |other: &ManifestSegment| {
        first_seqno <= other.last_seqno && other.first_seqno <= last_seqno
    };
    let is_ours = header.store_id == manifest.store_id && (1..=last_seqno).contains(&first_seqno);
    if !is_ours || manifest.segments.iter().any(overlaps) {
        return;
    }
    manifest.next_file_number = manifest.next_file_number.max(header.number.saturating_add(1));
    manifest.segments.push(ManifestSegment {
        number: header.number,
        checksum: layout.checksum(),
        file_bytes: bytes.len() as u64,
        first_seqno,
        last_seqno,
    });
}

fn take_vectors(manifest: &mut Manifest, bytes: &[u8]) {
    let Ok(layout) = SealedLayout::decode(FileKind::Vectors, bytes) else { return };
    if layout.header().store_id != manifest.store_id {
        return;
    }
    let section = |kind| {
        let section = layout.section(kind)?;
        let start = usize::try_from(section.offset).ok()?;
        bytes.get(start..start.checked_add(usize::try_from(section.bytes).ok()?)?)
    };
    let meta = section(SectionKind::Meta).and_then(|bytes| VectorMeta::decode(bytes).ok());
    let (rows, _) = section(SectionKind::Rows).unwrap_or_default().as_chunks::<4>();
    let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
    let ends = (rows.first().map(number), rows.last().map(number));
    let (Some(meta), (Some(first_row), Some(last_row))) = (meta, ends) else { return };
    let overlaps = |other: &ManifestVectors| {
        meta.namespace == other.namespace
            && first_row <= other.last_row
            && other.first_row <= last_row
    };
    if last_row < first_row || manifest.vector_files.iter().any(overlaps) {
        return;
    }
    let file_number = layout.header().number;
    manifest.next_file_number = manifest.next_file_number.max(file_number.saturating_add(1));
    manifest.vector_files.push(ManifestVectors {
        number: file_number,
        checksum: layout.checksum(),
        file_bytes: bytes.len() as u64,
        namespace: meta.namespace,
        first_row,
        last_row,
        rows: rows.len() as u32,
        dead_rows: 0,
    });
}

/// Labels, namespaces and the rows given out, as far as the segments read.
fn count_names(env: &Env, dir: &SegmentDir, manifest: &mut Manifest) -> Result<()> {
    let mut names = NameWriter::default();
    let mut next_rows: Vec<u32> = Vec::new();
    let mut note = |namespace: u32, row: u32| {
        let namespace = namespace as usize;
        if next_rows.len() <= namespace {
            next_rows.resize(namespace + 1, 0);
        }
        if let Some(next) = next_rows.get_mut(namespace) {
            *next = (*next).max(row.saturating_add(1));
        }
    };
    for entry in &manifest.segments {
        let path = dir.segment_path(entry.number);
        let expected = expected_segment(entry, manifest.store_id);
        let opened = MappedFile::open(env.disk.as_ref(), &path, &expected).and_then(Segment::new);
        let Some(segment) = sound(opened)? else { continue };
        if segment.read_names(&mut names).is_err() {
            continue;
        }
        for number in 0..segment.concepts() {
            let record = segment.concept_position(number).and_then(|at| segment.concept_at(at));
            let Ok(record) = record else { continue };
            if let Some(row) = record.row() {
                note(record.namespace(), row);
            }
            manifest.floor_time_us = manifest.floor_time_us.max(record.updated_us());
        }
    }
    for file in &manifest.vector_files {
        note(file.namespace, file.last_row);
    }
    next_rows.resize(next_rows.len().max(names.names().namespaces_used() as usize), 0);
    manifest.labels = names.names().labels();
    manifest.next_rows = next_rows;
    Ok(())
}

/// What was opened; nothing if it is damaged. A disk that fails, or a file of a newer release, is
/// no damage.
pub(super) fn sound<T>(opened: Result<T>) -> Result<Option<T>> {
    match opened {
        Err(Error::Corrupt { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// What a manifest says of a segment, for opening it.
pub(super) fn expected_segment(entry: &ManifestSegment, store_id: [u8; 16]) -> Expected {
    Expected {
        kind: FileKind::Segment,
        number: entry.number,
        store_id,
        file_bytes: entry.file_bytes,
        checksum: entry.checksum,
    }
}
