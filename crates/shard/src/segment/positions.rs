//! Ascending positions by their number, in few bits each: what a merge has to know of each concept
//! that it wrote, of as many as there are in the largest segment.
//!
//! Elias-Fano code: P. Elias, "Efficient storage and retrieval by content and address of static
//! files", Journal of the ACM 21(2), 1974. The low bits of each position are packed; the high bits
//! are a row of ones, one for each position, after as many zeros as the high bits count. For n
//! positions below u that is at most 2 + log2(u / n) bits each, and one more for finding the ones.

/// Ones between two whose places are noted.
const ONES_PER_SAMPLE: u64 = 64;
const WORD_BITS: u64 = u64::BITS as u64;

/// The positions.
pub(super) struct Positions {
    /// Below the first one.
    base: u64,
    /// Distance from `base` that none reaches.
    span: u64,
    low_bits: u32,
    low: Vec<u64>,
    high: Vec<u64>,
    /// Place of every [`ONES_PER_SAMPLE`]th one in `high`.
    samples: Vec<u64>,
    count: u64,
    capacity: u64,
}

impl Positions {
    /// For so many positions, from `base` to less than `span` after it.
    pub(super) fn new(capacity: u64, base: u64, span: u64) -> Self {
        let low_bits = (span / capacity.max(1)).max(1).ilog2();
        let words = |bits: u64| vec![0; bits.div_ceil(WORD_BITS) as usize];
        Self {
            base,
            span,
            low_bits,
            low: words(capacity * u64::from(low_bits)),
            high: words(capacity + (span >> low_bits) + 1),
            samples: Vec::with_capacity(capacity.div_ceil(ONES_PER_SAMPLE) as usize),
            count: 0,
            capacity,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a position, which is not below the last one.
    ///
    /// # Panics
    /// When there is no room for it: a mistake of the caller's.
    pub(super) fn push(&mut self, position: u64) {
        let offset = position.wrapping_sub(self.base);
        assert!(offset < self.span && self.count < self.capacity, "{position} is not planned");
        let at = self.count * u64::from(self.low_bits);
        let low = offset & ((1 << self.low_bits) - 1);
        let (word, shift) = ((at / WORD_BITS) as usize, at % WORD_BITS);
        or_at(&mut self.low, word, low << shift);
        if shift + u64::from(self.low_bits) > WORD_BITS {
            or_at(&mut self.low, word + 1, low >> (WORD_BITS - shift));
        }
        let place = (offset >> self.low_bits) + self.count;
        or_at(&mut self.high, (place / WORD_BITS) as usize, 1 << (place % WORD_BITS));
        if self.count.is_multiple_of(ONES_PER_SAMPLE) {
            self.samples.push(place);
        }
        self.count += 1;
    }

    /// The position with a number, counted from 0.
    pub(super) fn get(&self, number: u64) -> Option<u64> {
        if number >= self.count {
            return None;
        }
        let at = number * u64::from(self.low_bits);
        let (word, shift) = ((at / WORD_BITS) as usize, at % WORD_BITS);
        let mut low = self.low.get(word).map_or(0, |bits| bits >> shift);
        if shift + u64::from(self.low_bits) > WORD_BITS {
            low |= self.low.get(word + 1)? << (WORD_BITS - shift);
        }
        low &= (1 << self.low_bits) - 1;
        let high = self.place(number)? - number;
        Some(self.base + (high << self.low_bits | low))
    }

    /// Where the one with a number is in `high`.
    fn place(&self, number: u64) -> Option<u64> {
        let sample = *self.samples.get((number / ONES_PER_SAMPLE) as usize)?;
        let mut left = (number % ONES_PER_SAMPLE) as u32;
        let mut index = sample / WORD_BITS;
        let mut word = self.high.get(index as usize)? & (u64::MAX << (sample % WORD_BITS));
        while word.count_ones() <= left {
            left -= word.count_ones();
            index += 1;
            word = *self.high.get(index as usize)?;
        }
        for _ in 0..left {
            word &= word - 1;
        }
        Some(index * WORD_BITS + u64::from(word.trailing_zeros()))
    }
}

fn or_at(words: &mut [u64], index: usize, bits: u64) {
    if let Some(word) = words.get_mut(index) {
        *word |= bits;
    }
}

#[cfg(test)]
mod tests {
    use super::Positions;
    use proptest::prelude::*;

    fn check(base: u64, lengths: &[u64]) {
        let span: u64 = lengths.iter().sum();
        let mut positions = Positions::new(lengths.len() as u64, base, span);
        let mut expected = Vec::new();
        let mut next = base;
        for length in lengths {
            positions.push(next);
            expected.push(next);
            next += length;
        }
        assert_eq!(positions.count(), lengths.len() as u64);
        for (number, position) in expected.iter().enumerate() {
            assert_eq!(positions.get(number as u64), Some(*position), "{number} of {lengths:?}");
        }
        assert_eq!(positions.get(lengths.len() as u64), None);
    }

    #[test]
    fn positions_of_records_of_extreme_lengths_are_found() {
        check(0, &[]);
        check(4096, &[1]);
        check(u64::MAX - 1000, &[1000]);
        check(64, &[1; 1000]);
        check(64, &[200; 1000]);
        check(0, &[16 << 20, 1, 1, 1, 16 << 20, 200, 200, 1 << 40, 7]);
    }

    #[test]
    fn ten_million_take_little_memory() {
        let (count, bytes) = (10_000_000_u64, 210);
        let positions = Positions::new(count, 0, count * bytes);
        let words = positions.low.len() + positions.high.len() + positions.samples.capacity();
        assert!(words as u64 * 64 < count * 11, "{} bits each", words as u64 * 64 / count);
    }

    #[test]
    #[should_panic(expected = "not planned")]
    fn more_than_was_planned_is_refused() {
        let mut positions = Positions::new(1, 0, 100);
        positions.push(0);
        positions.push(50);
    }

    proptest! {
        #[test]
        fn what_was_pushed_is_found(
            base in 0..u64::from(u32::MAX),
            lengths in prop::collection::vec(
                prop_oneof![1..5_u64, 50..500_u64, 1..4_000_000_u64],
                1..400,
            ),
        ) {
            check(base, &lengths);
        }
    }
}
