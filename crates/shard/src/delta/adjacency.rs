//! The associations at one side of a concept: an array that only grows, in chunks of doubling size.
//!
//! An entry is visible at seqno S when `begin <= S < end`. Changing an association ends its entry
//! and appends another with the same seqno, so a reader sees exactly one of them.

use super::id_words::{IdWords, load_id, store_id};
use crate::sync::{AtomicU32, AtomicU64, BEGINS_SMALL, OnceLock, Ordering};
use std::ops::ControlFlow;
use sutra_format::{AssociationClass, ConceptId};

const FIRST_ENTRIES: u32 = if BEGINS_SMALL { 1 } else { 4 };

/// An association as seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeRef {
    /// The concept at the other end.
    pub other: ConceptId,
    /// Its class.
    pub class: AssociationClass,
    /// Number of its label, 0 for none.
    pub label: u32,
    /// Its confidence.
    pub confidence: f64,
    /// Where its record is.
    pub location: u64,
}

impl EdgeRef {
    /// Label and class in one number, as they are compared and stored.
    #[must_use]
    pub fn names(&self) -> u32 {
        self.label << 8 | u32::from(self.class.number())
    }
}

/// Entries in the order they were added.
#[derive(Default)]
pub struct Adjacency {
    first: OnceLock<Box<Chunk>>,
}

struct Chunk {
    entries: Box<[Entry]>,
    length: AtomicU32,
    next: OnceLock<Box<Chunk>>,
}

#[derive(Default)]
struct Entry {
    other: IdWords,
    begin: AtomicU64,
    end: AtomicU64,
    /// label << 8 | class
    names: AtomicU32,
    confidence: AtomicU64,
    location: AtomicU64,
}

impl Chunk {
    fn with_entries(entries: u32) -> Self {
        Self {
            entries: (0..entries).map(|_| Entry::default()).collect(),
            length: AtomicU32::new(0),
            next: OnceLock::new(),
        }
    }
}

/// An association with the commits from and until which it is visible.
#[derive(Debug, Clone, Copy)]
pub struct EdgeSpan {
    /// What is seen.
    pub edge: EdgeRef,
    /// First commit that sees it.
    pub begin: u64,
    /// First commit that does not see it any more, `u64::MAX` for none.
    pub end: u64,
}

impl Entry {
    #[inline]
    fn read(&self, seqno: u64) -> Option<EdgeRef> {
        let begin = self.begin.load(Ordering::Relaxed);
        let end = self.end.load(Ordering::Relaxed);
        if begin <= seqno && seqno < end { self.edge() } else { None }
    }

    fn span(&self) -> Option<EdgeSpan> {
        let begin = self.begin.load(Ordering::Relaxed);
        let end = self.end.load(Ordering::Relaxed);
        Some(EdgeSpan { edge: self.edge()?, begin, end })
    }

    #[inline]
    fn edge(&self) -> Option<EdgeRef> {
        let names = self.names.load(Ordering::Relaxed);
        Some(EdgeRef {
            other: load_id(&self.other),
            class: AssociationClass::from_number(names as u8)?,
            label: names >> 8,
            confidence: f64::from_bits(self.confidence.load(Ordering::Relaxed)),
            location: self.location.load(Ordering::Relaxed),
        })
    }
}

