//! A repair of a shard with more problems than a check lists: what it does not list is damaged too.
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{STORED, learn, open, options, with_extension};
use sutra_env::Env;
use sutra_format::{BatchBuilder, Learn};
use sutra_shard::{check_shard, repair_shard};

const BLOCK_BYTES: usize = 4096;
/// More than are listed.
const BLOCKS: usize = 10_100;

/// Ten thousand bad blocks in the first segment hid the one in the second, which was then kept.
#[test]
fn a_bad_block_behind_ten_thousand_others_is_not_taken_for_sound() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), options()).unwrap();
    let text = "0123456789abcdef".repeat(1 << 16);
    for number in 0..42 {
        let content = format!("{number} {text}");
        let learn = Learn { content: &content, ..Learn::default() };
        shard.write(BatchBuilder::new().learn(&learn).build()).unwrap();
    }
    shard.flush().unwrap();
    for round in 0..2 {
        learn(&shard, round * 10..round * 10 + 10, 0);
        shard.flush().unwrap();
    }
    shard.close().unwrap();
    let segments = with_extension(dir.path(), "seg");
    let large = std::fs::metadata(&segments[0]).unwrap().len() as usize;
    let last = large / BLOCK_BYTES - 100;
    for (file, blocks) in [(&segments[0], last - BLOCKS..last), (&segments[1], 1..2)] {
        let mut bytes = std::fs::read(file).unwrap();
        for block in blocks {
            bytes[block * BLOCK_BYTES + 1] ^= 0x10;
        }
        std::fs::write(file, bytes).unwrap();
    }
    let report = check_shard(&Env::real(), dir.path(), &STORED).unwrap();
    assert_eq!(report.problems.last().unwrap().code, "MORE");
    assert!(report.problems.iter().all(|problem| problem.file.as_ref() == Some(&segments[0])));
    let done = repair_shard(&Env::real(), dir.path(), &STORED, true).unwrap();
    let left_out: Vec<_> = done.left_out.iter().map(|left_out| &left_out.file).collect();
    assert_eq!(left_out, [&segments[1], &segments[0]]);
    assert_eq!(check_shard(&Env::real(), dir.path(), &STORED).unwrap().problems, []);
    let shard = open(dir.path(), options()).unwrap();
    assert!(shard.view().get(&folder::id(12)).unwrap().is_some());
    assert!(shard.view().get(&folder::id(2)).unwrap().is_none());
    shard.close().unwrap();
}
