//! Which segments to merge next. A pure function of their sizes.
//!
//! Segments of similar size are merged together, so each byte is written again about once for each
//! factor [`FAN_IN`] by which the store grows; and there are never many, so a read looks at few.

use std::ops::Range;

/// Neighbours of similar size that are merged together.
const FAN_IN: usize = 4;
/// Sizes are similar when the largest is at most so many times the smallest.
const SIMILAR: u64 = 4;
/// Segments below this size count as if they had it: there is no use in telling tiny ones apart.
const SIZE_MIN: u64 = 256 << 10;
/// A read looks at no more segments than these, but for the time that a merge takes.
pub(crate) const SEGMENTS_WANTED: usize = 8;

/// The neighbours to merge, as a range of `sizes`, which are in bytes and in the order of commits.
pub(crate) fn choose(sizes: &[u64]) -> Option<Range<usize>> {
    similar_run(sizes).or_else(|| (sizes.len() > SEGMENTS_WANTED).then(|| cheapest(sizes)))
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

/// The neighbours whose merge costs the fewest bytes for each segment less, which bring the number
/// down to what is wanted.
fn cheapest(sizes: &[u64]) -> Range<usize> {
    let count = sizes.len() - SEGMENTS_WANTED + 1;
    let windows = sizes.windows(count).map(|window| window.iter().sum::<u64>());
    let start = windows.enumerate().min_by_key(|(_, bytes)| *bytes).map_or(0, |(start, _)| start);
    start..start + count
}

#[cfg(test)]
mod tests {
    use super::{SEGMENTS_WANTED, choose};

    const MB: u64 = 1 << 20;

    #[test]
    fn four_neighbours_of_similar_size_are_merged_and_others_are_left_alone() {
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
        assert_eq!(choose(&sizes), Some(7..9));
    }

    /// Flushes of one size come in, merges follow the policy: there are never more than wanted, and
    /// a byte is written again about as often as the logarithm says.
    #[test]
    fn the_number_stays_bounded_and_so_does_what_is_written_again() {
        let (mut sizes, mut flushed, mut merged) = (Vec::new(), 0, 0);
        for _ in 0..1000 {
            sizes.push(8 * MB);
            flushed += 8 * MB;
            while let Some(range) = choose(&sizes) {
                let bytes: u64 = sizes[range.clone()].iter().sum();
                merged += bytes;
                sizes.splice(range, [bytes]);
            }
            assert!(sizes.len() <= SEGMENTS_WANTED, "{sizes:?}");
        }
        assert!(merged < 8 * flushed, "{} times", merged / flushed);
    }
}
