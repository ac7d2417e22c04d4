//! A digest of everything that happened in a run: one seed twice must give one digest.

use xxhash_rust::xxh3::xxh3_64;

/// Calls and answers so far, folded into one number.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct History(u64);

impl History {
    /// Folds in a number.
    pub fn add(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Folds in bytes.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.add(xxh3_64(bytes));
    }

    /// The digest.
    #[must_use]
    pub fn digest(self) -> u64 {
        self.0
    }
}
