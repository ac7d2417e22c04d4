//! Vectors of one namespace in a file that is never written again, read where it is mapped.
//!
//! Invariants:
//! - Rows are in the order of their numbers. Numbers are missing where dead rows were left out, so
//!   the place of a row in the file is found by its number at once only if none is missing.
//! - Every byte comes from `VectorSections`, which has compared it with its checksum. Numbers are
//!   checked all the same: what is wrong is reported as damage of the file.

use std::ops::Range;

use bytemuck::AnyBitPattern;
use sutra_format::{ConceptId, Metric};

use super::rows::FLOATS_PER_ALIGN;
use super::top_k::Ranked;
use crate::error::{Error, Result};

#[cfg(not(target_endian = "little"))]
compile_error!("vectors are read in place from little-endian files: no big-endian machines");

/// About so many bytes of floats are scanned between two looks at the cancel flag.
const BLOCK_BYTES: usize = 256 * 1024;

/// A section of a vector file: one entry for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorColumn {
    /// Row numbers, u32, ascending.
    Rows,
    /// Seqnos from which rows are visible, u64.
    Begins,
    /// Concept ids, 16 bytes.
    Ids,
    /// One over the length of the vector, f64; 1 unless the metric is cosine.
    InverseNorms,
    /// The dimension rounded up to 16 floats, f32, the rest zero.
    Floats,
}

/// The sections of one vector file.
pub trait VectorSections: Send + Sync {
    /// Bytes `bytes` of a section, counted from its start, after they were compared with their
    /// checksums. A section starts at a multiple of at least 8 bytes in memory.
    ///
    /// # Errors
    /// `Corrupt` when a checksum does not fit, or the section is not as long.
    fn bytes(&self, column: VectorColumn, bytes: Range<u64>) -> Result<&[u8]>;

    /// The error that says what is wrong at a byte of a section.
    fn damage(&self, column: VectorColumn, byte: u64, message: &str) -> Error;
}

/// What the manifest and the file itself say of a vector file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedShape {
    /// Number of the file.
    pub number: u32,
    /// Floats per vector.
    pub dimension: u32,
    /// How vectors are compared.
    pub metric: Metric,
    /// Number of rows in the file.
    pub rows: u32,
    /// The lowest row number.
    pub first_row: u32,
    /// The highest row number.
    pub last_row: u32,
}

/// A row of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedRow {
    /// Its number.
    pub row: u32,
    /// First commit that sees it.
    pub begin: u64,
    /// The concept it was written for.
    pub id: ConceptId,
}

/// The vectors of one file, searched by any thread.
pub struct SealedVectors {
    shape: SealedShape,
    dimension: usize,
    /// Floats from one row to the next.
    stride: usize,
    sections: Box<dyn VectorSections>,
}

/// Some rows of a file, in the order of their numbers.
pub(super) struct SealedBlock<'a> {
    /// Position of the first row in the file.
    pub(super) first: usize,
    pub(super) begins: &'a [u64],
    /// `stride` floats for each row.
    pub(super) floats: &'a [f32],
    /// Nothing when they are all 1.
    inverse_norms: Option<&'a [f64]>,
    numbers: Numbers<'a>,
}

enum Numbers<'a> {
    /// One after the other from here.
    From(u32),
    Listed(&'a [u32]),
}

impl SealedVectors {
    /// The vectors of a file, of which nothing is read yet.
    ///
    /// # Errors
    /// `Corrupt` when the shape contradicts itself.
    pub fn new(shape: SealedShape, sections: Box<dyn VectorSections>) -> Result<Self> {
        let stride = (shape.dimension as usize).next_multiple_of(FLOATS_PER_ALIGN);
        let row_bytes = (stride * size_of::<f32>()) as u64;
        let numbers = shape.last_row.checked_sub(shape.first_row);
        let fits =
            numbers.is_some_and(|more| (1..=u64::from(more) + 1).contains(&shape.rows.into()));
        let is_whole =
            shape.dimension > 0 && u64::from(shape.rows).checked_mul(row_bytes).is_some();
        if !fits || !is_whole {
            let message = format!("vectors of this shape are not possible: {shape:?}");
            return Err(sections.damage(VectorColumn::Rows, 0, &message));
        }
        Ok(Self { shape, dimension: shape.dimension as usize, stride, sections })
    }

