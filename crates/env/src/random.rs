//! Random numbers as the engine sees them.

/// A source of random numbers. Good enough for ids and jitter, not for secrets.
pub trait Random: Send + Sync {
    /// The next number, uniform over all 64 bits.
    fn next_u64(&self) -> u64;
}
