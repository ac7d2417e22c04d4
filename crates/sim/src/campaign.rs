//! Runs many seeds on several threads and reports the first that fails, shortened.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use parking_lot::Mutex;
use sutra_env::{Clock, OsClock};

use crate::bug::Bug;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::report::Report;
use crate::run::run;
use crate::shrink::{Shrunk, shrink};

/// Which seeds to run and how.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// First seed.
    pub from: u64,
    /// Number of seeds.
    pub seeds: u64,
    /// Threads.
    pub threads: usize,
    /// Bug switched on.
    pub bug: Option<Bug>,
}

/// How a campaign went.
#[derive(Debug)]
pub struct Summary {
    /// Seeds run to their end.
    pub seeds: u64,
    /// What happened in them.
    pub report: Report,
    /// Time taken.
    pub elapsed_us: u64,
    /// The failing seed, if one was found. Later seeds may not have run.
    pub found: Option<Found>,
}

/// A seed that fails.
#[derive(Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The bug that was switched on.
    pub bug: Option<Bug>,
    /// What a check found.
    pub failure: Failure,
    /// The shortest history found that fails, and what a check found in it.
    pub shrunk: Shrunk,
}

/// What all threads found together.
#[derive(Default)]
struct Total {
    seeds: u64,
    report: Report,
    failed: Option<(Plan, Failure)>,
}

impl Campaign {
    /// Runs the seeds until one fails.
    #[must_use]
    pub fn run(&self) -> Summary {
        let clock = OsClock::new();
        let next = AtomicU64::new(self.from);
        let stop = AtomicBool::new(false);
        let total = Mutex::new(Total::default());
        thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| self.work(&next, &stop, &total));
            }
        });
        let elapsed_us = clock.monotonic_us();
        let Total { seeds, report, failed } = total.into_inner();
        let found = failed.map(|(plan, failure)| {
            let shrunk = shrink(&plan, self.bug, failure.clone());
            Found { seed: plan.seed, bug: self.bug, failure, shrunk }
        });
        Summary { seeds, report, elapsed_us, found }
    }

    fn work(&self, next: &AtomicU64, stop: &AtomicBool, total: &Mutex<Total>) {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - self.from >= self.seeds {
                return;
            }
            let plan = Plan::of_seed(seed);
            let outcome = run(&plan, self.bug);
            let mut total = total.lock();
            total.seeds += 1;
            total.report.add(outcome.report);
            if let Some(failure) = outcome.failure {
                stop.store(true, Ordering::Relaxed);
                // The lowest one, so that the answer does not depend on the threads' pace.
                if total.failed.as_ref().is_none_or(|(other, _)| seed < other.seed) {
                    total.failed = Some((plan, failure));
                }
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = (self.elapsed_us.max(1) as f64) / 1e6;
        let Report { crashes, acknowledged, refused, unknown, checks, .. } = self.report;
        let Report { flushes, merges, flush_failures, merge_failures, .. } = self.report;
        let per_second = |count: u64| count as f64 / seconds;
        writeln!(
            out,
            "{} seeds, {crashes} crashes, {checks} checks in {seconds:.1} s: \
             {:.0} seeds/s, {:.0} crashes/s",
            self.seeds,
            per_second(self.seeds),
            per_second(crashes)
        )?;
        write!(
            out,
            "writes: {acknowledged} acknowledged, {refused} refused, {unknown} failed in between; \
             segments: {flushes} flushes, {merges} merges, {} tries failed",
            flush_failures + merge_failures
        )
    }
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "seed {} fails: {}", self.seed, self.failure)?;
        write!(out, "repeat with: cargo run --release -p sutra-sim")?;
        match self.bug {
            Some(bug @ Bug::Disk(_)) => writeln!(out, " -- --seed {} --bug {bug}", self.seed)?,
            #[cfg(feature = "planted-bugs")]
            Some(bug) => {
                writeln!(out, " --features planted-bugs -- --seed {} --bug {bug}", self.seed)?;
            }
            None => writeln!(out, " -- --seed {}", self.seed)?,
        }
        let Shrunk { plan, failure } = &self.shrunk;
        writeln!(out, "shortened to {} actions: {failure}", plan.actions.len())?;
        writeln!(out, "  on {:?}", plan.setting)?;
        for action in &plan.actions {
            writeln!(out, "  {action:?}")?;
        }
        Ok(())
    }
}
