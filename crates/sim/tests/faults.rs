//! A disk that fails: every call once, and too little room at every step.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use sutra_sim::{Action, OpClass, Plan, Setting, World, run};

/// A history that meets every kind of call: writes of all sizes, rotation, flush, close, open.
fn script() -> Plan {
    let mut plan = Plan::of_seed(3);
    plan.setting = setting();
    let is_calm = |action: &Action| {
        !matches!(
            action,
            Action::Crash(_) | Action::CrashSoon(..) | Action::Fail(..) | Action::FillDisk(_)
        )
    };
    plan.actions = (3..6).flat_map(|seed| Plan::of_seed(seed).actions).filter(is_calm).collect();
    plan.actions.insert(plan.actions.len() / 2, Action::Reopen);
    plan
}

fn setting() -> Setting {
    Setting { short_writes: false, ..Plan::of_seed(1).setting }
}

fn calls(plan: &Plan, class: OpClass) -> u64 {
    let mut world = World::new(plan.seed, plan.setting.clone(), None);
    world.start().unwrap();
    for action in &plan.actions {
        world.perform(action).unwrap();
    }
    world.disk().calls(class)
}

#[test]
fn every_call_may_fail_once_without_a_wrong_answer_or_a_store_that_does_not_open() {
    let plan = script();
    assert_eq!(run(&plan, None).failure, None);
    let mut failed = 0;
    for class in OpClass::ALL {
        let calls = calls(&plan, class);
        for nth in 1..=calls {
            let mut plan = plan.clone();
            // First in the history: it counts from before the store is created.
            plan.actions.insert(0, Action::Fail(class, nth));
            let outcome = run(&plan, None);
            assert_eq!(outcome.failure, None, "{class:?} number {nth} of {calls} failed");
            failed += 1;
        }
    }
    assert!(failed > 100, "{failed}");
}

#[test]
fn a_full_disk_refuses_and_a_freed_one_takes_the_same_writes() {
    let plan = script();
    let mut refused = 0;
    for bytes_left in (0..12_000).step_by(257) {
        let mut full = plan.clone();
        let middle = full.actions.len() / 3;
        full.actions.insert(middle, Action::FillDisk(bytes_left));
        full.actions.insert(2 * middle, Action::FreeDisk);
        full.actions.insert(2 * middle, Action::Check);
        full.actions.extend(plan.actions.iter().cloned());
        let outcome = run(&full, None);
        assert_eq!(outcome.failure, None, "with {bytes_left} bytes left");
        refused = refused.max(outcome.report.refused);
    }
    let calm = run(&plan, None).report.refused;
    assert!(refused > 2 * calm, "the disk was never full: {refused} refused");
}
