//! Files of vectors: writing one, and opening one as the search sees it.

use super::mapped_file::{Expected, MappedFile};
use super::writer::SealedFileWriter;
use crate::error::{Error, Result};
use crate::names::Namespace;
use crate::storage::Storage;
use crate::vector::{SealedShape, SealedVectors, VectorColumn, VectorSections, inverse_norm};
use std::ops::Range;
use std::sync::Arc;
use sutra_env::Disk;
use sutra_format::ConceptId;
use sutra_format::manifest::ManifestVectors;
use sutra_format::sealed_file::{FileKind, SealedHeader, SectionKind, SectionSize};
use sutra_format::sealed_layout::Section;
use sutra_format::vector_file::{VECTOR_META_BYTES, VectorMeta, stride};

/// A row that goes into a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VectorRow {
    pub(crate) row: u32,
    /// Commit that wrote it.
    pub(crate) begin: u64,
    pub(crate) id: ConceptId,
}

/// The namespace that the rows of a file belong to, and the commits that wrote them.
pub(crate) struct VectorSpace<'a> {
    pub(crate) number: u32,
    pub(crate) named: &'a Namespace,
    pub(crate) seqnos: (u64, u64),
}

/// Writes a file of rows in the order of their numbers, of which there is at least one, syncs it
/// and opens it. Its name is not durable yet.
///
/// # Errors
/// `Io`, `DiskFull`, and those of `vector`: the file is removed again as far as that works.
pub(crate) fn write_vectors<'v>(
    storage: &Storage,
    space: &VectorSpace<'_>,
    rows: &[VectorRow],
    vector: impl Fn(u32) -> Result<Option<&'v [f32]>>,
) -> Result<(ManifestVectors, Arc<SealedVectors>)> {
    let number = storage.new_file_number()?;
    let path = storage.dir.vectors_path(number);
    let store_id = storage.options.store_id;
    let (first_seqno, last_seqno) = space.seqnos;
    let kind = FileKind::Vectors;
    let header = SealedHeader { kind, number, store_id, first_seqno, last_seqno };
    let sizes = sizes(rows.len() as u64, space.named.dimension);
    let disk = storage.env.disk.as_ref();
    let mut writer = SealedFileWriter::create(disk, &path, header, &sizes)?;
    let written = fill(&mut writer, space, rows, vector).and_then(|()| storage.finish_file(writer));
    let opened = written.and_then(|file| {
        let entry = ManifestVectors {
            number,
            checksum: file.checksum,
            file_bytes: file.file_bytes,
            namespace: space.number,
            first_row: rows.first().map_or(0, |row| row.row),
            last_row: rows.last().map_or(0, |row| row.row),
            rows: rows.len() as u32,
            dead_rows: 0,
        };
        let vectors = open_vectors(disk, &path, store_id, &entry, space.named)?;
        Ok((entry, Arc::new(vectors)))
    });
    opened.inspect_err(|_| {
        // The failure is what counts; a file that stays behind is an orphan.
        let _ = storage.dir.remove(&path);
    })
}

fn sizes(rows: u64, dimension: u32) -> Vec<SectionSize> {
    let size = |kind, bytes_each: u64| SectionSize { kind, bytes: rows * bytes_each, items: rows };
    let floats = u64::from(stride(dimension)) * size_of::<f32>() as u64;
    vec![
        SectionSize { kind: SectionKind::Meta, bytes: VECTOR_META_BYTES as u64, items: 1 },
        size(SectionKind::Rows, 4),
        size(SectionKind::Begins, 8),
        size(SectionKind::Ids, 16),
        size(SectionKind::InverseNorms, 8),
        size(SectionKind::Floats, floats),
    ]
}

