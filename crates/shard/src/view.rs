//! Reading a shard at one seqno.

use crate::delta::{ConceptRef, Delta, EdgeRef};
use std::ops::ControlFlow;
use std::sync::Arc;
use sutra_format::ConceptId;

/// A shard as it was after one commit. Cheap to make and to clone; never changes.
#[derive(Clone)]
pub struct View {
    delta: Arc<Delta>,
    seqno: u64,
}

impl View {
    pub(crate) fn new(delta: Arc<Delta>, seqno: u64) -> Self {
        Self { delta, seqno }
    }

    /// The commit it shows.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.seqno
    }

    /// What it reads from.
    #[must_use]
    pub fn delta(&self) -> &Arc<Delta> {
        &self.delta
    }

    /// A concept by id.
    #[inline]
    #[must_use]
    pub fn get(&self, id: &ConceptId) -> Option<ConceptRef<'_>> {
        self.delta.concept(id, self.seqno)
    }

    /// A concept by cell.
    #[inline]
    #[must_use]
    pub fn concept_in(&self, cell: u32) -> Option<ConceptRef<'_>> {
        self.delta.concept_in(cell, self.seqno)
    }

    /// Cell of a concept that exists here.
    #[inline]
    #[must_use]
    pub fn cell_of(&self, id: &ConceptId) -> Option<u32> {
        let cell = self.delta.cell_of(id)?;
        self.concept_in(cell).map(|_| cell)
    }

    /// Gives the associations that start at a cell, oldest first.
    #[inline]
    pub fn outgoing<F>(&self, cell: u32, visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        self.delta.outgoing(cell, self.seqno, visit)
    }

    /// Gives the associations that end at a cell, oldest first.
    #[inline]
    pub fn incoming<F>(&self, cell: u32, visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        self.delta.incoming(cell, self.seqno, visit)
    }
}
