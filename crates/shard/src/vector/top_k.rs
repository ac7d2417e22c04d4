//! The k best of a stream, in a heap of k entries.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use sutra_format::ConceptId;

/// A row with its rank value: the higher the nearer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub(super) rank: f64,
    pub(super) row: u32,
    pub(super) id: ConceptId,
}

/// The best `k` kept so far, ordered by rank, equal ranks by the lower row.
#[derive(Clone)]
pub(super) struct TopK {
    k: usize,
    /// The worst of the kept ones is on top.
    kept: BinaryHeap<Ranked>,
}

impl TopK {
    /// Keeps at most `k` of at most `candidates` entries.
    pub(super) fn new(k: usize, candidates: usize) -> Self {
        let k = k.min(candidates);
        Self { k, kept: BinaryHeap::with_capacity(k) }
    }

    /// How many are kept at most.
    pub(super) fn k(&self) -> usize {
        self.k
    }

    /// Whether a row of this rank would be kept.
    #[inline]
    pub(super) fn admits(&self, rank: f64, row: u32) -> bool {
        if self.kept.len() < self.k {
            return true;
        }
        self.kept
            .peek()
            .is_some_and(|worst| best_first((rank, row), (worst.rank, worst.row)).is_lt())
    }

    /// Whether `k` are kept.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= self.k
    }

    /// Keeps a row that is admitted, in place of the worst one when there are `k`.
    pub(super) fn keep(&mut self, admitted: Ranked) {
        debug_assert!(self.admits(admitted.rank, admitted.row), "asked before");
        if self.kept.len() < self.k {
            self.kept.push(admitted);
        } else if let Some(mut worst) = self.kept.peek_mut() {
            *worst = admitted;
        }
    }

    /// The kept ones, best first.
    pub(super) fn into_sorted(self) -> Vec<Ranked> {
        self.kept.into_sorted_vec()
    }
}

/// Higher rank, then lower row: rows are never renumbered, so the order is the same for ever.
fn best_first(one: (f64, u32), other: (f64, u32)) -> Ordering {
    other.0.total_cmp(&one.0).then(one.1.cmp(&other.1))
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        best_first((self.rank, self.row), (other.rank, other.row))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}
