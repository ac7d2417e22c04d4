//! What is in the log and in no segment yet: a multi-version table in memory, written by one thread
//! and read by any number without locks.
//!
//! Invariants:
//! - Everything reachable is immutable but for three kinds of atomics: where the newest version of
//!   a concept is, when an association or vector stopped being visible, and the visible seqno.
//! - All changes of a commit are in place before its seqno is published; a reader loads the
//!   published seqno first and ignores what begins after it.
//! - Seqnos above the published one may exist in memory for ever: those of a group whose sync
//!   failed. No reader sees them, and no seqno is given out again.

mod adjacency;
mod append_vec;
mod check;
mod merge;
mod records;
mod table;
#[cfg(test)]
mod tests;
mod writer;

pub use adjacency::EdgeRef;
pub use check::Checked;
pub use records::{ConceptRef, EdgeRecord};
pub use writer::{DeltaWriter, Outcome};

use crate::vector::VectorSet;
use adjacency::Adjacency;
use append_vec::AppendVec;
use arc_swap::ArcSwap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use sutra_format::{ConceptId, Metric};
use table::Table;

/// A named space of concepts.
pub struct Namespace {
    /// Its name.
    pub name: Box<str>,
    /// Its vectors, with their dimension and metric.
    pub vectors: Arc<VectorSet>,
}

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

/// The table. Readers share it; [`DeltaWriter`] is its only writer.
pub struct Delta {
    table: ArcSwap<Table>,
    cells: AppendVec<Cell>,
    cells_used: AtomicU32,
    blocks: AppendVec<OnceLock<Box<[u8]>>>,
    blocks_used: AtomicU32,
    labels: AppendVec<OnceLock<Box<str>>>,
    namespaces: AppendVec<OnceLock<Namespace>>,
    namespaces_used: AtomicU32,
    published_seqno: AtomicU64,
    concepts: AtomicU64,
    edges: AtomicU64,
    vectors: AtomicU64,
    written: AtomicU64,
    record_bytes: AtomicU64,
    table_bytes: AtomicU64,
}

/// A concept's place: dense number, id, newest version, associations.
#[derive(Default)]
struct Cell {
    id: [AtomicU64; 2],
    newest: AtomicU64,
    outgoing: Adjacency,
    incoming: Adjacency,
}

