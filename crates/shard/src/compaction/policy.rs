//! Which segments to merge next. A pure function of their sizes.
//!
//! Segments of similar size are merged together, so each byte is written again about once for each
//! factor [`FAN_IN`] by which the store grows; and there are never many, so a read looks at few.
//! At rest there is time to leave fewer still: reading from four segments instead of one takes 1.5
//! times as long.

use crate::options::MergePolicy;
use std::ops::Range;

/// Neighbours of similar size that are merged together.
pub(super) const FAN_IN: usize = 4;
/// Sizes are similar when the largest is at most so many times the smallest.
const SIMILAR: u64 = 4;
/// Segments below this size count as if they had it: there is no use in telling tiny ones apart.
const SIZE_MIN: u64 = 256 << 10;
/// At rest segments are merged with an older one when together they have at least this part of it.
/// A store that rests after each of 2,000 flushes writes each byte again 9 times, one that never
/// does 6 times.
const REST_DIVISOR: u64 = 2;
/// A read looks at no more segments than these, but for the time that a merge takes.
pub(crate) const SEGMENTS_WANTED: usize = 8;

/// So many there may be when some are held: fewer than those at which writers wait.
const SEGMENTS_PARTED_MAX: usize = 20;

/// The neighbours to merge, as a range of `sizes`, which are in bytes and in the order of commits.
pub(crate) fn choose(sizes: &[u64], is_at_rest: bool) -> Option<Range<usize>> {
    let too_many = || {
        let count = sizes.len().checked_sub(SEGMENTS_WANTED).filter(|more| *more > 0)? + 1;
        Some(cheapest(sizes, count))
    };
    let at_rest = || if is_at_rest { worth_it_at_rest(sizes) } else { None };
    similar_run(sizes).or_else(too_many).or_else(at_rest)
}

/// The newest segments from the oldest one on that they are large enough for.
fn worth_it_at_rest(sizes: &[u64]) -> Option<Range<usize>> {
    let mut newer: u64 = sizes.iter().sum();
    for (start, size) in sizes.iter().enumerate() {
        newer -= size;
        if newer > 0 && newer.saturating_mul(REST_DIVISOR) >= *size {
            return Some(start..sizes.len());
        }
    }
    None
}

/// As a policy chooses, but never a segment that is held: damaged, or being merged. Such a segment
/// parts its neighbours: what is merged is always in the order of commits, without gaps.
pub(crate) fn choose_around(
    sizes: &[u64],
    is_held: &[bool],
    is_at_rest: bool,
    policy: MergePolicy,
) -> Option<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in 0..sizes.len() {
        if is_held.get(at).copied().unwrap_or_default() {
            continue;
        }
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => run.end += 1,
            None => runs.push(at..at + 1),
        }
    }
    let sizes_of = |run: &Range<usize>| sizes.get(run.clone()).unwrap_or_default();
    let within = |run: &Range<usize>, chosen: Range<usize>| {
        Some(run.start + chosen.start..run.start + chosen.end)
    };
    for run in runs.iter().rev() {
        if let Some(chosen) = policy(sizes_of(run), is_at_rest) {
            return within(run, chosen);
        }
    }
    // Each run is short enough. All together may be more than are wanted: to bring them down to
    // that, the same segments would be written again for each one that comes in.
    let longest = runs.iter().max_by_key(|run| run.len()).filter(|run| run.len() > 1)?;
    let is_parted = runs.len() > 1 || longest.len() < sizes.len();
    if !is_parted || sizes.len() <= SEGMENTS_PARTED_MAX {
        return None;
    }
    within(longest, cheapest(sizes_of(longest), 2))
}

/// The newest longest run of at least [`FAN_IN`] neighbours of similar size.
fn similar_run(sizes: &[u64]) -> Option<Range<usize>> {
    let size = |index: usize| sizes.get(index).copied().unwrap_or(0).max(SIZE_MIN);
    for end in (FAN_IN..=sizes.len()).rev() {
        let (mut smallest, mut largest) = (u64::MAX, 0);
        let mut start = end;
        while start > 0 {
            let next = size(start - 1);
            let (low, high) = (smallest.min(next), largest.max(next));
            if high > low.saturating_mul(SIMILAR) {
                break;
            }
            (smallest, largest) = (low, high);
            start -= 1;
        }
        if end - start >= FAN_IN {
            return Some(start..end);
        }
    }
    None
}

/// So many neighbours whose merge costs the fewest bytes.
fn cheapest(sizes: &[u64], count: usize) -> Range<usize> {
    let windows = sizes.windows(count).map(|window| window.iter().sum::<u64>());
    let start = windows.enumerate().min_by_key(|(_, bytes)| *bytes).map_or(0, |(start, _)| start);
    start..start + count
}

#[cfg(test)]
mod tests {
    use super::{SEGMENTS_PARTED_MAX, SEGMENTS_WANTED, choose, choose_around};

    const MB: u64 = 1 << 20;

