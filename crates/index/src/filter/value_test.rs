//! The one definition of what a test on a value says: the ranges of encoded values it accepts.
//! The index looks the ranges up, a single document checks its values against them.

use crate::attributes::{EXISTS, NUMBER, past_equal_order, same_order_start};
use std::ops::Range;

/// Accepts values in some ranges, which are sorted and do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ValueTest {
    ranges: Vec<Range<Vec<u8>>>,
}

/// An operator that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl ValueTest {
    /// Accepts these encoded values.
    pub(super) fn one_of(mut values: Vec<Vec<u8>>) -> Self {
        values.sort_unstable();
        values.dedup();
        let exactly = |value: Vec<u8>| {
            let mut next = value.clone();
            next.push(0);
            value..next
        };
        Self { ranges: values.into_iter().map(exactly).collect() }
    }

    /// Accepts everything that is there.
    pub(super) fn exists() -> Self {
        Self::one_of(vec![vec![EXISTS]])
    }

    /// Accepts the values of the same type that compare so with a bound.
    pub(super) fn compared(comparison: Comparison, bound: Vec<u8>) -> Self {
        let tag = bound.first().copied().unwrap_or(NUMBER);
        let (mut at, mut past) = (bound.clone(), bound);
        same_order_start(&mut at);
        past_equal_order(&mut past);
        let range = match comparison {
            Comparison::Greater => past..vec![tag + 1],
            Comparison::GreaterOrEqual => at..vec![tag + 1],
            Comparison::Less => vec![tag]..at,
            Comparison::LessOrEqual => vec![tag]..past,
        };
        Self { ranges: vec![range] }
    }

    /// Whether a value is accepted. Of what exists, [`EXISTS`] is a value, too.
    pub(super) fn accepts(&self, value: &[u8]) -> bool {
        let after = self.ranges.partition_point(|range| range.start.as_slice() <= value);
        let range = after.checked_sub(1).and_then(|index| self.ranges.get(index));
        range.is_some_and(|range| value < range.end.as_slice())
    }

    /// Whether all that is there is accepted.
    pub(super) fn accepts_existence(&self) -> bool {
        self.accepts(&[EXISTS])
    }

    /// The ranges of [`number_rank`] it accepts: the same test, for scans of many numbers.
    pub(super) fn number_ranges(&self) -> Vec<Range<u128>> {
        let ranks = |range: &Range<Vec<u8>>| first_rank(&range.start)..first_rank(&range.end);
        self.ranges.iter().map(ranks).filter(|ranks| !ranks.is_empty()).collect()
    }

    /// The ranges, sorted.
    pub(super) fn ranges(&self) -> &[Range<Vec<u8>>] {
        &self.ranges
    }
}

/// The first [`number_rank`](crate::attributes::number_rank) whose encoding is not less than a
/// bound; 2^64 when there is none.
fn first_rank(bound: &[u8]) -> u128 {
    let Some((tag, rank)) = bound.split_first().filter(|(tag, _)| **tag >= NUMBER) else {
        return 0;
    };
    if *tag > NUMBER {
        return 1 << u64::BITS;
    }
    let mut bytes = [0; size_of::<u64>()];
    for (place, byte) in bytes.iter_mut().zip(rank) {
        *place = *byte;
    }
    let is_longer = rank.len() > bytes.len();
    u128::from(u64::from_be_bytes(bytes)) + u128::from(is_longer)
}

#[cfg(test)]
mod tests {
    use super::{Comparison, ValueTest};
    use crate::attributes::{number_key, number_rank};
    use proptest::prelude::*;
    use proptest::sample::select;

    const NUMBERS: [f64; 9] = [f64::MIN, -2.0, -1e-300, -0.0, 0.0, 0.5, 1.0, 2.0, f64::MAX];

    fn any_test() -> impl Strategy<Value = ValueTest> {
        let comparison = select(vec![
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
        ]);
        let key = select(NUMBERS.to_vec()).prop_map(|number| number_key(number).to_vec());
        let other = select(vec![vec![0], vec![1], vec![4], vec![5, b'x'], vec![6; 17]]);
        let value = prop_oneof![key.clone(), other];
        prop_oneof![
            (comparison, key).prop_map(|(comparison, key)| ValueTest::compared(comparison, key)),
            proptest::collection::vec(value, 0..4).prop_map(ValueTest::one_of),
        ]
    }

    proptest! {
        #[test]
        fn ranks_are_accepted_as_their_encodings_are(test in any_test()) {
            let ranges = test.number_ranges();
            for number in NUMBERS {
                let rank = u128::from(number_rank(number));
                let is_in_range = ranges.iter().any(|range| range.contains(&rank));
                prop_assert_eq!(is_in_range, test.accepts(&number_key(number)), "{}", number);
            }
        }
    }
}
