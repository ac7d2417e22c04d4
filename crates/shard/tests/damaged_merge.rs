//! A segment that cannot be merged because it is damaged: the others are merged without it, what is
//! written goes on, and the statistics say what is wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{id, learn, open, options, with_extension};
use std::path::Path;
use std::time::{Duration, Instant};
use sutra_shard::{Background, Shard, ShardOptions};

/// Segments of one size: four neighbours are merged.
const SEGMENTS: usize = 3;
const PER_SEGMENT: usize = 40;

/// Only the records are damaged: finding out which concepts are there goes on.
fn flip_in_text(path: &Path, text: &str) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn fill(shard: &Shard, segments: std::ops::Range<usize>) {
    for number in segments {
        learn(shard, number * PER_SEGMENT..(number + 1) * PER_SEGMENT, 0);
        shard.flush().unwrap();
    }
}

fn wait_until(shard: &Shard, what: &str, is_so: impl Fn(&Background) -> bool) -> Background {
    let started = Instant::now();
    loop {
        let background = shard.stats().unwrap().background;
        if is_so(&background) {
            return background;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: {background:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn others_are_merged_around_a_damaged_segment() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), options()).unwrap();
    fill(&shard, 0..SEGMENTS);
    shard.close().unwrap();
    drop(shard);
    let damaged = with_extension(dir.path(), "seg")[1].clone();
    flip_in_text(&damaged, "content 50 of 0");

    let shard = open(dir.path(), ShardOptions { must_exist: true, ..options() }).unwrap();
    // The fourth makes the merge of all four fail; behind the damage four more come together.
    fill(&shard, SEGMENTS..SEGMENTS + 1);
    let failed = wait_until(&shard, "a merge fails", |now| now.compaction_failures > 0);
    let name = damaged.file_name().unwrap().to_str().unwrap();
    let error = failed.compaction_error.unwrap();
    assert!(error.contains(name), "{error} does not name {name}");

    fill(&shard, SEGMENTS + 1..SEGMENTS + 40);
    let merged =
        wait_until(&shard, "the rest is merged", |now| now.compactions >= 10 && now.segments <= 8);
    assert!(merged.compaction_error.unwrap().contains(name), "it is still said");
    assert!(merged.compaction_failures < 10, "{} tries", merged.compaction_failures);
    let view = shard.view();
    for number in (SEGMENTS - 1) * PER_SEGMENT..(SEGMENTS + 40) * PER_SEGMENT {
        let concept = view.get(&id(number)).unwrap().unwrap();
        assert_eq!(concept.content().unwrap(), format!("content {number} of 0").as_bytes());
    }
    shard.close().unwrap();
    assert!(damaged.exists(), "what is damaged is not removed");
}
