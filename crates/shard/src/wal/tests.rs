//! The log on a real folder: what was appended is read again, and damage is told from a torn tail.

#![expect(clippy::disallowed_methods, reason = "a test damages files behind the log's back")]

use super::{Replayed, SegmentFiles, Wal, replay};
use crate::error::{Error, Result};
use crate::options::{Durability, ShardOptions};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_format::{BatchBuilder, Learn};

struct Log {
    dir: tempfile::TempDir,
    options: ShardOptions,
}

impl Log {
    fn new() -> Self {
        let options = ShardOptions {
            log_segment_bytes_min: 2048,
            log_segment_bytes_max: 4096,
            ..ShardOptions::default()
        };
        Self { dir: tempfile::tempdir().unwrap(), options }
    }

    fn files(&self) -> SegmentFiles {
        let options = &self.options;
        let (min, max) = (options.log_segment_bytes_min, options.log_segment_bytes_max);
        SegmentFiles::new(Env::real(), self.dir.path().into(), min, max)
    }

    fn replay(&self) -> Result<(Replayed, Vec<String>)> {
        let mut contents = Vec::new();
        let replayed = replay(&self.files(), &self.options, 0, &mut |_, commit| {
            for operation in &commit.operations {
                if let sutra_format::Op::Learn(learn) = operation {
                    contents.push(learn.content.to_owned());
                }
            }
            Ok(())
        })?;
        Ok((replayed, contents))
    }

    fn open(&self) -> Wal {
        let (replayed, _) = self.replay().unwrap();
        Wal::resume(&Env::real(), self.files(), &self.options, &replayed).unwrap()
    }

    fn newest(&self) -> PathBuf {
        let number = self.replay().unwrap().0.position.segment_number;
        self.files().path(number)
    }
}

fn append(wal: &mut Wal, contents: &[String]) {
    for content in contents {
        let batch = BatchBuilder::new().learn(&Learn { content, ..Learn::default() }).build();
        wal.reserve(Wal::commit_bytes(batch.bytes().len())).unwrap();
        wal.append_commit(1, batch.bytes());
    }
    wal.commit_group().unwrap();
}

fn contents(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("the content of concept number {number}")).collect()
}

fn patch(path: &Path, offset: u64, change: impl Fn(&mut u8)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes[offset as usize]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_was_appended_over_many_segments_and_runs_is_read_again() {
    let log = Log::new();
    for run in 0..5 {
        let mut wal = log.open();
        append(&mut wal, &contents(run * 40..run * 40 + 40));
        if run % 2 == 0 { wal.close().unwrap() } else { wal.stop_spare() }
    }
    let (replayed, found) = log.replay().unwrap();
    assert_eq!(found, contents(0..200));
    assert_eq!(replayed.torn, None);
    assert!(replayed.position.segment_number > 4);
}

#[test]
fn a_commit_larger_than_a_segment_gets_one_of_its_own_size() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &["x".repeat(100_000)]);
    append(&mut wal, &contents(0..1));
    wal.close().unwrap();
    assert_eq!(log.replay().unwrap().1.len(), 2);
}

#[test]
fn an_unfinished_record_at_the_end_is_cut_and_its_bytes_are_counted_once() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..3));
    wal.stop_spare();
    let end = log.replay().unwrap().0.position.offset;
    patch(&log.newest(), end - 20, |byte| *byte ^= 1);
    let (replayed, found) = log.replay().unwrap();
    assert_eq!(found, contents(0..2));
    assert_eq!(replayed.torn.map(|torn| torn.offset + torn.bytes > end - 8), Some(true));
    log.open().stop_spare();
    assert_eq!(log.replay().unwrap().0.torn, None);
}

#[test]
fn a_damaged_record_that_a_later_one_attests_is_refused_with_its_offset() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..1));
    append(&mut wal, &contents(1..2));
    wal.stop_spare();
    patch(&log.newest(), 64 + 45, |byte| *byte ^= 4);
    let error = log.replay().unwrap_err();
    assert!(matches!(&error, Error::Corrupt { offset: 64, .. }), "{error}");
}