    #[test]
    fn four_neighbours_of_similar_size_are_merged_and_others_are_left_alone() {
        let choose = |sizes: &[u64]| choose(sizes, false);
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[MB, MB, MB]), None);
        assert_eq!(choose(&[MB, 3 * MB, MB, 2 * MB]), Some(0..4));
        assert_eq!(choose(&[100 * MB, MB, MB, MB, MB]), Some(1..5));
        assert_eq!(choose(&[100 * MB, MB, MB, MB]), None);
        assert_eq!(choose(&[10, 1, 200, 60_000]), Some(0..4), "tiny ones are alike");
    }

    #[test]
    fn too_many_of_different_size_are_merged_where_it_is_cheapest() {
        let sizes: Vec<u64> = [12, 11, 10, 9, 8, 7, 6, 5, 4].map(|bits| MB << (3 * bits)).into();
        assert_eq!(choose(&sizes, false), Some(7..9));
    }

    #[test]
    fn at_rest_small_ones_wait_until_they_are_worth_writing_the_large_one_again() {
        let choose = |sizes: &[u64]| choose(sizes, true);
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[MB]), None);
        assert_eq!(choose(&[60 * MB, 45 * MB, 13 * MB, 4 * MB]), Some(0..4));
        assert_eq!(choose(&[100 * MB, 40 * MB]), None);
        assert_eq!(choose(&[100 * MB, 40 * MB, 10 * MB]), Some(0..3));
        assert_eq!(choose(&[100 * MB, 20 * MB, 10 * MB]), Some(1..3));
    }

    /// A store that comes to rest after every flush: that costs more, but not without bound.
    #[test]
    fn rest_after_every_flush_writes_each_byte_again_a_bounded_number_of_times() {
        let (mut sizes, mut flushed, mut merged) = (Vec::new(), 0, 0);
        for _ in 0..2000 {
            sizes.push(8 * MB);
            flushed += 8 * MB;
            while let Some(range) = choose(&sizes, true) {
                let bytes: u64 = sizes[range.clone()].iter().sum();
                merged += bytes;
                sizes.splice(range, [bytes]);
            }
            assert!(sizes.len() <= SEGMENTS_WANTED, "{sizes:?}");
        }
        assert!(merged < 10 * flushed, "{} times", merged / flushed);
    }

    #[test]
    fn what_is_set_aside_parts_its_neighbours() {
        let around = |sizes: &[u64], set_aside: &[usize]| {
            let is_set_aside: Vec<bool> =
                (0..sizes.len()).map(|at| set_aside.contains(&at)).collect();
            choose_around(sizes, &is_set_aside, false, choose)
        };
        assert_eq!(around(&[MB; 9], &[]), Some(0..9));
        assert_eq!(around(&[MB; 9], &[4]), Some(5..9), "the newest first");
        assert_eq!(around(&[MB; 6], &[4]), Some(0..4));
        assert_eq!(around(&[MB; 6], &[3]), None, "no four are neighbours");
        assert_eq!(around(&[MB; 9], &[0, 1, 2, 3, 4, 5, 6, 7, 8]), None);
    }

    /// A damaged segment in any place: flushes go on, and the number stays bounded without it.
    #[test]
    fn around_one_that_is_set_aside_the_number_stays_bounded() {
        let patterns = (0..4).map(|place| 1 << place).chain([0b11, 0b1010, 0xff, 0x3ff]);
        for pattern in patterns {
            let (mut flushed, mut merged) = (0, 0);
            let mut is_set_aside: Vec<bool> = (0..10).map(|at| pattern >> at & 1 == 1).collect();
            let damaged = is_set_aside.iter().filter(|is_set_aside| **is_set_aside).count();
            let mut sizes = vec![MB; is_set_aside.len()];
            for _ in 0..1000 {
                sizes.push(8 * MB);
                is_set_aside.push(false);
                flushed += 8 * MB;
                while let Some(range) = choose_around(&sizes, &is_set_aside, false, choose) {
                    assert!(!is_set_aside[range.clone()].contains(&true));
                    let bytes: u64 = sizes[range.clone()].iter().sum();
                    merged += bytes;
                    sizes.splice(range.clone(), [bytes]);
                    is_set_aside.splice(range, [false]);
                }
                let wanted = (2 * SEGMENTS_WANTED + damaged).min(SEGMENTS_PARTED_MAX);
                assert!(sizes.len() <= wanted, "{pattern:b}: {sizes:?}");
            }
            assert!(merged < 8 * flushed, "{pattern:b}: {} times", merged / flushed);
        }
    }

    /// Flushes of one size come in, merges follow the policy: there are never more than wanted, and
    /// a byte is written again about as often as the logarithm says.
    #[test]
    fn the_number_stays_bounded_and_so_does_what_is_written_again() {
        let (mut sizes, mut flushed, mut merged) = (Vec::new(), 0, 0);
        for _ in 0..1000 {
            sizes.push(8 * MB);
            flushed += 8 * MB;
            while let Some(range) = choose(&sizes, false) {
                let bytes: u64 = sizes[range.clone()].iter().sum();
                merged += bytes;
                sizes.splice(range, [bytes]);
            }
            assert!(sizes.len() <= SEGMENTS_WANTED, "{sizes:?}");
        }
        assert!(merged < 8 * flushed, "{} times", merged / flushed);
    }
}
