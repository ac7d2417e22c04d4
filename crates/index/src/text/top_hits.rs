//! The best hits of a search.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Where a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a part.
    Part {
        /// Number of the part, from 0.
        part: usize,
        /// The document.
        document: u32,
    },
    /// In no part: the number of the loose document, from 0.
    Loose(usize),
}

/// A document that matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextHit {
    /// The document.
    pub place: Place,
    /// Over 0; more is better.
    pub score: f64,
}

/// Keeps the best hits. Of equal scores, earlier documents are better.
pub(super) struct TopHits {
    k: usize,
    worst_first: BinaryHeap<Reverse<Ranked>>,
}

struct Ranked(TextHit);

impl TopHits {
    pub(super) fn new(k: usize) -> Self {
        Self { k, worst_first: BinaryHeap::new() }
    }

    /// A score that later documents must be over.
    pub(super) fn to_beat(&self) -> f64 {
        if self.worst_first.len() < self.k {
            return 0.0;
        }
        self.worst_first.peek().map_or(f64::INFINITY, |Reverse(worst)| worst.0.score)
    }

    /// Takes a hit. Hits come in the order of their places.
    pub(super) fn push(&mut self, hit: TextHit) {
        if hit.score <= self.to_beat() {
            return;
        }
        if self.worst_first.len() >= self.k {
            self.worst_first.pop();
        }
        self.worst_first.push(Reverse(Ranked(hit)));
    }

    /// Best first.
    pub(super) fn into_hits(self) -> Vec<TextHit> {
        let sorted = self.worst_first.into_sorted_vec();
        sorted.into_iter().map(|Reverse(ranked)| ranked.0).collect()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.0.score.total_cmp(&other.0.score);
        by_score.then_with(|| other.0.place.cmp(&self.0.place))
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

#[cfg(test)]
mod tests {
    use super::{Place, TextHit, TopHits};

    #[test]
    fn keeps_the_best_and_of_equal_ones_the_earliest() {
        let mut top = TopHits::new(3);
        for (document, score) in [1.0, 3.0, 1.0, 2.0, 3.0, 2.0].into_iter().enumerate() {
            top.push(TextHit { place: Place::Loose(document), score });
        }
        let places: Vec<_> = top.into_hits().into_iter().map(|hit| hit.place).collect();
        assert_eq!(places, [Place::Loose(1), Place::Loose(4), Place::Loose(3)]);
    }

    #[test]
    fn no_hits_are_kept_when_none_are_asked_for() {
        let mut top = TopHits::new(0);
        top.push(TextHit { place: Place::Loose(0), score: 1.0 });
        assert!(top.into_hits().is_empty());
    }
}