impl Cell {
    fn id(&self) -> ConceptId {
        let mut id = [0; 16];
        for (half, word) in id.chunks_exact_mut(8).zip(&self.id) {
            half.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        ConceptId(id)
    }
}

impl Delta {
    fn new() -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::with_slots(0)),
            cells: AppendVec::default(),
            cells_used: AtomicU32::new(0),
            blocks: AppendVec::default(),
            blocks_used: AtomicU32::new(0),
            labels: AppendVec::default(),
            namespaces: AppendVec::default(),
            namespaces_used: AtomicU32::new(0),
            published_seqno: AtomicU64::new(0),
            concepts: AtomicU64::new(0),
            edges: AtomicU64::new(0),
            vectors: AtomicU64::new(0),
            written: AtomicU64::new(0),
            record_bytes: AtomicU64::new(0),
            table_bytes: AtomicU64::new(0),
        }
    }

    /// Seqno of the last commit that readers see.
    #[inline]
    #[must_use]
    pub fn published_seqno(&self) -> u64 {
        self.published_seqno.load(Ordering::Acquire)
    }

    /// What exists at the published seqno.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            concepts: self.concepts.load(Ordering::Relaxed),
            edges: self.edges.load(Ordering::Relaxed),
            vectors: self.vectors.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
        }
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn memory(&self) -> DeltaMemory {
        let vectors = self.namespaces().map(|(_, namespace)| namespace.vectors.memory_bytes());
        DeltaMemory {
            records: self.record_bytes.load(Ordering::Relaxed) + self.blocks.memory_bytes(),
            tables: self.table_bytes.load(Ordering::Relaxed)
                + self.cells.memory_bytes()
                + self.table.load().memory_bytes(),
            vectors: vectors.sum(),
        }
    }

    /// Dense number of a concept that exists or existed, whether visible or not.
    #[inline]
    #[must_use]
    pub fn cell_of(&self, id: &ConceptId) -> Option<u32> {
        let is_id = |cell| self.cells.get(cell).is_some_and(|cell| cell.id() == *id);
        self.table.load().find(id, is_id)
    }

    /// Number of cells; all numbers below it are used.
    #[must_use]
    pub fn cells(&self) -> u32 {
        self.cells_used.load(Ordering::Acquire)
    }

    /// Id of the concept in a cell.
    #[must_use]
    pub fn id_of(&self, cell: u32) -> Option<ConceptId> {
        (cell < self.cells()).then(|| self.cells.get(cell).map(Cell::id)).flatten()
    }

    /// The version of a concept at `seqno`; nothing if it did not exist then.
    #[inline]
    #[must_use]
    pub fn concept(&self, id: &ConceptId, seqno: u64) -> Option<ConceptRef<'_>> {
        self.concept_in(self.cell_of(id)?, seqno)
    }

    /// As [`Delta::concept`], by cell.
    #[inline]
    #[must_use]
    pub fn concept_in(&self, cell: u32, seqno: u64) -> Option<ConceptRef<'_>> {
        let mut location = self.newest_location(cell);
        loop {
            let version = self.concept_at(location)?;
            if version.seqno() <= seqno {
                return (!version.is_tombstone()).then_some(version);
            }
            location = version.previous();
        }
    }

    /// The concept's record at a location that was given out by this delta.
    #[inline]
    #[must_use]
    pub fn concept_at(&self, location: u64) -> Option<ConceptRef<'_>> {
        self.record_at(location).map(|bytes| ConceptRef::new(bytes, location, self))
    }

    /// The association's record at a location that was given out by this delta.
    #[inline]
    #[must_use]
    pub fn edge_at(&self, location: u64) -> Option<EdgeRecord<'_>> {
        self.record_at(location).map(EdgeRecord::new)
    }

    fn newest_location(&self, cell: u32) -> u64 {
        self.cells.get(cell).map_or(0, |cell| cell.newest.load(Ordering::Acquire))
    }

    fn record_at(&self, location: u64) -> Option<&[u8]> {
        let (block, offset) = records::split(location);
        self.blocks.get(block)?.get()?.get(offset..).filter(|_| block != 0)
    }

    /// Gives the associations that start at a cell, visible at `seqno`, oldest first.
    #[inline]
    pub fn outgoing<F>(&self, cell: u32, seqno: u64, visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        let cell = self.cells.get(cell);
        cell.map_or(ControlFlow::Continue(()), |cell| cell.outgoing.visit(seqno, visit))
    }

    /// Gives the associations that end at a cell, visible at `seqno`, oldest first.
    #[inline]
    pub fn incoming<F>(&self, cell: u32, seqno: u64, visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        let cell = self.cells.get(cell);
        cell.map_or(ControlFlow::Continue(()), |cell| cell.incoming.visit(seqno, visit))
    }

    /// The label with this number; 0 is no label.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<&str> {
        self.labels.get(number)?.get().map(|label| &**label)
    }

    /// The namespace with this number.
    #[must_use]
    pub fn namespace(&self, number: u32) -> Option<&Namespace> {
        self.namespaces.get(number)?.get()
    }

    /// All namespaces with their numbers, `default` first.
    pub fn namespaces(&self) -> impl Iterator<Item = (u32, &Namespace)> {
        let used = self.namespaces_used.load(Ordering::Acquire);
        (0..used).filter_map(|number| Some((number, self.namespace(number)?)))
    }

    /// The vector of a version of a concept.
    #[must_use]
    pub fn vector(&self, concept: &ConceptRef<'_>) -> Option<&[f32]> {
        self.namespace(concept.namespace())?.vectors.row(concept.row()?)
    }

    /// Gives the versions of concepts committed before `location`, newest first, each only if it is
    /// the one visible at `seqno`. Start with `u64::MAX`.
    pub fn recent<F>(&self, before: u64, seqno: u64, mut visit: F) -> ControlFlow<()>
    where
        F: FnMut(ConceptRef<'_>) -> ControlFlow<()>,
    {
        let (last, _) = records::split(before);
        let last = last.min(self.blocks_used.load(Ordering::Acquire));
        for number in (1..=last).rev() {
            let Some(block) = self.blocks.get(number).and_then(OnceLock::get) else { continue };
            for location in concepts_of(number, block).into_iter().rev() {
                let Some(concept) = self.concept_at(location).filter(|_| location < before) else {
                    continue;
                };
                let visible = self.concept_in(concept.cell(), seqno);
                if visible.is_some_and(|visible| visible.location() == location) {
                    visit(concept)?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Locations of the concepts in a block, oldest first.
fn concepts_of(number: u32, block: &[u8]) -> Vec<u64> {
    let mut locations = Vec::new();
    let mut offset = 0;
    while let Some((bytes, kind)) = block.get(offset..).and_then(records::length_and_kind) {
        if kind == records::KIND_CONCEPT {
            locations.push(records::location(number, offset));
        }
        offset += bytes;
    }
    locations
}

/// What a namespace created by use, or none at all, is made with.
#[derive(Debug, Clone, Copy)]
pub struct VectorDefaults {
    /// Dimension.
    pub dimension: u32,
    /// Metric.
    pub metric: Metric,
}