fn fill<'v>(
    writer: &mut SealedFileWriter,
    space: &VectorSpace<'_>,
    rows: &[VectorRow],
    vector: impl Fn(u32) -> Result<Option<&'v [f32]>>,
) -> Result<()> {
    let Namespace { dimension, metric, .. } = *space.named;
    let meta = VectorMeta { namespace: space.number, dimension, metric };
    writer.append(SectionKind::Meta, &meta.encode())?;
    let mut bytes = Vec::new();
    for row in rows {
        let floats = vector(row.row)?.unwrap_or_default();
        bytes.clear();
        bytes.extend(floats.iter().flat_map(|float| float.to_le_bytes()));
        bytes.resize(stride(dimension) as usize * size_of::<f32>(), 0);
        writer.append(SectionKind::Rows, &row.row.to_le_bytes())?;
        writer.append(SectionKind::Begins, &row.begin.to_le_bytes())?;
        writer.append(SectionKind::Ids, &row.id.0)?;
        let inverse_norm = inverse_norm(metric, floats);
        writer.append(SectionKind::InverseNorms, &inverse_norm.to_le_bytes())?;
        writer.append(SectionKind::Floats, &bytes)?;
    }
    Ok(())
}

/// Opens a file of vectors that the manifest names.
///
/// # Errors
/// `Corrupt`, `Io`.
pub(crate) fn open_vectors(
    disk: &dyn Disk,
    path: &std::path::Path,
    store_id: [u8; 16],
    entry: &ManifestVectors,
    named: &Namespace,
) -> Result<SealedVectors> {
    let expected = Expected {
        kind: FileKind::Vectors,
        number: entry.number,
        store_id,
        file_bytes: entry.file_bytes,
        checksum: entry.checksum,
    };
    let file = MappedFile::open(disk, path, &expected)?;
    let meta_section = file.section(SectionKind::Meta)?;
    let meta = VectorMeta::decode(file.all(&meta_section)?)
        .map_err(|error| Error::undecodable(path, meta_section.offset, &error))?;
    let of_namespace =
        VectorMeta { namespace: entry.namespace, dimension: named.dimension, metric: named.metric };
    if meta != of_namespace {
        let message = "the vectors are of another namespace than the manifest says";
        return Err(Error::corrupt(path, meta_section.offset, message));
    }
    for size in sizes(u64::from(entry.rows), named.dimension) {
        let section = file.section(size.kind)?;
        if section.bytes != size.bytes {
            let message = format!("{:?} has {} bytes", size.kind, section.bytes);
            return Err(Error::corrupt(path, section.offset, message));
        }
    }
    let shape = SealedShape {
        number: entry.number,
        dimension: meta.dimension,
        metric: meta.metric,
        rows: entry.rows,
        first_row: entry.first_row,
        last_row: entry.last_row,
    };
    let columns = Columns::new(file)?;
    SealedVectors::new(shape, Box::new(columns))
}

/// The sections of an open file.
struct Columns {
    rows: Section,
    begins: Section,
    ids: Section,
    inverse_norms: Section,
    floats: Section,
    file: MappedFile,
}

impl Columns {
    fn new(file: MappedFile) -> Result<Self> {
        Ok(Self {
            rows: file.section(SectionKind::Rows)?,
            begins: file.section(SectionKind::Begins)?,
            ids: file.section(SectionKind::Ids)?,
            inverse_norms: file.section(SectionKind::InverseNorms)?,
            floats: file.section(SectionKind::Floats)?,
            file,
        })
    }

    fn section(&self, column: VectorColumn) -> &Section {
        match column {
            VectorColumn::Rows => &self.rows,
            VectorColumn::Begins => &self.begins,
            VectorColumn::Ids => &self.ids,
            VectorColumn::InverseNorms => &self.inverse_norms,
            VectorColumn::Floats => &self.floats,
        }
    }
}

impl VectorSections for Columns {
    fn bytes(&self, column: VectorColumn, bytes: Range<u64>) -> Result<&[u8]> {
        let count = bytes.end.saturating_sub(bytes.start) as usize;
        self.file.bytes(self.section(column), bytes.start, count)
    }

    fn damage(&self, column: VectorColumn, byte: u64, message: &str) -> Error {
        self.file.damaged(self.section(column), byte, message)
    }
}
