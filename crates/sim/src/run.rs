//! Runs a history from beginning to end and says how it went.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bug::Bug;
use crate::failure::Failure;
use crate::plan::{Action, Plan};
use crate::report::Report;
use crate::world::World;

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What a check found, if anything.
    pub failure: Option<Failure>,
    /// Digest of everything that happened.
    pub digest: u64,
    /// How much happened.
    pub report: Report,
}

/// Runs a history, with a bug switched on if asked. A panic of the engine is a failure too.
#[must_use]
pub fn run(plan: &Plan, bug: Option<Bug>) -> Outcome {
    run_in(World::new(plan.seed, plan.setting.clone(), bug), plan)
}

/// As [`run`], and prints every action and every call of the disk.
#[must_use]
pub fn trace(plan: &Plan, bug: Option<Bug>) -> Outcome {
    let mut world = World::new(plan.seed, plan.setting.clone(), bug);
    world.trace();
    run_in(world, plan)
}

fn run_in(mut world: World, plan: &Plan) -> Outcome {
    let result = catch_unwind(AssertUnwindSafe(|| play(&mut world, plan)));
    let failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Some(Failure::new("panic", text.unwrap_or("without a message")))
        }
    };
    Outcome { failure, digest: world.digest(), report: world.report() }
}

/// What is to go wrong before anything else may go wrong while the store is created.
fn play(world: &mut World, plan: &Plan) -> Result<(), Failure> {
    let is_mishap = |action: &&Action| matches!(action, Action::CrashSoon(..) | Action::Fail(..));
    let mishaps = plan.actions.iter().take_while(is_mishap).count();
    let (mishaps, actions) = plan.actions.split_at(mishaps);
    for mishap in mishaps {
        world.perform(mishap)?;
    }
    world.start()?;
    for action in actions {
        world.perform(action)?;
    }
    world.finish()
}