    /// Number of the file.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.shape.number
    }

    /// Floats per vector.
    #[must_use]
    pub fn dimension(&self) -> u32 {
        self.shape.dimension
    }

    /// How vectors are compared.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.shape.metric
    }

    /// Number of rows in the file.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.shape.rows
    }

    /// The lowest row number.
    #[must_use]
    pub fn first_row(&self) -> u32 {
        self.shape.first_row
    }

    /// The highest row number.
    #[must_use]
    pub fn last_row(&self) -> u32 {
        self.shape.last_row
    }

    /// Which entry of each section belongs to a row, `None` when the row is not in this file.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn position_of(&self, row: u32) -> Result<Option<usize>> {
        let SealedShape { rows, first_row, last_row, .. } = self.shape;
        if !(first_row..=last_row).contains(&row) {
            return Ok(None);
        }
        if self.has_all_numbers() {
            return Ok(Some((row - first_row) as usize));
        }
        // At most as many rows come before as there are numbers before, and likewise after: where
        // few numbers are missing there is little left to search.
        let mut low = (rows - 1).saturating_sub(last_row - row);
        let mut high = (row - first_row).min(rows - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.number_at(middle)? < row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok((self.number_at(low)? == row).then_some(low as usize))
    }

    /// The vector in a row, `None` when the row is not in this file. Visibility is not looked at.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn row(&self, row: u32) -> Result<Option<&[f32]>> {
        let Some(position) = self.position_of(row)? else { return Ok(None) };
        let start = position * self.stride;
        self.entries(VectorColumn::Floats, start..start + self.dimension).map(Some)
    }

    /// The concept a row was written for, `None` when the row is not in this file.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn id_of(&self, row: u32) -> Result<Option<ConceptId>> {
        let position = self.position_of(row)?;
        position.map(|position| self.id_at(position)).transpose()
    }

    /// The first seqno that sees a row, `None` when the row is not in this file.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn begin_of(&self, row: u32) -> Result<Option<u64>> {
        let position = self.position_of(row)?;
        position.map(|position| self.entry(VectorColumn::Begins, position)).transpose()
    }

    /// A row with its rank for a query; nothing when it is not in this file, or was written after
    /// a commit.
    pub(super) fn ranked(
        &self,
        row: u32,
        seqno: u64,
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Result<Option<Ranked>> {
        let Some(position) = self.position_of(row)? else { return Ok(None) };
        if self.entry::<u64>(VectorColumn::Begins, position)? > seqno {
            return Ok(None);
        }
        let inverse_norm = match self.shape.metric {
            Metric::Cosine => self.entry(VectorColumn::InverseNorms, position)?,
            Metric::Dot | Metric::L2 => 1.0,
        };
        let start = position * self.stride;
        let floats = self.entries(VectorColumn::Floats, start..start + self.dimension)?;
        // Adding 0 makes -0 equal to 0, which the total order would tell apart.
        let rank = rank(floats, inverse_norm) + 0.0;
        Ok(Some(Ranked { rank, row, id: self.id_at(position)? }))
    }

    /// What is known of the row at a position of the file.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn row_at(&self, position: usize) -> Result<SealedRow> {
        let row = if self.has_all_numbers() {
            self.shape.first_row + position as u32
        } else {
            self.number_at(position as u32)?
        };
        let begin = self.entry(VectorColumn::Begins, position)?;
        Ok(SealedRow { row, begin, id: self.id_at(position)? })
    }

    /// Floats from one row to the next in a `SealedBlock`.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// All rows, in blocks of about 256 KiB of floats.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Result<SealedBlock<'_>>> {
        let rows = self.shape.rows as usize;
        let rows_per_block = (BLOCK_BYTES / (self.stride * size_of::<f32>())).max(1);
        (0..rows)
            .step_by(rows_per_block)
            .map(move |first| self.block(first..rows.min(first + rows_per_block)))
    }

    /// The concept of the row at a position.
    pub(super) fn id_at(&self, position: usize) -> Result<ConceptId> {
        self.entry(VectorColumn::Ids, position).map(ConceptId)
    }

    fn block(&self, positions: Range<usize>) -> Result<SealedBlock<'_>> {
        let first = positions.start;
        let floats = positions.start * self.stride..positions.end * self.stride;
        let inverse_norms = match self.shape.metric {
            Metric::Cosine => Some(self.entries(VectorColumn::InverseNorms, positions.clone())?),
            Metric::Dot | Metric::L2 => None,
        };
        let numbers = if self.has_all_numbers() {
            Numbers::From(self.shape.first_row + first as u32)
        } else {
            Numbers::Listed(self.numbers(positions.clone())?)
        };
        Ok(SealedBlock {
            first,
            begins: self.entries(VectorColumn::Begins, positions)?,
            floats: self.entries(VectorColumn::Floats, floats)?,
            inverse_norms,
            numbers,
        })
    }

    fn has_all_numbers(&self) -> bool {
        self.shape.last_row - self.shape.first_row == self.shape.rows - 1
    }

    fn numbers(&self, positions: Range<usize>) -> Result<&[u32]> {
        let first = positions.start;
        let numbers = self.entries::<u32>(VectorColumn::Rows, positions)?;
        let expected = self.shape.first_row..=self.shape.last_row;
        let in_range = [numbers.first(), numbers.last()].into_iter().flatten();
        let is_right = in_range.into_iter().all(|number| expected.contains(number))
            && numbers.is_sorted_by(|one, next| one < next);
        if is_right {
            return Ok(numbers);
        }
        let message = "row numbers that do not ascend, or are outside of those of the file";
        Err(self.sections.damage(VectorColumn::Rows, (first * size_of::<u32>()) as u64, message))
    }

    fn number_at(&self, position: u32) -> Result<u32> {
        self.entry(VectorColumn::Rows, position as usize)
    }

    fn entry<T: AnyBitPattern>(&self, column: VectorColumn, position: usize) -> Result<T> {
        let entries = self.entries(column, position..position + 1)?;
        entries.first().copied().ok_or_else(|| self.cut_short::<T>(column, position))
    }

    /// Entries of a section, where they are in memory.
    fn entries<T: AnyBitPattern>(
        &self,
        column: VectorColumn,
        positions: Range<usize>,
    ) -> Result<&[T]> {
        let byte = |position: usize| position as u64 * size_of::<T>() as u64;
        let bytes = self.sections.bytes(column, byte(positions.start)..byte(positions.end))?;
        let entries = bytemuck::try_cast_slice(bytes).ok();
        let entries = entries.filter(|entries: &&[T]| entries.len() == positions.len());
        entries.ok_or_else(|| self.cut_short::<T>(column, positions.start))
    }

    fn cut_short<T>(&self, column: VectorColumn, position: usize) -> Error {
        let message = "an incomplete or misplaced section";
        self.sections.damage(column, position as u64 * size_of::<T>() as u64, message)
    }
}

impl SealedBlock<'_> {
    /// Number of the row at an index of the block.
    pub(super) fn number(&self, index: usize) -> Option<u32> {
        match self.numbers {
            Numbers::From(first) => first.checked_add(index as u32),
            Numbers::Listed(numbers) => numbers.get(index).copied(),
        }
    }

    /// What the dot product with the row at an index of the block is to be multiplied with.
    pub(super) fn inverse_norm(&self, index: usize) -> f64 {
        self.inverse_norms.and_then(|norms| norms.get(index)).copied().unwrap_or(1.0)
    }
}
