//! What is in the log and in no segment yet: a multi-version table in memory, written by one thread
//! and read by any number without locks.
//!
//! Invariants:
//! - Everything reachable is immutable but for a few atomics: where the newest version of a concept
//!   is, when an association or vector stopped being visible, and what a table knows of an
//!   association.
//! - All changes of a commit are in place before its seqno is published; a reader loads the
//!   published seqno first and ignores what begins after it.
//! - Seqnos above the published one may exist in memory for ever: those of a group whose sync
//!   failed. No reader sees them, and no seqno is given out again.
//! - A cell numbers a concept inside one delta. It may have no version there, when only
//!   associations of the concept changed.

mod adjacency;
mod append_vec;
mod check;
mod edge_table;
mod id_words;
mod merge;
mod put_concept;
mod put_edge;
mod table;
#[cfg(test)]
mod tests;
mod writer;

pub use adjacency::{EdgeRef, EdgeSpan};
pub use append_vec::AppendVec;
pub use check::Checked;
pub use edge_table::{EdgeKey, EdgePlace, EdgeState, NOT_ENDED};
pub(crate) use writer::NEWEST;
pub use writer::{DeltaWriter, Numbering, Outcome, Sealed, VectorDefaults};

use crate::sync::{ArcSwap, AtomicU32, AtomicU64, OnceLock, Ordering};
use crate::vector::VectorSet;
use adjacency::Adjacency;
use edge_table::EdgeTable;
use id_words::{IdWords, load_id};
use std::ops::ControlFlow;
use std::sync::Arc;
use sutra_format::ConceptId;
use sutra_format::concept_record::{self, ConceptRecord, KIND_EDGE};
use sutra_format::edge_record::EdgeRecord;
use table::Table;

/// What exists at the published seqno.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Concepts.
    pub concepts: u64,
    /// Associations.
    pub edges: u64,
    /// Concepts that have a vector.
    pub vectors: u64,
    /// Operations committed since the store was created that changed something.
    pub written: u64,
}

/// Bytes of memory by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeltaMemory {
    /// Records of concepts and associations.
    pub records: u64,
    /// Tables, cells and adjacency.
    pub tables: u64,
    /// Vectors.
    pub vectors: u64,
}

impl DeltaMemory {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.records + self.tables + self.vectors
    }
}

/// Side of a concept that its associations are looked up at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Associations that start at it.
    Out,
    /// Associations that end at it.
    In,
}

/// The table. Readers share it; [`DeltaWriter`] is its only writer.
pub struct Delta {
    table: ArcSwap<Table>,
    cells: AppendVec<Cell>,
    cells_used: AtomicU32,
    blocks: AppendVec<OnceLock<Box<[u8]>>>,
    blocks_used: AtomicU32,
    edges: EdgeTable,
    /// By number of the namespace.
    vectors: AppendVec<OnceLock<Arc<VectorSet>>>,
    vectors_used: AtomicU32,
    record_bytes: AtomicU64,
    table_bytes: AtomicU64,
    /// Seqno and time of each commit, as far as history is kept.
    commits: AppendVec<[AtomicU64; 2]>,
    commits_used: AtomicU32,
}

/// A concept's place: id, newest version, associations.
#[derive(Default)]
struct Cell {
    id: IdWords,
    newest: AtomicU64,
    outgoing: Adjacency,
    incoming: Adjacency,
    /// Associations of older layers that were ended here, at either end.
    ends: AtomicU32,
}

