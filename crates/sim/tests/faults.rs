//! A disk that fails: every call once, and too little room at every step.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;
use sutra_shard::{Background, Durability, Error};
use sutra_sim::{
    Action, Fields, Merging, OpClass, Operation, Plan, Setting, Slot, Text, World, run,
};

/// Long enough for a few flushes and merges.
const ACTIONS: usize = 70;
/// Longer than a task waits before it tries again.
const RETRY_US: u64 = 31_000_000;
/// What a flush or a merge does, and the log does not, as everything in it is synced already.
const CLASSES: [OpClass; 8] = [
    OpClass::Create,
    OpClass::Write,
    OpClass::Sync,
    OpClass::SyncDir,
    OpClass::Rename,
    OpClass::Open,
    OpClass::Read,
    OpClass::List,
];

/// A history that meets every kind of call: writes of all sizes, rotation, flush, merge, closing
/// and opening.
fn script(actions_max: usize) -> Plan {
    let mut plan = Plan::of_seed(3);
    plan.setting = setting();
    let is_calm = |action: &Action| {
        !matches!(
            action,
            Action::Crash(_)
                | Action::CrashSoon(..)
                | Action::Fail(..)
                | Action::FillDisk(_)
                | Action::FreeDisk
        )
    };
    let actions = (3..8).flat_map(|seed| Plan::of_seed(seed).actions);
    plan.actions = actions.filter(is_calm).take(actions_max).collect();
    plan.actions.insert(plan.actions.len() / 2, Action::Reopen);
    plan
}

fn setting() -> Setting {
    let setting = Plan::of_seed(1).setting.with_segments(6, Merging::Any);
    Setting {
        short_writes: false,
        durability: Durability::Fsync,
        // The log needs another file soon, so that a full disk is noticed.
        segment_bytes_min: 1024,
        segment_bytes_max: 2048,
        ..setting
    }
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
    let plan = script(ACTIONS);
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
    assert!(failed > 500, "{failed}");
    let report = run(&plan, None).report;
    assert!(report.flushes > 3 && report.merges > 1, "{report:?}");
}

#[test]
fn a_full_disk_refuses_and_a_freed_one_takes_the_same_writes() {
    let mut plan = script(usize::MAX);
    // Opening again makes room where it finds none.
    plan.actions.retain(|action| !matches!(action, Action::Reopen));
    let mut refused = 0;
    for bytes_left in (0..6000).step_by(509).chain((6000..200_000).step_by(7001)) {
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
    assert!(refused > 2 * calm, "the disk was never full: {refused} refused, {calm} without");
}

fn learn(slot: u8, version: u32) -> Action {
    let fields = Fields {
        text: Some(Text { version, bytes: 200 }),
        vector: Some([1, 2, slot.cast_signed(), 4]),
        ..Fields::default()
    };
    Action::Submit(vec![Operation::Learn { slot: Slot(slot), fields }])
}

fn perform(world: &mut World, actions: &[Action]) -> Background {
    for action in actions {
        world.perform(action).unwrap();
    }
    world.background().unwrap()
}

/// A store with everything in the log, and with a segment already if merges are wanted.
fn store(merging: Merging) -> World {
    let setting = Setting { history_keep_us: None, ..setting() };
    let mut world = World::new(5, setting.with_segments(100, merging), None);
    world.start().unwrap();
    perform(&mut world, &[learn(0, 1), learn(1, 1), Action::Idle]);
    world
}

/// Whether a file of the index of texts could not be read or written.
fn is_of_index(error: &Error) -> bool {
    match error {
        Error::Io { path, .. } | Error::DiskFull { path } => {
            path.starts_with("/store/texts") || path == Path::new("/store")
        }
        _ => false,
    }
}

#[test]
fn a_flush_that_fails_is_answered_and_shown_and_the_next_one_works() {
    let mut failed = 0;
    for class in CLASSES {
        for nth in 1.. {
            let mut world = store(Merging::BySize);
            perform(&mut world, &[Action::Fail(class, nth)]);
            let refused = world.flush().unwrap();
            let after = perform(&mut world, &[Action::Check]);
            let what = format!("{class:?} number {nth}: {refused:?} {after:?}");
            if after.flush_failures == 0 && refused.as_ref().is_some_and(is_of_index) {
                // The segment is there, and the index is what failed.
                assert!(after.flush_failures == 0 && after.flushes == 1, "{what}");
                assert!(world.flush().unwrap().is_none(), "{what}");
                continue;
            }
            assert_eq!(refused.is_some(), after.flush_failures > 0, "{what}");
            if refused.is_none() {
                assert!(nth > 1, "{class:?} is never called");
                break;
            }
            assert!(after.flush_error.is_some() && after.flushes == 0, "{what}");
            assert!(world.flush().unwrap().is_none(), "{what}");
            let after = perform(&mut world, &[Action::Check]);
            assert!(after.flush_error.is_none() && after.flushes == 1, "{what}");
            assert_eq!(after.floor_seqno, 2, "{what}");
            world.perform(&Action::Reopen).unwrap();
            failed += 1;
        }
    }
    assert!(failed > 20, "{failed}");
}

#[test]
fn a_merge_that_fails_is_shown_and_tried_again() {
    let mut failed = 0;
    for class in CLASSES {
        for nth in 1.. {
            let mut world = store(Merging::Eager);
            perform(&mut world, &[Action::Flush, learn(0, 2), Action::Idle]);
            perform(&mut world, &[Action::Fail(class, nth)]);
            let is_refused = world.flush().unwrap().is_some();
            let after = perform(&mut world, &[Action::Idle, Action::Check]);
            let is_failed = after.compaction_failures > 0;
            assert_eq!(is_failed, after.compaction_error.is_some(), "{after:?}");
            let wait = [Action::Wait(RETRY_US), Action::Idle, Action::Check];
            let done = perform(&mut world, &wait);
            let what = format!("{class:?} number {nth}: {after:?} {done:?}");
            assert!(done.compaction_error.is_none() && done.flush_error.is_none(), "{what}");
            assert_eq!((done.segments, done.compactions), (1, 1), "{what}");
            world.perform(&Action::Reopen).unwrap();
            failed += u64::from(is_failed);
            if !is_failed && !is_refused && nth > 60 {
                break;
            }
        }
    }
    assert!(failed > 20, "{failed}");
}

#[test]
fn a_full_disk_fails_a_flush_and_loses_nothing() {
    for bytes_left in (0..40_000).step_by(1999) {
        let mut world = store(Merging::BySize);
        perform(&mut world, &[Action::FillDisk(bytes_left)]);
        let refused = world.flush().unwrap();
        let after = perform(&mut world, &[Action::Check]);
        assert_eq!(refused.is_some(), after.flush_error.is_some(), "{bytes_left}: {after:?}");
        assert!(refused.is_some() || bytes_left > 20_000, "{bytes_left} bytes are not enough");
        perform(&mut world, &[Action::FreeDisk]);
        assert_eq!(world.flush().unwrap().map(|error| error.to_string()), None);
        world.perform(&Action::Reopen).unwrap();
    }
}
