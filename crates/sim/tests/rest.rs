//! What a store does by itself while nothing is written to it: its segments are merged further
//! after a while, then nobody waits for a time. On a clock that only moves when somebody waits.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use sutra_env::{Disk, Env, OpenMode};
use sutra_format::{BatchBuilder, Identity, Learn};
use sutra_shard::{Background, Shard, ShardOptions};
use sutra_sim::{Actor, Dice, SimClock, SimDisk, SimRandom, SimWork};

const PATH: &str = "/store";
/// Far longer than any pause of the engine but for an hour.
const WAITS_MAX: usize = 100;
const HOUR_US: u64 = 3_600_000_000;

struct Machine {
    clock: Arc<SimClock>,
    work: SimWork,
    env: Env,
}

impl Machine {
    fn new(disk: &SimDisk) -> Self {
        let clock = Arc::new(SimClock::default());
        let work = SimWork::new(Dice::new(1, Actor::Schedule), Arc::clone(&clock));
        let env = Env {
            disk: Arc::new(disk.clone()),
            clock: Arc::clone(&clock) as _,
            random: Arc::new(SimRandom::new(Dice::new(1, Actor::Engine))),
            work: Arc::new(work.clone()),
        };
        Self { clock, work, env }
    }

    fn open(&self) -> Arc<Shard> {
        let options = ShardOptions { delta_age_us_max: None, ..ShardOptions::default() };
        Shard::open(&self.env, Path::new(PATH), options).unwrap()
    }

    /// So many segments of about one size.
    fn fill(&self, shard: &Shard, segments: std::ops::Range<usize>) {
        for number in segments {
            let key = format!("key {number}");
            let content = format!("{number} ").repeat(100_000);
            let learn =
                Learn { identity: Identity::Key(&key), content: &content, ..Learn::default() };
            shard.submit(BatchBuilder::new().learn(&learn).build(), sink());
            shard.submit_flush(sink());
            self.work.run_until_idle();
        }
    }

    /// Lets time pass until nobody waits for it within an hour. How long that was.
    fn come_to_rest(&self) -> u64 {
        let began_us = self.clock.now_us();
        for _ in 0..WAITS_MAX {
            self.work.run_until_idle();
            let before_us = self.clock.now_us();
            if !self.work.pass_time() || self.clock.now_us() - before_us >= HOUR_US {
                return before_us - began_us;
            }
        }
        panic!("somebody is always waiting for a short time");
    }
}

/// Nobody is told.
fn sink() -> sutra_shard::Ack {
    struct Nobody;
    impl sutra_shard::AckSink for Nobody {
        fn complete(&self, _: u64, answer: sutra_shard::Result<sutra_shard::Committed>) {
            answer.unwrap();
        }
        fn group_end(&self) {}
    }
    sutra_shard::Ack { sink: Arc::new(Nobody), token: 0 }
}

fn segments(shard: &Shard) -> (u64, Background) {
    let background = shard.background();
    (background.segments, background)
}

/// The next log file was begun with the first one, in the background: on a disk with little room it
/// could take what the rest of a new store needed, and the making was refused.
#[test]
fn a_new_store_takes_no_room_that_it_does_not_need_before_its_first_commit() {
    let disk = SimDisk::new(Dice::new(3, Actor::Disk));
    let machine = Machine::new(&disk);
    let shard = machine.open();
    machine.work.run_until_idle();
    let spares = || disk.files().into_iter().filter(|(path, _)| path.contains("spare")).count();
    assert_eq!(spares(), 0);
    machine.fill(&shard, 0..1);
    assert_eq!(spares(), 1, "from then on one is kept ready");
}

#[test]
fn a_store_at_rest_is_merged_once_and_then_sleeps() {
    let machine = Machine::new(&SimDisk::new(Dice::new(1, Actor::Disk)));
    let shard = machine.open();
    machine.fill(&shard, 0..3);
    assert_eq!(segments(&shard).0, 3, "three are too few to be merged while others may come");
    let rested_us = machine.come_to_rest();
    assert!((500_000..5_000_000).contains(&rested_us), "{rested_us}");
    let (count, background) = segments(&shard);
    assert_eq!((count, background.compactions), (1, 1));
    assert_eq!(background.compaction_error, None);
    assert_eq!(machine.come_to_rest(), 0, "nobody waits any more");
}

#[test]
fn around_a_damaged_segment_a_store_comes_to_rest_too() {
    let disk = SimDisk::new(Dice::new(2, Actor::Disk));
    {
        let machine = Machine::new(&disk);
        let shard = machine.open();
        machine.fill(&shard, 0..3);
        machine.work.kill();
    }
    let is_segment = |path: &String| path.starts_with("/store/segments/");
    let damaged = disk.files().into_iter().map(|(path, _)| path).filter(is_segment).nth(1);
    let damaged = damaged.unwrap();
    flip_in_records(&disk, &damaged);
    let machine = Machine::new(&disk);
    let shard = machine.open();
    machine.fill(&shard, 3..6);
    machine.come_to_rest();
    let (count, background) = segments(&shard);
    assert_eq!(count, 3, "the damaged one parts the others: {background:?}");
    assert!(
        background
            .compaction_error
            .unwrap()
            .contains(Path::new(&damaged).file_name().unwrap().to_str().unwrap())
    );
    // Looked at again less and less often, and never merged: no more is written.
    let written = background.compaction_bytes;
    machine.come_to_rest();
    assert_eq!(segments(&shard).1.compaction_bytes, written);
    machine.fill(&shard, 6..7);
    machine.come_to_rest();
    assert!(segments(&shard).0 <= 4, "what comes later is merged as well");
}

/// Behind the header and the first blocks there are texts.
fn flip_in_records(disk: &SimDisk, path: &str) {
    let file = disk.open(Path::new(path), OpenMode::ReadWrite).unwrap();
    let at = file.bytes().unwrap() / 2;
    let mut byte = [0];
    file.read_at(at, &mut byte).unwrap();
    file.write_at(at, &[byte[0] ^ 1]).unwrap();
    file.sync_all().unwrap();
}
