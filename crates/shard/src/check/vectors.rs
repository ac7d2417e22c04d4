//! The inside of one file of vectors.

use super::report::{Code, Report};
use super::sealed::Sealed;
use crate::names::Names;
use crate::vector::inverse_norm;
use std::path::Path;
use sutra_format::manifest::ManifestVectors;
use sutra_format::sealed_file::SectionKind;
use sutra_format::vector_file::{VECTOR_META_BYTES, VectorMeta, stride};
use sutra_format::{ConceptId, Metric};

/// A file of vectors whose blocks are sound.
pub(super) struct VectorsView<'a> {
    pub(super) entry: &'a ManifestVectors,
    path: &'a Path,
    rows: &'a [[u8; 4]],
    ids_offset: u64,
    ids: &'a [[u8; 16]],
    begins: &'a [[u8; 8]],
}

/// What a file says of a row.
pub(super) struct RowFacts {
    pub(super) id: ConceptId,
    pub(super) begin: u64,
    /// Offset in the file of the id.
    pub(super) offset: u64,
}

impl<'a> VectorsView<'a> {
    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// What the file says of a row, if it has it.
    pub(super) fn row(&self, row: u32) -> Option<RowFacts> {
        let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
        let at = self.rows.binary_search_by_key(&row, number).ok()?;
        Some(RowFacts {
            id: ConceptId(*self.ids.get(at)?),
            begin: u64::from_le_bytes(*self.begins.get(at)?),
            offset: self.ids_offset + (at * size_of::<ConceptId>()) as u64,
        })
    }
}

/// Looks at everything in a file. Nothing if a part of it cannot be relied on.
pub(super) fn check_vectors<'a>(
    sealed: &'a Sealed,
    entry: &'a ManifestVectors,
    names: &Names,
    report: &mut Report,
) -> Option<VectorsView<'a>> {
    let before = report.damage();
    let meta = check_meta(sealed, entry, names, report)?;
    let rows = sealed.entries::<4>(SectionKind::Rows, report);
    let begins = sealed.entries::<8>(SectionKind::Begins, report);
    let ids = sealed.entries::<16>(SectionKind::Ids, report);
    let norms = sealed.entries::<8>(SectionKind::InverseNorms, report);
    let (rows, begins, ids, norms) = (rows?, begins?, ids?, norms?);
    let floats = sealed.section(SectionKind::Floats, report)?;
    let path = sealed.path();
    let row_bytes = stride(meta.dimension) as usize * size_of::<f32>();
    let count = entry.rows as usize;
    let lengths = [rows.1.len(), begins.1.len(), ids.1.len(), norms.1.len()];
    let is_whole = count.checked_mul(row_bytes) == Some(floats.1.len())
        && floats.0.items == count as u64
        && lengths == [count; 4];
    if !is_whole {
        let message = format!("the sections do not have {count} rows each");
        report.add(Code::SECTION, path, rows.0.offset, message);
        return None;
    }
    check_rows(path, entry, rows.0.offset, rows.1, report);
    check_begins(sealed, begins.0.offset, begins.1, report);
    for (index, (row, norm)) in floats.1.chunks_exact(row_bytes).zip(norms.1).enumerate() {
        if let Some(message) = problem_of_row(row, *norm, &meta) {
            let at = floats.0.offset + (index * row_bytes) as u64;
            report.add(Code::ROW, path, at, message);
        }
    }
    let view = VectorsView {
        entry,
        path,
        rows: rows.1,
        ids_offset: ids.0.offset,
        ids: ids.1,
        begins: begins.1,
    };
    (report.damage() == before).then_some(view)
}

fn check_meta(
    sealed: &Sealed,
    entry: &ManifestVectors,
    names: &Names,
    report: &mut Report,
) -> Option<VectorMeta> {
    let (section, bytes) = sealed.section(SectionKind::Meta, report)?;
    let path = sealed.path();
    let meta = match VectorMeta::decode(bytes) {
        Ok(meta) => meta,
        Err(error) => {
            report.add_undecodable(Code::SECTION, path, section.offset, &error);
            return None;
        }
    };
    let space = names.namespace(entry.namespace);
    let is_of_namespace = meta.namespace == entry.namespace
        && space.is_none_or(|n| n.dimension == meta.dimension && n.metric == meta.metric)
        && bytes.len() == VECTOR_META_BYTES
        && section.items == 1;
    if !is_of_namespace {
        let message = "the vectors are of another namespace than the manifest says";
        report.add(Code::HEADER, path, section.offset, message);
        return None;
    }
    Some(meta)
}

fn check_rows(
    path: &Path,
    entry: &ManifestVectors,
    offset: u64,
    rows: &[[u8; 4]],
    report: &mut Report,
) {
    let numbers = || rows.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let is_right = numbers().next() == Some(entry.first_row)
        && numbers().next_back() == Some(entry.last_row)
        && numbers().is_sorted_by(|one, next| one < next);
    if !is_right {
        let message = "row numbers do not ascend from the first to the last one";
        report.add(Code::ROW, path, offset, message);
    }
}

fn check_begins(sealed: &Sealed, offset: u64, begins: &[[u8; 8]], report: &mut Report) {
    let header = sealed.layout().header();
    let seqnos = header.first_seqno..=header.last_seqno;
    for (index, bytes) in begins.iter().enumerate() {
        let begin = u64::from_le_bytes(*bytes);
        if !seqnos.contains(&begin) {
            let message = format!("commit {begin} is not in the file");
            report.add(Code::ROW, sealed.path(), offset + (index * 8) as u64, message);
        }
    }
}

/// What is wrong with a vector: not finite, not filled up with zeros, another length than noted.
fn problem_of_row(row: &[u8], norm: [u8; 8], meta: &VectorMeta) -> Option<String> {
    let (floats, _) = row.as_chunks::<4>();
    let floats: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let (vector, padding) = floats.split_at_checked(meta.dimension as usize)?;
    if vector.iter().any(|float| !float.is_finite()) {
        return Some("a vector is not finite".into());
    }
    if padding.iter().any(|float| float.to_bits() != 0) {
        return Some("a vector is not filled up with zeros".into());
    }
    if meta.metric == Metric::Cosine && vector.iter().all(|float| *float == 0.0) {
        return Some("a vector of zeros has no direction".into());
    }
    let expected = inverse_norm(meta.metric, vector);
    let noted = f64::from_le_bytes(norm);
    // The sum may be rounded otherwise by another machine's instructions.
    let is_near = (noted - expected).abs() <= expected.abs() * 1e-9;
    (!is_near).then(|| format!("a vector of another length than noted: {noted}, not {expected}"))
}
