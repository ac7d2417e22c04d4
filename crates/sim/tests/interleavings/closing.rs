//! Closing while everything else goes on: it ends, and the shard opens again with all of it.

use std::sync::Arc;

use parking_lot::Mutex;
use shuttle::thread;
use sutra_shard::{Error, ShardOptions};

use crate::commits::{check_prefix, commit, observe};
use crate::explore::{Count, Tally, explore};
use crate::machine::{Machine, in_segments};

/// Commits of each writer.
const COMMITS: [u16; 3] = [2, 4, 6];
/// More than any writer has.
const MARKS: u16 = 10;

#[test]
fn closing_beside_writes_flushes_and_merges_ends_and_loses_nothing_acknowledged() {
    // The delta may also be old enough at any time.
    let options = ShardOptions { delta_age_us_max: Some(100), ..in_segments() };
    let tally = explore("closing", move |tally| scenario(tally, &options));
    let schedules = tally.get(Count::Schedules);
    assert!(tally.get(Count::Flushes) > schedules, "flushes");
    assert!(tally.get(Count::Special) > schedules / 2, "writes refused because of closing");
}

/// Writers that close when they are done, whoever still writes, and a flush.
pub fn scenario(tally: &Tally, options: &ShardOptions) {
    let machine = Machine::new();
    let shard = machine.open(options);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut threads = Vec::new();
    for (writer, commits) in (0..).zip(COMMITS) {
        let (shard, acknowledged) = (Arc::clone(&shard), Arc::clone(&acknowledged));
        let tally = tally.clone();
        threads.push(thread::spawn(move || {
            for number in 0..commits {
                let mark = writer * MARKS + number;
                match shard.write(commit(mark)) {
                    Ok(committed) => acknowledged.lock().push((committed.seqno, mark)),
                    Err(Error::Closed(_)) => tally.add(Count::Special, 1),
                    Err(error) => panic!("{error}"),
                }
            }
            shard.close().unwrap();
        }));
    }
    let flushed = Arc::clone(&shard);
    threads.push(thread::spawn(move || {
        let before = flushed.view().seqno();
        match flushed.flush() {
            Ok(_) => assert!(flushed.background().floor_seqno >= before, "flushed, and not there"),
            Err(Error::Closed(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }));
    for thread in threads {
        thread.join().unwrap();
    }
    tally.add_background(&shard);
    drop(shard);
    let reopened = machine.open(options);
    let mut acknowledged = std::mem::take(&mut *acknowledged.lock());
    acknowledged.sort_unstable_by(|a, b| b.cmp(a));
    let observed = observe(&reopened.view());
    check_prefix(&observed);
    assert_eq!(observed.own, acknowledged);
    assert!(reopened.check().unwrap().is_sound());
    reopened.close().unwrap();
}
