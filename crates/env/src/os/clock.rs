//! The system clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::Clock;

/// The clocks of this machine. Monotonic time counts from when this was made.
pub struct OsClock {
    start: Instant,
}

impl OsClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for OsClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for OsClock {
    fn wall_us(&self) -> u64 {
        // A machine set to a date before 1970 gets 0, as no later date would be truer.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
    }

    fn monotonic_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_forward_and_is_of_this_century() {
        let clock = OsClock::new();
        let before = clock.monotonic_us();
        while clock.monotonic_us() == before {
            std::hint::spin_loop();
        }
        assert!(clock.monotonic_us() > before);
        assert!(clock.wall_us() > 1_600_000_000_000_000);
    }
}
