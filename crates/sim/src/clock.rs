//! Simulated time: moves by one microsecond each time somebody looks, and when a task waits.

use std::sync::atomic::{AtomicU64, Ordering};

use sutra_env::Clock;

/// Somewhere in 2026, so that dates in reports look like dates.
const WALL_START_US: u64 = 1_780_000_000_000_000;

/// The clock of a simulated machine. It runs on through crashes.
#[derive(Default)]
pub struct SimClock {
    now_us: AtomicU64,
}

impl SimClock {
    /// Moves the time forward to `us`, never back.
    pub fn advance_to(&self, us: u64) {
        self.now_us.fetch_max(us, Ordering::Relaxed);
    }

    /// The time, without moving it.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now_us.load(Ordering::Relaxed)
    }
}

impl Clock for SimClock {
    fn wall_us(&self) -> u64 {
        WALL_START_US + self.monotonic_us()
    }

    fn monotonic_us(&self) -> u64 {
        self.now_us.fetch_add(1, Ordering::Relaxed)
    }
}
