//! Which chunk a row lies in. Chunks start small and double, so that a set of few rows is small.

/// Floats of the first chunk in bytes, unless one row alone is larger.
const FIRST_BYTES: usize = 4 * 1024;
/// Floats of the largest chunks in bytes, unless one row alone is larger.
const LARGEST_BYTES: usize = 256 * 1024;

/// The first two chunks hold `1 << first_shift` rows each, every later one twice as many as the one
/// before, up to `1 << largest_shift`. So a chunk below the largest ones starts at a power of two,
/// and the one a row lies in follows from its highest bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkSizes {
    first_shift: u32,
    largest_shift: u32,
}

impl ChunkSizes {
    /// For rows of so many bytes, at least 1.
    pub(super) fn new(row_bytes: usize) -> Self {
        let shift = |bytes: usize| (bytes / row_bytes).max(1).ilog2();
        Self { first_shift: shift(FIRST_BYTES), largest_shift: shift(LARGEST_BYTES) }
    }

    /// Number of the chunk a row lies in, and its place in it.
    pub(super) fn locate(self, row: usize) -> (usize, usize) {
        let chunk = if row >> self.largest_shift == 0 {
            (usize::BITS - (row >> self.first_shift).leading_zeros()) as usize
        } else {
            (row >> self.largest_shift) + self.doublings()
        };
        (chunk, row - self.first_row(chunk))
    }

    /// Rows that a chunk holds.
    pub(super) fn rows(self, chunk: usize) -> usize {
        1 << (self.first_shift as usize + chunk.saturating_sub(1)).min(self.largest_shift as usize)
    }

    /// The first row of a chunk, and so the number of rows in all chunks before it.
    pub(super) fn first_row(self, chunk: usize) -> usize {
        match chunk.checked_sub(1) {
            None => 0,
            Some(doubled) if doubled <= self.doublings() => {
                1 << (self.first_shift as usize + doubled)
            }
            Some(_) => (chunk - self.doublings()) << self.largest_shift,
        }
    }

    /// Number of chunks that hold rows, when there are `rows`.
    pub(super) fn chunks(self, rows: usize) -> usize {
        rows.checked_sub(1).map_or(0, |last| self.locate(last).0 + 1)
    }

    fn doublings(self) -> usize {
        (self.largest_shift - self.first_shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_each_other_without_gaps() {
        for row_bytes in [64, 128, 3072, 4096, 5000, 16_384, 200_000, 1 << 20] {
            let sizes = ChunkSizes::new(row_bytes);
            let (mut chunk, mut place) = (0, 0);
            for row in 0..if cfg!(miri) { 200 } else { 20_000 } {
                if place == sizes.rows(chunk) {
                    (chunk, place) = (chunk + 1, 0);
                    assert_eq!(sizes.first_row(chunk), row, "chunk {chunk} of {row_bytes}");
                }
                assert_eq!(sizes.locate(row), (chunk, place), "row {row} of {row_bytes}");
                assert_eq!(sizes.chunks(row + 1), chunk + 1);
                place += 1;
            }
            assert_eq!(sizes.chunks(0), 0);
        }
    }

    #[test]
    fn chunks_grow_from_4_to_256_kib() {
        let sizes = ChunkSizes::new(64);
        let bytes: Vec<usize> = (0..10).map(|chunk| sizes.rows(chunk) * 64 / 1024).collect();
        assert_eq!(bytes, [4, 4, 8, 16, 32, 64, 128, 256, 256, 256]);
        assert_eq!(ChunkSizes::new(1 << 20).rows(5), 1, "a row larger than any chunk");
    }

    #[test]
    fn every_row_number_has_a_chunk() {
        let sizes = ChunkSizes::new(64);
        let last = u32::MAX as usize - 1;
        let (chunk, place) = sizes.locate(last);
        assert_eq!(sizes.first_row(chunk) + place, last);
        assert!(place < sizes.rows(chunk));
    }
}
