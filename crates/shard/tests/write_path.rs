//! The write path through the public API on a real folder: groups, reopening, closing.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

use std::sync::Arc;
use sutra_env::Env;
use sutra_format::{Batch, BatchBuilder, ConceptId, Learn, Limits, Refusal};
use sutra_shard::{Durability, Error, Shard, ShardOptions};

fn learn(content: &str) -> Batch {
    BatchBuilder::new().learn(&Learn { content, ..Learn::default() }).build()
}

fn open(dir: &tempfile::TempDir, options: ShardOptions) -> Arc<Shard> {
    Shard::open(&Env::real(), dir.path(), options).unwrap()
}

#[test]
fn writers_on_many_threads_share_groups_and_everything_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    for durability in [Durability::Fsync, Durability::Os, Durability::None] {
        let shard = open(&dir, ShardOptions { durability, ..ShardOptions::default() });
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let shard = &shard;
                scope.spawn(move || {
                    for number in 0..100 {
                        let content = format!("{durability:?} {writer} {number}");
                        let committed = shard.write(learn(&content)).unwrap();
                        let id = ConceptId::of_content("default", &content);
                        assert_eq!(committed.outcomes[0].id, id);
                        assert!(committed.outcomes[0].changed);
                        assert_eq!(
                            shard.view().get(&id).unwrap().unwrap().content().unwrap(),
                            content.as_bytes(),
                            "acknowledged and not readable"
                        );
                    }
                });
            }
        });
        assert!(shard.stats().unwrap().groups < 801, "no two writes shared a group");
        shard.close().unwrap();
    }
    let shard = open(&dir, ShardOptions::default());
    assert_eq!(shard.stats().unwrap().counts.concepts, 2400);
    assert_eq!(shard.view().seqno(), 2400);
    shard.close().unwrap();
}

#[test]
fn a_view_does_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(&dir, ShardOptions::default());
    let id = shard.write(learn("kept")).unwrap().outcomes[0].id;
    let before = shard.view();
    shard.write(BatchBuilder::new().delete(id).build()).unwrap();
    assert!(before.get(&id).unwrap().is_some());
    assert!(shard.view().get(&id).unwrap().is_none());
    shard.close().unwrap();
    assert!(before.get(&id).unwrap().is_some());
}

#[test]
fn a_closed_shard_refuses_writes_and_can_be_closed_again() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(&dir, ShardOptions::default());
    shard.close().unwrap();
    shard.close().unwrap();
    assert!(matches!(shard.write(learn("late")), Err(Error::Closed(_))));
    assert!(matches!(shard.flush(), Err(Error::Closed(_))));
}

#[test]
fn opening_for_reading_writes_nothing_and_refuses_writes() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(&dir, ShardOptions::default());
    shard.write(learn("there")).unwrap();
    shard.close().unwrap();
    let bytes = || std::fs::read(dir.path().join("wal/0000000001.wal")).unwrap();
    let before = bytes();
    let reader = open(&dir, ShardOptions { read_only: true, ..ShardOptions::default() });
    assert_eq!(reader.stats().unwrap().counts.concepts, 1);
    assert!(matches!(reader.write(learn("no")), Err(Error::Closed(_))));
    reader.close().unwrap();
    assert_eq!(bytes(), before);
}

#[test]
fn memory_stays_below_its_bound_while_far_more_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let memory_bytes_max = 4 << 20;
    let shard = open(&dir, ShardOptions { memory_bytes_max, ..ShardOptions::default() });
    for written in 0..3000 {
        shard.write(learn(&format!("{written} {}", "x".repeat(10_000)))).unwrap();
        let memory = shard.stats().unwrap().memory;
        let bytes = memory.records + memory.tables + memory.vectors + memory.held;
        assert!(bytes < memory_bytes_max + (1 << 20), "{memory:?}");
    }
    let stats = shard.stats().unwrap();
    assert_eq!(stats.counts.concepts, 3000);
    assert!(stats.background.flushes > 5, "{:?}", stats.background);
    shard.close().unwrap();
}

/// Room in the log was made for it first: a new segment as long as the refused batch.
#[test]
fn a_batch_over_its_limit_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { frame_bytes_max: 1000, ..Limits::default() };
    let shard = open(&dir, ShardOptions { limits, ..ShardOptions::default() });
    let error = shard.write(learn(&"x".repeat(3 << 20))).unwrap_err();
    assert!(matches!(error, Error::Refused(Refusal::Limit { limit: 1000, .. })), "{error}");
    assert_eq!(shard.stats().unwrap().segment_number, 1);
    shard.close().unwrap();
}
