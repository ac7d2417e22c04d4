//! Views beside flushes, merges, replacing and deleting: what is held stays, what is not goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use shuttle::thread;
use sutra_shard::{Shard, ShardOptions, View};

use crate::commits::{Observed, commit, commit_and_delete, observe};
use crate::explore::{Count, Tally, explore};
use crate::machine::{Machine, in_segments, one_merge_at_a_time, with_history};

const COMMITS: u16 = 5;
const READERS: u32 = 2;
const VIEWS: u32 = 2;

#[test]
fn a_view_reads_the_same_while_its_files_are_merged_and_then_they_go() {
    let tally = explore("pinning", |tally| scenario(tally, &in_segments()));
    check_tally(&tally);
}

#[test]
fn a_merge_that_had_to_wait_for_another_one_is_done_after_it() {
    let tally = explore("waiting merges", merge_all);
    assert!(tally.get(Count::Merges) > tally.get(Count::Schedules));
}

#[test]
fn every_commit_reads_the_same_from_history_while_its_files_are_merged() {
    let tally = explore("history", |tally| scenario(tally, &with_history()));
    check_tally(&tally);
}

/// No merge is forgotten, whichever task it was left to. No view is held: for its sake the
/// compactor would look again anyway.
fn merge_all(tally: &Tally) {
    let machine = Machine::new();
    let shard = machine.open(&one_merge_at_a_time());
    for mark in 0..2 * COMMITS {
        shard.write(commit(mark)).unwrap();
        shard.flush().unwrap();
    }
    while shard.background().segments > 1 {
        thread::yield_now();
    }
    shard.close().unwrap();
    tally.add_background(&shard);
}

fn check_tally(tally: &Tally) {
    let schedules = tally.get(Count::Schedules);
    assert!(tally.get(Count::Flushes) > 2 * schedules && tally.get(Count::Merges) > schedules);
    assert!(tally.get(Count::Special) > schedules / 4, "views whose files were merged");
}

/// What each commit was first seen to be.
#[derive(Default)]
struct Known(Mutex<BTreeMap<u64, Observed>>);

impl Known {
    fn check(&self, view: &View) {
        let observed = observe(view);
        let mut known = self.0.lock();
        let before = known.entry(observed.seqno).or_insert_with(|| observed.clone());
        assert_eq!(*before, observed, "commit {} changed", observed.seqno);
    }
}

/// A view is held from the beginning, others are taken and given back on the way.
pub fn scenario(tally: &Tally, options: &ShardOptions) {
    let machine = Machine::new();
    let shard = machine.open(options);
    let known = Arc::new(Known::default());
    shard.write(commit(0)).unwrap();
    shard.flush().unwrap();
    let held = shard.view();
    known.check(&held);
    let mut threads = Vec::new();
    let written = Arc::clone(&shard);
    threads.push(thread::spawn(move || {
        for mark in 1..COMMITS {
            written.write(commit_and_delete(mark, mark - 1)).unwrap();
        }
        written.flush().unwrap();
    }));
    let keeps_history = options.history_keep_us.is_some();
    for _ in 0..READERS {
        let (shard, known) = (Arc::clone(&shard), Arc::clone(&known));
        threads.push(thread::spawn(move || read(&shard, &known, keeps_history)));
    }
    known.check(&held);
    known.check(&held);
    for thread in threads {
        thread.join().unwrap();
    }
    known.check(&held);
    let is_merged = shard.background().obsolete_files > 0;
    tally.add(Count::Special, u64::from(is_merged));
    drop(held);
    shard.close().unwrap();
    let background = shard.background();
    assert_eq!(background.obsolete_files, 0, "files that nobody reads");
    assert_eq!(machine.sealed_files(), background.segments + background.vector_files);
    known.check(&shard.view());
    tally.add_background(&shard);
}

fn read(shard: &Shard, known: &Known, keeps_history: bool) {
    for _ in 0..VIEWS {
        let view = shard.view();
        known.check(&view);
        known.check(&view);
        if keeps_history {
            for seqno in 1..=view.seqno() {
                known.check(&shard.view_at(seqno).unwrap());
            }
        }
    }
}
