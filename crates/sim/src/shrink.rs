//! Shortens a failing history: fewer actions, fewer operations, fewer crashes, as long as it fails.

use crate::bug::Bug;
use crate::failure::Failure;
use crate::plan::{Action, Plan};
use crate::run::run;

/// Runs spent on shortening one history.
const RUNS_MAX: u32 = 3000;

/// A history that fails and is hard to shorten further, with what it shows.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The history.
    pub plan: Plan,
    /// What a check found in it.
    pub failure: Failure,
}

/// Shortens a history that fails.
#[must_use]
pub fn shrink(plan: &Plan, bug: Option<Bug>, failure: Failure) -> Shrunk {
    let mut best = Search { plan: plan.clone(), failure, bug, runs_left: RUNS_MAX };
    loop {
        let before = best.size();
        best.drop_actions();
        best.simplify_actions();
        if best.size() == before || best.runs_left == 0 {
            return Shrunk { plan: best.plan, failure: best.failure };
        }
    }
}

struct Search {
    plan: Plan,
    failure: Failure,
    bug: Option<Bug>,
    runs_left: u32,
}

impl Search {
    fn size(&self) -> usize {
        self.plan.actions.iter().map(weight).sum()
    }

    /// Takes the shorter history if it fails too.
    fn accept(&mut self, actions: Vec<Action>) -> bool {
        if self.runs_left == 0 {
            return false;
        }
        self.runs_left -= 1;
        let plan = Plan { actions, ..self.plan.clone() };
        let Some(failure) = run(&plan, self.bug).failure else { return false };
        (self.plan, self.failure) = (plan, failure);
        true
    }

    /// Leaves out runs of actions, long ones first.
    fn drop_actions(&mut self) {
        let mut length = self.plan.actions.len().div_ceil(2);
        while length > 0 {
            let mut start = 0;
            while start < self.plan.actions.len() {
                let mut actions = self.plan.actions.clone();
                actions.drain(start..(start + length).min(actions.len()));
                if !self.accept(actions) {
                    start += length;
                }
            }
            length /= 2;
        }
    }

    fn simplify_actions(&mut self) {
        for index in 0..self.plan.actions.len() {
            let mut at = 0;
            while let Some(simpler) = simpler(&self.plan.actions[index], at) {
                let mut actions = self.plan.actions.clone();
                actions[index] = simpler;
                if !self.accept(actions) {
                    at += 1;
                }
            }
        }
    }
}

fn weight(action: &Action) -> usize {
    match action {
        Action::Submit(batch) => 1 + batch.len(),
        Action::Crash(plan) | Action::CrashSoon(_, plan) => 1 + plan.during_recovery.len(),
        _ => 1,
    }
}

/// The action without its part number `at`, if it has one and more than that.
fn simpler(action: &Action, at: usize) -> Option<Action> {
    let mut simpler = action.clone();
    match &mut simpler {
        Action::Submit(batch) if batch.len() > 1 && at < batch.len() => {
            batch.remove(at);
        }
        Action::Crash(plan) | Action::CrashSoon(_, plan) if at < plan.during_recovery.len() => {
            plan.during_recovery.remove(at);
        }
        _ => return None,
    }
    Some(simpler)
}