impl Delta {
    fn new() -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::with_slots(0)),
            cells: AppendVec::default(),
            cells_used: AtomicU32::new(0),
            blocks: AppendVec::default(),
            blocks_used: AtomicU32::new(0),
            edges: EdgeTable::default(),
            vectors: AppendVec::default(),
            vectors_used: AtomicU32::new(0),
            record_bytes: AtomicU64::new(0),
            table_bytes: AtomicU64::new(0),
            commits: AppendVec::default(),
            commits_used: AtomicU32::new(0),
        }
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn memory(&self) -> DeltaMemory {
        let vectors = self.vector_sets().map(|(_, vectors)| vectors.memory_bytes());
        DeltaMemory {
            records: self.record_bytes.load(Ordering::Relaxed) + self.blocks.memory_bytes(),
            tables: self.table_bytes.load(Ordering::Relaxed)
                + self.cells.memory_bytes()
                + self.table.load().memory_bytes()
                + self.edges.memory_bytes()
                + self.commits.memory_bytes(),
            vectors: vectors.sum::<u64>() + self.vectors.memory_bytes(),
        }
    }

    /// Number of a concept that is mentioned here.
    #[inline]
    #[must_use]
    pub fn cell_of(&self, id: &ConceptId, hash: u64) -> Option<u32> {
        let is_id = |cell| self.cells.get(cell).is_some_and(|cell| load_id(&cell.id) == *id);
        self.table.load().find(hash, is_id)
    }

    /// Number of cells; all numbers below it are used.
    #[must_use]
    pub fn cells(&self) -> u32 {
        self.cells_used.load(Ordering::Acquire)
    }

    /// Id of the concept in a cell.
    #[must_use]
    pub fn id_of(&self, cell: u32) -> Option<ConceptId> {
        (cell < self.cells()).then(|| self.cells.get(cell).map(|c| load_id(&c.id))).flatten()
    }

    /// The version of a concept at `seqno`, and its position; it may say that the concept was
    /// deleted. Nothing when an older layer has to answer.
    #[inline]
    #[must_use]
    pub fn version(&self, cell: u32, seqno: u64) -> Option<(ConceptRecord<'_>, u64)> {
        let mut position = self.newest_position(cell);
        loop {
            let version = self.concept_at(position)?;
            if version.seqno() <= seqno {
                return Some((version, position));
            }
            position = version.previous();
        }
    }

    /// The concept's record at a position that was given out by this delta.
    #[inline]
    #[must_use]
    pub fn concept_at(&self, position: u64) -> Option<ConceptRecord<'_>> {
        self.record_at(position).map(ConceptRecord::new)
    }

    /// The association's record at a position that was given out by this delta.
    #[inline]
    #[must_use]
    pub fn edge_at(&self, position: u64) -> Option<EdgeRecord<'_>> {
        self.record_at(position).map(EdgeRecord::new)
    }

    fn newest_position(&self, cell: u32) -> u64 {
        self.cells.get(cell).map_or(0, |cell| cell.newest.load(Ordering::Acquire))
    }

    fn record_at(&self, position: u64) -> Option<&[u8]> {
        let (block, offset) = split(position);
        self.blocks.get(block)?.get()?.get(offset..).filter(|_| block != 0)
    }

    /// Gives the associations at one side of a cell that were made here and are visible at
    /// `seqno`, oldest first. Their locations are positions in this delta.
    #[inline]
    pub fn edges<F>(&self, cell: u32, side: Side, seqno: u64, visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        match self.adjacency(cell, side) {
            Some(adjacency) => adjacency.visit(seqno, visit),
            None => ControlFlow::Continue(()),
        }
    }

    /// Every association that was ever made here at one side of a cell.
    pub fn edge_spans(&self, cell: u32, side: Side) -> impl Iterator<Item = EdgeSpan> {
        self.adjacency(cell, side).into_iter().flat_map(Adjacency::spans)
    }

    /// Whether a cell has associations at a side, made here.
    #[inline]
    pub(crate) fn has_edges(&self, cell: u32, side: Side) -> bool {
        self.adjacency(cell, side).is_some_and(|adjacency| !adjacency.is_empty())
    }

    /// Whether associations of older layers at a cell were ended here.
    #[inline]
    pub(crate) fn has_ends(&self, cell: u32) -> bool {
        self.cells.get(cell).is_some_and(|cell| cell.ends.load(Ordering::Acquire) > 0)
    }

    fn adjacency(&self, cell: u32, side: Side) -> Option<&Adjacency> {
        let cell = self.cells.get(cell)?;
        Some(match side {
            Side::Out => &cell.outgoing,
            Side::In => &cell.incoming,
        })
    }

    /// What is known here of an association.
    #[must_use]
    pub fn edge_state(&self, key: &EdgeKey) -> Option<EdgeState> {
        let is_id = |cell, id: &ConceptId| {
            self.cells.get(cell).is_some_and(|cell| load_id(&cell.id) == *id)
        };
        self.edges.find(key.hash64(), |cells, names| {
            names == key.names
                && is_id(cells.source, &key.source)
                && is_id(cells.target, &key.target)
        })
    }

    /// Name of an association.
    pub(crate) fn key_of(&self, state: &EdgeState) -> Option<EdgeKey> {
        let (source, target) = (self.id_of(state.cells.source)?, self.id_of(state.cells.target)?);
        Some(EdgeKey { source, target, names: state.names })
    }

    /// Everything known here of associations.
    pub fn edge_states(&self) -> impl Iterator<Item = EdgeState> {
        self.edges.states()
    }

    /// The vectors written here for a namespace.
    #[must_use]
    pub fn vectors(&self, namespace: u32) -> Option<&Arc<VectorSet>> {
        self.vectors.get(namespace)?.get()
    }

    /// The vectors written here, with the number of their namespace.
    pub fn vector_sets(&self) -> impl Iterator<Item = (u32, &Arc<VectorSet>)> {
        let used = self.vectors_used.load(Ordering::Acquire);
        (0..used).filter_map(|namespace| Some((namespace, self.vectors(namespace)?)))
    }

    /// Seqno and time of each commit, oldest first, as far as history is kept.
    pub fn commits(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        let used = self.commits_used.load(Ordering::Acquire);
        (0..used).filter_map(|index| {
            let [seqno, time] = self.commits.get(index)?;
            Some((seqno.load(Ordering::Relaxed), time.load(Ordering::Relaxed)))
        })
    }

    /// Number of the newest block; they begin at 1.
    pub(crate) fn blocks(&self) -> u32 {
        self.blocks_used.load(Ordering::Acquire)
    }

    /// Commit of the first record in a block; every block has one.
    pub(crate) fn first_seqno_of(&self, block: u32) -> Option<u64> {
        // Records of concepts and of associations have it in the same place.
        self.concept_at(position(block, 0)).map(|record| record.seqno())
    }

    /// The concepts' records in a block with their positions, oldest first.
    pub(crate) fn concepts_of(&self, number: u32) -> Vec<(ConceptRecord<'_>, u64)> {
        let mut found = Vec::new();
        let Some(block) = self.blocks.get(number).and_then(OnceLock::get) else { return found };
        let mut offset = 0;
        while let Some((bytes, kind)) =
            block.get(offset..).and_then(concept_record::length_and_kind)
        {
            let at = position(number, offset);
            if kind != KIND_EDGE
                && let Some(concept) = self.concept_at(at)
            {
                found.push((concept, at));
            }
            offset += bytes;
        }
        found
    }
}

/// Place of a record: number of its block, from 1, then the byte in it.
#[must_use]
pub(crate) fn position(block: u32, offset: usize) -> u64 {
    u64::from(block) << 32 | offset as u64
}

/// Block number and byte of a position.
#[must_use]
pub(crate) fn split(position: u64) -> (u32, usize) {
    ((position >> 32) as u32, (position as u32) as usize)
}
