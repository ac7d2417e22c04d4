//! A shard that nothing happened to has no problem, while it is open and when it is closed.
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{STORED, fill, learn, open, options};
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_env::Env;
use sutra_shard::{Durability, ShardOptions, check_shard};

#[test]
fn a_sound_shard_has_no_problem_with_and_without_history() {
    for history_keep_us in [None, Some(u64::MAX / 2)] {
        let dir = tempfile::tempdir().unwrap();
        let shard = open(dir.path(), ShardOptions { history_keep_us, ..options() }).unwrap();
        fill(&shard);
        let report = shard.check().unwrap();
        assert_eq!(report.problems, [], "open");
        shard.close().unwrap();
        let report = check_shard(&Env::real(), dir.path(), &STORED).unwrap();
        assert_eq!(report.problems, [], "closed");
        // Of 24 and 2, one was deleted, learned again, another deleted.
        assert_eq!((report.concepts, report.vectors), (25, 9));
        assert!(report.edges > 10, "{report:?}");
        let on_disk: u64 =
            folder::all_files(dir.path()).iter().map(|f| f.metadata().unwrap().len()).sum();
        assert!(report.bytes_checked <= on_disk);
        assert!(report.bytes_checked > on_disk / 2, "{} of {on_disk}", report.bytes_checked);
    }
}

#[test]
fn what_was_merged_is_sound() {
    for history_keep_us in [None, Some(u64::MAX / 2)] {
        let dir = tempfile::tempdir().unwrap();
        let shard = open(dir.path(), ShardOptions { history_keep_us, ..options() }).unwrap();
        for round in 0..5 {
            fill(&shard);
            learn(&shard, 0..20 * (round + 1), round);
            shard.flush().unwrap();
        }
        shard.close().unwrap();
        let report = check_shard(&Env::real(), dir.path(), &STORED).unwrap();
        assert_eq!(report.problems, []);
    }
}

#[test]
fn checking_goes_on_while_everything_changes() {
    for durability in [Durability::Fsync, Durability::Os, Durability::None] {
        let dir = tempfile::tempdir().unwrap();
        let shard = open(dir.path(), ShardOptions { durability, ..options() }).unwrap();
        fill(&shard);
        let is_done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..30 {
                    learn(&shard, 0..60, round);
                    folder::associate(&shard, round, round + 1, Some("knows"), 1.0);
                    shard.flush().unwrap();
                }
                is_done.store(true, Ordering::Release);
            });
            let mut checks = 0;
            while !is_done.load(Ordering::Acquire) || checks == 0 {
                assert_eq!(shard.check().unwrap().problems, []);
                checks += 1;
            }
        });
        shard.close().unwrap();
        let report = check_shard(&Env::real(), dir.path(), &STORED).unwrap();
        assert_eq!(report.problems, []);
    }
}
