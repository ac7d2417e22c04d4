//! Runs a scenario under many schedules.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use sutra_shard::Shard;

use crate::stalling::Stalling;

/// Schedules of each kind in every build; more by hand, see the crate.
const SCHEDULES: u64 = 30;
/// Within so many of each kind every planted bug must be found; most are within the first few.
#[cfg(feature = "planted-bugs")]
const SCHEDULES_FOR_A_BUG: u64 = 200;
/// A schedule of so many steps never ends.
const STEPS_MAX: usize = 2_000_000;
const STACK_BYTES: usize = 1 << 20;

/// What happened in all schedules together, to see that a test tests something.
#[derive(Clone, Default)]
pub struct Tally(Arc<[AtomicU64; 5]>);

/// What is counted.
#[derive(Clone, Copy)]
pub enum Count {
    Schedules = 0,
    Steps = 1,
    Flushes = 2,
    Merges = 3,
    /// Whatever else a scenario wants to have met.
    Special = 4,
}

impl Tally {
    pub fn add(&self, count: Count, by: u64) {
        self.0[count as usize].fetch_add(by, Ordering::Relaxed);
    }

    /// Adds what the background tasks of a shard did.
    pub fn add_background(&self, shard: &Shard) {
        let background = shard.background();
        self.add(Count::Flushes, background.flushes);
        self.add(Count::Merges, background.compactions);
    }

    pub fn get(&self, count: Count) -> u64 {
        self.0[count as usize].load(Ordering::Relaxed)
    }
}

/// A number from the environment.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Runs the scenario under all kinds of schedules. Each of them must end by itself; a panic is a
/// failure.
pub fn explore(name: &str, scenario: impl Fn(&Tally) + Clone + Send + Sync + 'static) -> Tally {
    let tally = Tally::default();
    let schedules = number("INTERLEAVINGS").unwrap_or(SCHEDULES);
    let seed = number("INTERLEAVINGS_SEED").unwrap_or(1);
    let all = || run(&tally, seed, schedules, scenario);
    if let Err(failure) = catch_unwind(AssertUnwindSafe(all)) {
        let ran = tally.get(Count::Schedules) + 1;
        println!("{name}: schedule {ran} fails; to repeat it:");
        println!("INTERLEAVINGS={schedules} INTERLEAVINGS_SEED={seed}, and the name of this test");
        resume_unwind(failure);
    }
    let (ran, steps) = (tally.get(Count::Schedules), tally.get(Count::Steps));
    let (flushes, merges) = (tally.get(Count::Flushes), tally.get(Count::Merges));
    println!("{name}: {ran} schedules, {steps} steps, {flushes} flushes, {merges} merges");
    tally
}

/// The number of the first schedule that fails, if one does.
#[cfg(feature = "planted-bugs")]
pub fn first_failure(scenario: impl Fn(&Tally) + Clone + Send + Sync + 'static) -> Option<u64> {
    let tally = Tally::default();
    let seed = number("INTERLEAVINGS_SEED").unwrap_or(1);
    let all = || run(&tally, seed, SCHEDULES_FOR_A_BUG, scenario);
    let outcome = catch_unwind(AssertUnwindSafe(all));
    outcome.is_err().then(|| tally.get(Count::Schedules) + 1)
}

fn run(
    tally: &Tally,
    seed: u64,
    schedules: u64,
    scenario: impl Fn(&Tally) + Clone + Send + Sync + 'static,
) {
    let count = schedules as usize;
    run_under(Stalling::new(seed, schedules), tally, scenario.clone());
    // One and three preemptions at chosen places: most mistakes need no more.
    run_under(PctScheduler::new_from_seed(seed, 2, count.div_ceil(2)), tally, scenario.clone());
    run_under(PctScheduler::new_from_seed(seed, 4, count / 2), tally, scenario.clone());
    run_under(RandomScheduler::new_from_seed(seed, count), tally, scenario);
}

fn run_under(
    scheduler: impl Scheduler + 'static,
    tally: &Tally,
    scenario: impl Fn(&Tally) + Send + Sync + 'static,
) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = MaxSteps::FailAfter(STEPS_MAX);
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let tally = tally.clone();
    Runner::new(scheduler, config).run(move || {
        scenario(&tally);
        tally.add(Count::Schedules, 1);
        tally.add(Count::Steps, shuttle::current::context_switches() as u64);
    });
}
