//! Counts the steps of a search against its budgets and its caller's patience.

use std::sync::atomic::{AtomicBool, Ordering};

use sutra_env::Clock;
use sutra_shard::Error;

use super::options::PathOptions;

/// Steps between two looks at the clock and the flag.
const STEPS_PER_LOOK: u64 = 1024;

/// How the caller interrupts a search.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Set by the caller to give up.
    pub cancelled: &'a AtomicBool,
    /// Measures the time budget.
    pub clock: &'a dyn Clock,
}

/// Why a search ended before it was done.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    /// A budget is used up; what was found so far is the answer.
    Budget,
    /// There is no answer. Boxed, because every step of a search gives a result of this size.
    Failed(Box<Error>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(Box::new(error))
    }
}

pub(super) struct Meter<'a> {
    watch: Watch<'a>,
    visited: u64,
    visited_max: u64,
    steps: u64,
    start_us: u64,
    time_us_max: u64,
    deadline_us: u64,
}

impl<'a> Meter<'a> {
    pub(super) fn start(watch: Watch<'a>, options: &PathOptions) -> Self {
        let start_us = watch.clock.monotonic_us();
        // A quarter is kept back: exploring alone gives no path.
        let exploring_us = options.time_us_max / 4 * 3;
        Self {
            watch,
            visited: 0,
            visited_max: options.visited_max,
            steps: 0,
            start_us,
            time_us_max: options.time_us_max,
            deadline_us: start_us.saturating_add(exploring_us),
        }
    }

    /// Edges looked at so far.
    pub(super) fn visited(&self) -> u64 {
        self.visited
    }

    /// Exploring has ended: ranking may use all of the time.
    pub(super) fn allow_all_time(&mut self) {
        self.deadline_us = self.start_us.saturating_add(self.time_us_max);
    }

    /// One more edge is looked at.
    pub(super) fn visit(&mut self) -> Result<(), Stop> {
        if self.visited == self.visited_max {
            return Err(Stop::Budget);
        }
        self.visited += 1;
        self.step()
    }

    /// One more step that is no look at an edge.
    pub(super) fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_PER_LOOK) { self.look() } else { Ok(()) }
    }

    /// Looks at the flag and the clock now.
    pub(super) fn look(&self) -> Result<(), Stop> {
        if self.watch.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Aborted.into());
        }
        let now_us = self.watch.clock.monotonic_us();
        if now_us > self.deadline_us { Err(Stop::Budget) } else { Ok(()) }
    }
}
