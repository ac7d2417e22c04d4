//! All short histories with a crash at every operation, including the creation of the store.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use sutra_sim::{Bug, Lie, run_all_merged, run_all_short};

/// `sutra-sim --exhaustive 3` goes one further.
const LENGTH: u32 = 2;

#[test]
fn no_short_history_loses_anything_at_any_crash_point() {
    let runs = run_all_short(LENGTH, None).unwrap_or_else(|found| panic!("{found}"));
    assert!(runs > 2000, "{runs}");
}

#[test]
fn a_missing_sync_is_found_in_short_histories() {
    for lie in [Lie::NoSync, Lie::NoFolderSync] {
        assert!(run_all_short(1, Some(Bug::Disk(lie))).is_err(), "{lie:?}");
    }
}

#[test]
fn no_flush_or_merge_loses_anything_at_any_crash_point() {
    let runs = run_all_merged(1, None).unwrap_or_else(|found| panic!("{found}"));
    assert!(runs > 3000, "{runs}");
}
