//! Random numbers keyed by the operating system.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Random;

/// Random numbers: a counter under a keyed hash whose key comes from the operating system.
pub struct OsRandom {
    key: RandomState,
    count: AtomicU64,
}

impl OsRandom {
    /// A source with a key of its own.
    #[must_use]
    pub fn new() -> Self {
        Self { key: RandomState::new(), count: AtomicU64::new(0) }
    }
}

impl Default for OsRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for OsRandom {
    fn next_u64(&self) -> u64 {
        self.key.hash_one(self.count.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_differ_within_and_between_sources() {
        let (one, two) = (OsRandom::new(), OsRandom::new());
        let numbers: HashSet<u64> =
            (0..1000).flat_map(|_| [one.next_u64(), two.next_u64()]).collect();
        assert_eq!(numbers.len(), 2000);
    }
}