impl Adjacency {
    /// Gives the entries visible at `seqno`, oldest first, until `visit` breaks.
    #[inline]
    pub fn visit<F>(&self, seqno: u64, mut visit: F) -> ControlFlow<()>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        let mut next = self.first.get();
        while let Some(chunk) = next {
            let length = chunk.length.load(Ordering::Acquire) as usize;
            for entry in chunk.entries.iter().take(length) {
                if let Some(edge) = entry.read(seqno) {
                    visit(&edge)?;
                }
            }
            next = chunk.next.get();
        }
        ControlFlow::Continue(())
    }

    /// Every entry in the order they were added, visible or not.
    pub fn spans(&self) -> impl Iterator<Item = EdgeSpan> {
        let chunks = std::iter::successors(self.first.get(), |chunk| chunk.next.get());
        chunks.flat_map(|chunk| {
            let length = chunk.length.load(Ordering::Acquire) as usize;
            chunk.entries.iter().take(length).filter_map(Entry::span)
        })
    }

    /// Whether anything was ever added.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    /// Appends an entry visible from `begin` on and gives its index and the bytes of memory it
    /// took. Only the writer calls this, with `length` entries so far.
    pub fn append(&self, length: u32, begin: u64, edge: &EdgeRef) -> u64 {
        let (chunk_number, offset) = place(length);
        let mut memory_bytes = 0;
        let mut slot = &self.first;
        let mut entries = FIRST_ENTRIES;
        for _ in 0..chunk_number {
            let Some(chunk) = slot.get() else { return 0 };
            slot = &chunk.next;
            entries *= 2;
        }
        let chunk = slot.get_or_init(|| {
            memory_bytes = (entries as usize * size_of::<Entry>() + size_of::<Chunk>()) as u64;
            Box::new(Chunk::with_entries(entries))
        });
        if let Some(entry) = chunk.entries.get(offset as usize) {
            store_id(&entry.other, &edge.other);
            entry.begin.store(begin, Ordering::Relaxed);
            entry.end.store(u64::MAX, Ordering::Relaxed);
            entry.names.store(edge.names(), Ordering::Relaxed);
            entry.confidence.store(edge.confidence.to_bits(), Ordering::Relaxed);
            entry.location.store(edge.location, Ordering::Relaxed);
        }
        // Readers load the length with Acquire: they see the entry whole or not at all.
        chunk.length.store(offset + 1, Ordering::Release);
        memory_bytes
    }

    /// Ends the entry at `index`: it is not visible at `end` and later. The store is ordered by the
    /// publication of `end`'s seqno.
    pub fn end(&self, index: u32, end: u64) {
        let (chunk_number, offset) = place(index);
        let mut next = self.first.get();
        for _ in 0..chunk_number {
            next = next.and_then(|chunk| chunk.next.get());
        }
        let entry = next.and_then(|chunk| chunk.entries.get(offset as usize));
        if let Some(entry) = entry {
            entry.end.store(end, Ordering::Relaxed);
        }
    }
}

/// Chunk and offset in it: chunk c begins at `FIRST_ENTRIES * (2^c - 1)`.
fn place(index: u32) -> (u32, u32) {
    let chunk_number = (u64::from(index) / u64::from(FIRST_ENTRIES) + 1).ilog2();
    let begin = u64::from(FIRST_ENTRIES) * ((1 << chunk_number) - 1);
    (chunk_number, (u64::from(index) - begin) as u32)
}

#[cfg(test)]
mod tests {
    use super::{Adjacency, EdgeRef};
    use std::ops::ControlFlow;
    use sutra_format::{AssociationClass, ConceptId};

    fn visible(adjacency: &Adjacency, seqno: u64) -> Vec<u32> {
        let mut labels = Vec::new();
        let walked = adjacency.visit(seqno, |edge| {
            labels.push(edge.label);
            ControlFlow::Continue(())
        });
        assert!(walked.is_continue());
        labels
    }

    #[test]
    fn entries_are_visible_from_begin_until_end_in_the_order_they_came() {
        let count: u32 = if cfg!(miri) { 30 } else { 1000 };
        let adjacency = Adjacency::default();
        for index in 0..count {
            let edge = EdgeRef {
                other: ConceptId([7; 16]),
                class: AssociationClass::Causal,
                label: index,
                confidence: 0.5,
                location: 1,
            };
            adjacency.append(index, u64::from(index) + 1, &edge);
        }
        assert_eq!(visible(&adjacency, 0), Vec::<u32>::new());
        assert_eq!(visible(&adjacency, 10), (0..10).collect::<Vec<_>>());
        assert_eq!(visible(&adjacency, u64::MAX - 1).len(), count as usize);
        adjacency.end(3, 20);
        assert!(visible(&adjacency, 19).contains(&3));
        assert!(!visible(&adjacency, 20).contains(&3));
        let spans: Vec<_> = adjacency.spans().collect();
        assert_eq!((spans.len(), spans[3].begin, spans[3].end), (count as usize, 4, 20));
        assert_eq!(spans[4].edge.other, ConceptId([7; 16]));
    }
}
