//! The k best of a stream, in a heap of k entries.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row with its rank value: the higher the nearer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub(super) rank: f64,
    pub(super) cell: u32,
    pub(super) row: u32,
}

/// The best `k` seen so far, ordered by rank, equal ranks by the lower cell.
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

    pub(super) fn offer(&mut self, candidate: Ranked) {
        if self.kept.len() < self.k {
            self.kept.push(candidate);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    /// The kept ones, best first.
    pub(super) fn into_sorted(self) -> Vec<Ranked> {
        self.kept.into_sorted_vec()
    }
}

/// Best first: higher rank, then lower cell, then lower row.
impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_rank = other.rank.total_cmp(&self.rank);
        by_rank.then(self.cell.cmp(&other.cell)).then(self.row.cmp(&other.row))
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
