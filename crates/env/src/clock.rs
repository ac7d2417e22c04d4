//! Time as the engine sees it.

/// Two clocks: one to tell users the time, one to measure how long something took.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970-01-01 UTC. May jump in either direction.
    fn wall_us(&self) -> u64;

    /// Microseconds since an arbitrary start. Never goes back.
    fn monotonic_us(&self) -> u64;
}