#[test]
fn damage_to_the_last_commit_is_found_after_an_orderly_close() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..1));
    wal.close().unwrap();
    patch(&log.newest(), 64 + 45, |byte| *byte ^= 4);
    assert!(matches!(log.replay().unwrap_err(), Error::Corrupt { offset: 64, .. }));
}

#[test]
fn a_missing_segment_at_either_end_or_in_between_is_refused() {
    for missing in [1, 2, 3] {
        let log = Log::new();
        let mut wal = log.open();
        append(&mut wal, &contents(0..60));
        wal.close().unwrap();
        assert_eq!(log.replay().unwrap().0.position.segment_number, 3);
        fs::remove_file(log.files().path(missing)).unwrap();
        let error = log.replay().unwrap_err();
        assert!(matches!(&error, Error::Corrupt { .. }), "{missing}: {error}");
    }
}

#[test]
fn every_flipped_bit_of_a_closed_log_is_refused_or_changes_nothing() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..25));
    wal.close().unwrap();
    let (_, expected) = log.replay().unwrap();
    for number in 1..=log.replay().unwrap().0.position.segment_number {
        let path = log.files().path(number);
        let good = fs::read(&path).unwrap();
        for offset in 0..good.len() {
            let mut bytes = good.clone();
            bytes[offset] ^= 1 << (offset % 8);
            fs::write(&path, &bytes).unwrap();
            if let Ok((_, found)) = log.replay() {
                assert_eq!(found, expected, "segment {number} byte {offset}");
            }
        }
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn segments_below_the_floor_go_oldest_first_and_the_rest_reads_on() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..60));
    let floor = 40;
    assert!(wal.release_below(floor).unwrap() >= 1);
    wal.close().unwrap();
    let mut seqnos = Vec::new();
    replay(&log.files(), &log.options, floor, &mut |seqno, _| {
        seqnos.push(seqno);
        Ok(())
    })
    .unwrap();
    assert_eq!(seqnos, (floor + 1..=60).collect::<Vec<_>>());
    assert!(matches!(log.replay().unwrap_err(), Error::Corrupt { .. }));
}

#[test]
fn a_segment_that_was_given_up_is_used_again_and_its_old_bytes_are_gone() {
    let log = Log::new();
    let mut wal = log.open();
    append(&mut wal, &contents(0..60));
    let segments = || -> BTreeMap<u64, PathBuf> {
        let files = fs::read_dir(log.dir.path()).unwrap().map(|entry| entry.unwrap());
        let is_segment = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "wal");
        let named = files.map(|entry| entry.path()).filter(is_segment);
        // A file may get another name while it is looked at.
        named.filter_map(|path| Some((fs::metadata(&path).ok()?.ino(), path))).collect()
    };
    let before = segments();
    assert!(wal.release_below(60).unwrap() >= 1);
    let is_used_again = || {
        let mut now = segments().into_iter();
        now.any(|(inode, path)| before.get(&inode).is_some_and(|then| *then != path))
    };
    // The spare is made in the background: how many segments are begun before it is there depends
    // on the machine.
    let mut last = 60;
    while !is_used_again() {
        assert!(last < 20_000, "the file was not used again");
        append(&mut wal, &contents(last..last + 10));
        last += 10;
    }
    wal.close().unwrap();
    let mut seqnos = Vec::new();
    replay(&log.files(), &log.options, 60, &mut |seqno, _| {
        seqnos.push(seqno);
        Ok(())
    })
    .unwrap();
    assert_eq!(seqnos, (61..=u64::from(last)).collect::<Vec<_>>());
}

#[test]
fn without_durability_everything_is_there_after_an_orderly_close() {
    let mut log = Log::new();
    log.options.durability = Durability::None;
    let mut wal = log.open();
    append(&mut wal, &contents(0..100));
    wal.close().unwrap();
    assert_eq!(log.replay().unwrap().1, contents(0..100));
}
