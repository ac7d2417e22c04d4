//! Repairs that are interrupted, at every operation by a crash and at every call by a disk that
//! fails: the next one ends with what an undisturbed repair gives, and nothing is lost on the way.
//!
//! `REPAIR_STEP=1` tries all operations, and `REPAIR_SEEDS` says how often; a debug build takes
//! some of them.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use sutra_sim::{Bug, Damage, Lie, Points, Repairs, Tried};

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// Places so far apart, others for each kind of damage.
fn points(index: u64, step: u64) -> Points {
    Points { first: 1, step: variable("REPAIR_STEP").unwrap_or(step) }.rotated(index)
}

fn each_damage(what: &str, mut go: impl FnMut(u64, &mut Repairs) -> Tried) -> Tried {
    let mut all = Tried::default();
    for (index, damage) in (0..).zip(Damage::ALL) {
        let mut repairs = Repairs::new(damage, None).unwrap_or_else(|failure| panic!("{failure}"));
        let tried = go(index, &mut repairs);
        println!("{damage:?}: {tried:?}");
        all.add(tried);
    }
    println!("{what}: {all:?}");
    all
}

#[test]
fn a_repair_that_is_interrupted_anywhere_goes_on_to_the_same_end() {
    let all = each_damage("crashes", |index, repairs| {
        for seed in 0..variable("REPAIR_SEEDS").unwrap_or(1) {
            let crashed = repairs.crash_everywhere(points(index, 31), seed);
            crashed.unwrap_or_else(|failure| panic!("{failure}"));
        }
        repairs.tried()
    });
    assert!(all.crashes > 200 && all.again >= all.crashes, "{all:?}");
    assert!(all.refused > all.crashes && all.opened > 0, "{all:?}");
}

#[test]
fn a_disk_that_fails_in_a_repair_is_an_error_and_the_next_one_gives_the_same() {
    let all = each_damage("faults", |index, repairs| {
        let failed = repairs.fail_everywhere(points(index, 37));
        failed.unwrap_or_else(|failure| panic!("{failure}"));
        repairs.tried()
    });
    assert!(all.faults > 100, "{all:?}");
}

/// The mark of the first repair stayed when the second one had no room, and a store that had
/// opened before was never opened again.
#[test]
fn a_repair_that_was_interrupted_and_then_fails_leaves_the_store_as_it_was() {
    let all = each_damage("undone", |index, repairs| {
        let filled = repairs.fill_after_crashes(points(index, 23));
        filled.unwrap_or_else(|failure| panic!("{failure}"));
        repairs.tried()
    });
    assert!(all.undone > 20, "{all:?}");
}

#[test]
fn a_missing_sync_in_a_repair_is_found() {
    for (lie, file) in [(Lie::NoSync, "/store/MANIFEST"), (Lie::NoFolderSync, "/store/segments/")] {
        let found = Repairs::new(Damage::LogAndSegment, Some(Bug::Disk(lie)))
            .and_then(|mut repairs| repairs.crash_everywhere(Points::ALL, 0));
        let found = found.expect_err("a missing sync");
        assert_eq!(found.checker, "reads", "{lie:?}: {found}");
        assert!(found.message.starts_with(file), "{lie:?}: {found}");
    }
}
