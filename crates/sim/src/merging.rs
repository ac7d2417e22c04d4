//! Which segments a simulated store merges. The engine goes by size, and the segments of a short
//! history are all of one size, so that it would only ever merge all of them: what a merge must
//! leave for older segments would never be seen.

use std::ops::Range;

use sutra_shard::MergePolicy;

use crate::history::History;

/// At so many segments all are merged, whatever the dice say.
const SEGMENTS_MAX: usize = 8;

/// A way to choose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Merging {
    /// The engine's own.
    BySize,
    /// The two newest, whenever an older one stays.
    Newest,
    /// Any neighbours, or none for now.
    Any,
    /// All, as soon as there are two.
    Eager,
    /// All, when a third of what they hold is garbage.
    Garbage,
}

impl Merging {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::BySize, Self::Newest, Self::Any, Self::Eager, Self::Garbage];

    /// What the engine is given; nothing for its own.
    #[must_use]
    pub fn policy(self) -> Option<MergePolicy> {
        match self {
            Self::BySize => None,
            Self::Newest => Some(newest),
            Self::Any => Some(any),
            Self::Eager => Some(eager),
            Self::Garbage => Some(at_the_limit),
        }
    }

    /// So many versions of garbage are left in segments; nothing for the engine's own number.
    #[must_use]
    pub fn garbage_min(self) -> Option<u64> {
        (self == Self::Garbage).then_some(2)
    }
}

fn newest(sizes: &[u64], _: bool) -> Option<Range<usize>> {
    (sizes.len() > 2).then(|| sizes.len() - 2..sizes.len())
}

fn eager(sizes: &[u64], _: bool) -> Option<Range<usize>> {
    (sizes.len() > 1).then_some(0..sizes.len())
}

fn at_the_limit(sizes: &[u64], _: bool) -> Option<Range<usize>> {
    (sizes.len() >= SEGMENTS_MAX).then_some(0..sizes.len())
}

/// The sizes are the dice, so that the choice depends on nothing else.
fn any(sizes: &[u64], _: bool) -> Option<Range<usize>> {
    if sizes.len() >= SEGMENTS_MAX {
        return Some(0..sizes.len());
    }
    let mut history = History::default();
    for size in sizes {
        history.add(size >> 12);
    }
    let dice = history.digest() >> 16;
    if sizes.len() < 2 || dice.is_multiple_of(2) {
        return None;
    }
    let start = (dice / 2) as usize % (sizes.len() - 1);
    let count = 2 + (dice / 1024) as usize % (sizes.len() - start - 1);
    Some(start..start + count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_at_least_two_neighbours_that_exist() {
        let mut old_ones_stay = 0;
        for seed in 0..200_u64 {
            for count in 0..12 {
                let sizes: Vec<u64> =
                    (0..count).map(|at| ((seed * 31 + at * 7) % 40) << 12).collect();
                for merging in Merging::ALL {
                    let Some(policy) = merging.policy() else { continue };
                    let Some(range) = policy(&sizes, false) else { continue };
                    assert!(range.len() >= 2 && range.end <= sizes.len(), "{range:?}");
                    old_ones_stay += usize::from(range.start > 0);
                }
            }
        }
        assert!(old_ones_stay > 1000, "{old_ones_stay}");
    }
}
