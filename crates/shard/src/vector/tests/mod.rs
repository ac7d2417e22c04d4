//! Rows in memory and in files, and search over both against a plain f64 scan.

mod layers;
mod sealed;
mod sets;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sutra_format::{ConceptId, Metric};

use super::sealed::{SealedShape, SealedVectors, VectorColumn, VectorSections};
use super::{IsCurrent, Layers, Nearest, RowFacts, Scored, VectorSet};
use crate::error::{Error, Result};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

fn id(number: u32) -> ConceptId {
    let mut id = [0; 16];
    id[3..7].copy_from_slice(&number.to_le_bytes());
    ConceptId(id)
}

/// Every visible row is current.
fn found(sets: &[Arc<VectorSet>], query: &[f32], k: usize, seqno: u64) -> Vec<Scored> {
    let layers = Layers::new(&[], sets);
    search(&layers, query, k, seqno, &AtomicBool::new(false), &|_, _| Ok(true)).unwrap()
}

/// Compares every vector.
fn search(
    layers: &Layers<'_>,
    query: &[f32],
    k: usize,
    seqno: u64,
    cancelled: &AtomicBool,
    is_current: IsCurrent<'_>,
) -> Result<Vec<Scored>> {
    layers.search(
        &Nearest { query, k, width: None, allowed: None, wants: None, seqno, cancelled },
        is_current,
    )
}

fn rows_of(hits: &[Scored]) -> Vec<u32> {
    hits.iter().map(|hit| hit.row).collect()
}

fn reference_score(metric: Metric, query: &[f32], row: &[f32]) -> f64 {
    let pairs = || query.iter().zip(row).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = pairs().map(|(a, b)| a * b).sum::<f64>() + 0.0;
    let norms: f64 = pairs().map(|(a, _)| a * a).sum::<f64>().sqrt()
        * pairs().map(|(_, b)| b * b).sum::<f64>().sqrt();
    match metric {
        Metric::Cosine if norms == 0.0 => 0.0,
        Metric::Cosine => dot / norms,
        Metric::Dot => dot,
        Metric::L2 => 1.0 / (1.0 + pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()),
    }
}

/// The sections of a vector file in words, as a mapping is aligned, with a length each in bytes.
#[derive(Clone, Default)]
struct Held {
    columns: [(Vec<u64>, usize); 5],
    /// A checksum that does not fit: no byte of this column can be read.
    damaged: Option<VectorColumn>,
}

impl Held {
    fn push(&mut self, column: VectorColumn, bytes: &[u8]) {
        let (words, length) = &mut self.columns[column as usize];
        words.resize((*length + bytes.len()).div_ceil(8), 0);
        let held: &mut [u8] = bytemuck::cast_slice_mut(words);
        held[*length..*length + bytes.len()].copy_from_slice(bytes);
        *length += bytes.len();
    }

    /// A row as the file has it.
    fn push_row(&mut self, row: u32, vector: &[f32], facts: &RowFacts) {
        self.push(VectorColumn::Rows, &row.to_le_bytes());
        self.push(VectorColumn::Begins, &facts.begin.to_le_bytes());
        self.push(VectorColumn::Ids, &facts.id.0);
        self.push(VectorColumn::InverseNorms, &facts.inverse_norm.to_le_bytes());
        let padded = vec![0.0; vector.len().next_multiple_of(16) - vector.len()];
        self.push(VectorColumn::Floats, bytemuck::cast_slice(vector));
        self.push(VectorColumn::Floats, bytemuck::cast_slice::<f32, u8>(&padded));
    }

    fn rows(&self) -> Vec<u32> {
        let (words, length) = &self.columns[VectorColumn::Rows as usize];
        bytemuck::cast_slice(words)[..length / 4].to_vec()
    }

    /// The file, `None` when there is no row: such a file is not written.
    fn seal(self, dimension: u32, metric: Metric) -> Option<Arc<SealedVectors>> {
        let rows = self.rows();
        let (first_row, last_row) = (*rows.first()?, *rows.last()?);
        let rows = rows.len() as u32;
        let shape = SealedShape { number: 1, dimension, metric, rows, first_row, last_row };
        Some(Arc::new(SealedVectors::new(shape, Box::new(self)).unwrap()))
    }
}

impl VectorSections for Held {
    fn bytes(&self, column: VectorColumn, bytes: Range<u64>) -> Result<&[u8]> {
        let (words, length) = &self.columns[column as usize];
        let held = &bytemuck::cast_slice::<u64, u8>(words)[..*length];
        let wanted = held.get(bytes.start as usize..bytes.end as usize);
        let wanted = wanted.filter(|_| self.damaged != Some(column));
        wanted.ok_or_else(|| self.damage(column, bytes.start, "a checksum that does not fit"))
    }

    fn damage(&self, column: VectorColumn, byte: u64, message: &str) -> Error {
        Error::corrupt(Path::new("a.vec"), byte, format!("{column:?}: {message}"))
    }
}

/// The rows of a set as a flush writes them, without those in `dropped`.
fn sealed(set: &VectorSet, dropped: &[u32]) -> Option<Arc<SealedVectors>> {
    held(set, dropped).seal(set.dimension(), set.metric())
}

fn held(set: &VectorSet, dropped: &[u32]) -> Held {
    let mut held = Held::default();
    for row in (set.first_row()..set.next_row()).filter(|row| !dropped.contains(row)) {
        held.push_row(row, set.row(row).unwrap(), &set.facts(row).unwrap());
    }
    held
}
