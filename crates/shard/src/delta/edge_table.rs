//! The associations that a delta changed, by name: where the newest version is, and since which
//! commit a version of an older layer is not visible any more. Written by one thread, read by any.

use super::append_vec::AppendVec;
use super::table::Table;
use crate::sync::{ArcSwap, AtomicU32, AtomicU64, Ordering};
use std::sync::Arc;
use sutra_format::ConceptId;

/// A version of an older layer goes on.
pub const NOT_ENDED: u64 = u64::MAX;

/// An association by name. `names` is its label and class, see `EdgeRef::names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeKey {
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its label and class.
    pub names: u32,
}

impl EdgeKey {
    /// Hash for tables and filters; part of the file format of segments.
    #[must_use]
    pub fn hash64(&self) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let ends = self.source.hash64().rotate_left(29) ^ self.target.hash64();
        (ends ^ u64::from(self.names)).wrapping_mul(ODD).rotate_left(32).wrapping_mul(ODD)
    }
}

/// Cells of both ends in the delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeCells {
    /// Where it starts.
    pub source: u32,
    /// Where it ends.
    pub target: u32,
}

/// Indexes of an association's entries at both ends, and where its newest version is.
#[derive(Debug, Clone, Copy)]
pub struct EdgePlace {
    /// Among those that start at its source.
    pub outgoing: u32,
    /// Among those that end at its target.
    pub incoming: u32,
    /// Position of its record.
    pub location: u64,
}

/// One association.
#[derive(Default)]
struct Slot {
    cells: AtomicU64,
    names: AtomicU32,
    outgoing: AtomicU32,
    incoming: AtomicU32,
    /// Of the newest version in this delta, 0 for none: it was ended.
    location: AtomicU64,
    ended_below: AtomicU64,
}

/// What a delta knows of an association.
#[derive(Debug, Clone, Copy)]
pub struct EdgeState {
    /// Its number in the delta.
    pub slot: u32,
    /// Its ends.
    pub cells: EdgeCells,
    /// Its label and class.
    pub names: u32,
    /// Where its newest version is; nothing if it was ended.
    pub place: Option<EdgePlace>,
    /// Commit at which the version of an older layer ended, [`NOT_ENDED`] if there was none.
    pub ended_below: u64,
}

/// The table.
pub struct EdgeTable {
    table: ArcSwap<Table>,
    slots: AppendVec<Slot>,
    used: AtomicU32,
}

impl Default for EdgeTable {
    fn default() -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::with_slots(0)),
            slots: AppendVec::default(),
            used: AtomicU32::new(0),
        }
    }
}

impl EdgeTable {
    /// What is known of the association with this hash that `is_it` accepts.
    pub fn find(&self, hash: u64, is_it: impl Fn(EdgeCells, u32) -> bool) -> Option<EdgeState> {
        let accepts = |slot| self.state(slot).is_some_and(|s| is_it(s.cells, s.names));
        self.state(self.table.load().find(hash, accepts)?)
    }

    /// All of them, in the order in which they were first changed.
    pub fn states(&self) -> impl Iterator<Item = EdgeState> {
        (0..self.used.load(Ordering::Acquire)).filter_map(|slot| self.state(slot))
    }

    /// What is known of the association in a slot.
    pub fn state(&self, number: u32) -> Option<EdgeState> {
        let slot = self.slots.get(number)?;
        let cells = slot.cells.load(Ordering::Relaxed);
        let place = EdgePlace {
            outgoing: slot.outgoing.load(Ordering::Relaxed),
            incoming: slot.incoming.load(Ordering::Relaxed),
            location: slot.location.load(Ordering::Relaxed),
        };
        Some(EdgeState {
            slot: number,
            cells: EdgeCells { source: (cells >> 32) as u32, target: cells as u32 },
            names: slot.names.load(Ordering::Relaxed),
            place: Some(place).filter(|place| place.location != 0),
            ended_below: slot.ended_below.load(Ordering::Relaxed),
        })
    }

    /// Adds an association that is not in it and gives its slot. Only the writer calls this.
    pub fn insert(
        &self,
        hash: u64,
        cells: EdgeCells,
        names: u32,
        hash_of: impl Fn(u32) -> u64,
    ) -> u32 {
        let number = self.used.load(Ordering::Relaxed);
        if let Some(slot) = self.slots.get_or_grow(number) {
            slot.cells
                .store(u64::from(cells.source) << 32 | u64::from(cells.target), Ordering::Relaxed);
            slot.names.store(names, Ordering::Relaxed);
            slot.ended_below.store(NOT_ENDED, Ordering::Relaxed);
        }
        let table = self.table.load_full();
        if table.is_full() {
            let grown = table.grown(hash_of);
            grown.insert(hash, number);
            self.table.store(Arc::new(grown));
        } else {
            table.insert(hash, number);
        }
        self.used.store(number + 1, Ordering::Release);
        number
    }

    /// Says where the newest version is; nothing when it was ended. Only the writer calls this.
    pub fn place(&self, slot: u32, place: Option<EdgePlace>) {
        let Some(slot) = self.slots.get(slot) else { return };
        if let Some(place) = place {
            slot.outgoing.store(place.outgoing, Ordering::Relaxed);
            slot.incoming.store(place.incoming, Ordering::Relaxed);
        }
        slot.location.store(place.map_or(0, |place| place.location), Ordering::Relaxed);
    }

    /// Says that the version of an older layer is not visible from a commit on. The store is
    /// ordered by the publication of that commit.
    pub fn end_below(&self, slot: u32, seqno: u64) {
        if let Some(slot) = self.slots.get(slot) {
            slot.ended_below.store(seqno, Ordering::Relaxed);
        }
    }

    pub fn memory_bytes(&self) -> u64 {
        self.slots.memory_bytes() + self.table.load().memory_bytes()
    }
}
