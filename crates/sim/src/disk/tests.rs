//! The fake disk is held to what the engine relies on, and shown to break what it must not rely on.

use super::*;
use crate::dice::{Actor, Dice};
use std::io;
use std::path::Path;
use sutra_env::{Disk, LockError, LockMode, OpenMode, read_to_end, replace_file, write_all_at};

const ALL_LOST: Crash = Crash::PowerLoss(Survival::None);
const ALL_KEPT: Crash = Crash::PowerLoss(Survival::All);
const MIXED: Crash = Crash::PowerLoss(Survival::Mixed { kept_of_16: 8, torn_of_16: 2 });

fn disk(seed: u64) -> SimDisk {
    SimDisk::new(Dice::new(seed, Actor::Disk))
}

fn with_file(disk: &SimDisk, bytes: &[u8]) {
    let file = disk.open(Path::new("/f"), OpenMode::CreateNew).unwrap();
    write_all_at(file.as_ref(), 0, bytes).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
}

fn kind<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn synced_bytes_under_a_synced_name_survive_everything() {
    for seed in 0..100 {
        let disk = disk(seed);
        with_file(&disk, b"kept");
        for crash in [ALL_LOST, MIXED, ALL_KEPT, Crash::Kill] {
            assert_eq!(disk.crash(crash).content("/f"), b"kept");
        }
    }
}

#[test]
fn each_sector_of_an_unsynced_write_is_new_old_or_torn_on_its_own() {
    let (mut partly, mut torn) = (0, 0);
    for seed in 0..200 {
        let disk = disk(seed);
        with_file(&disk, &[1; 2048]);
        let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
        write_all_at(file.as_ref(), 256, &[2; 1536]).unwrap();
        let after = disk.crash(MIXED).content("/f");
        assert_eq!(after.len(), 2048);
        assert_eq!((&after[..256], &after[1792..]), (&[1; 256][..], &[1; 256][..]));
        let pieces = [&after[256..512], &after[512..1024], &after[1024..1536], &after[1536..1792]];
        let is = |value| pieces.iter().filter(|p| p.iter().all(|b| *b == value)).count();
        torn += 4 - is(1) - is(2);
        partly += usize::from(is(2) > 0 && is(1) > 0);
    }
    assert!(partly > 50 && torn > 20, "{partly} {torn}");
}

#[test]
fn a_growing_file_can_keep_its_length_without_data_and_lose_its_length_with_data() {
    let (mut zeros, mut shorter, mut whole) = (0, 0, 0);
    for seed in 0..300 {
        let disk = disk(seed);
        with_file(&disk, b"");
        let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
        write_all_at(file.as_ref(), 0, &[7; 100]).unwrap();
        match disk.crash(MIXED).content("/f") {
            content if content.is_empty() => shorter += 1,
            content if content == [0; 100] => zeros += 1,
            content if content == [7; 100] => whole += 1,
            _ => {}
        }
    }
    assert!(zeros > 20 && shorter > 20 && whole > 20, "{zeros} {shorter} {whole}");
}

#[test]
fn a_length_set_last_needs_a_full_sync() {
    for (full, expected) in [(false, 4), (true, 100)] {
        let disk = disk(1);
        with_file(&disk, b"data");
        let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
        file.set_bytes(100).unwrap();
        let synced = if full { file.sync_all() } else { file.sync_data() };
        synced.unwrap();
        assert_eq!(disk.crash(ALL_LOST).content("/f").len(), expected);
    }
}

#[test]
fn names_need_a_folder_sync_and_any_subset_survives_without() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let disk = disk(seed);
        with_file(&disk, b"old");
        disk.create_dir_all(Path::new("/d/e")).unwrap();
        disk.rename(Path::new("/f"), Path::new("/g")).unwrap();
        let new = disk.open(Path::new("/f"), OpenMode::CreateNew).unwrap();
        write_all_at(new.as_ref(), 0, b"new").unwrap();
        new.sync_all().unwrap();
        let after = disk.crash(MIXED);
        let names: Vec<_> = after.list(Path::new("/")).unwrap();
        let names: Vec<_> = names.into_iter().map(|entry| entry.name).collect();
        assert!(names.contains(&"f".to_owned()) || names.contains(&"g".to_owned()));
        seen.insert(names.join(" "));
    }
    let seen: Vec<_> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["d f", "d f g", "d g", "f", "f g", "g"]);
}

#[test]
fn a_file_moved_to_another_folder_has_the_old_name_or_the_new_one_or_both() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        for synced in ["", "/", "/d"] {
            let disk = disk(seed);
            with_file(&disk, b"kept");
            disk.create_dir_all(Path::new("/d")).unwrap();
            disk.sync_dir(Path::new("/")).unwrap();
            disk.rename(Path::new("/f"), Path::new("/d/g")).unwrap();
            if !synced.is_empty() {
                disk.sync_dir(Path::new(synced)).unwrap();
            }
            let after = disk.crash(MIXED);
            let names: Vec<_> = after.files().into_iter().map(|(name, _)| name).collect();
            assert!(names.iter().all(|name| after.content(name) == b"kept"));
            seen.insert(format!("{synced}: {}", names.join(" ")));
        }
    }
    let seen: Vec<_> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["/: /d/g", "/d: /d/g", "/d: /d/g /f", ": /d/g", ": /d/g /f", ": /f"]);
}

#[test]
fn replacing_a_file_leaves_the_old_or_the_new_content_whole() {
    for seed in 0..300 {
        let disk = disk(seed);
        replace_file(&disk, Path::new("/m"), &[1; 3000]).unwrap();
        disk.change_plan(|plan| plan.crash_at = Some(disk_point(seed)));
        let done = replace_file(&disk, Path::new("/m"), &[2; 3000]).is_ok();
        let after = disk.crash(MIXED).content("/m");
        assert!(after == [2; 3000] || (!done && after == [1; 3000]), "seed {seed}");
    }
}

fn disk_point(seed: u64) -> u64 {
    5 + seed % 8
}

#[test]
fn a_failed_sync_reports_once_and_the_data_is_gone_for_good() {
    let mut lost = 0;
    for seed in 0..100 {
        let disk = disk(seed);
        with_file(&disk, b"old!");
        let count = disk.calls(OpClass::Sync) + 1;
        disk.change_plan(|plan| plan.faults.push(Fault { class: OpClass::Sync, count }));
        let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
        write_all_at(file.as_ref(), 0, b"new!").unwrap();
        assert!(file.sync_data().is_err());
        file.sync_data().unwrap();
        assert_eq!(read_to_end(file.as_ref()).unwrap(), b"new!");
        lost += usize::from(disk.crash(ALL_KEPT).content("/f") != b"new!");
    }
    assert!((10..100).contains(&lost), "{lost}");
}

#[test]
fn a_full_disk_writes_what_fits_and_then_says_so() {
    let disk = disk(1);
    with_file(&disk, &[1; 512]);
    disk.change_plan(|plan| plan.capacity_bytes = Some(1536));
    let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
    // A hole takes no space, so the room it seems to hold is not there.
    file.set_bytes(4096).unwrap();
    assert_eq!(
        kind(write_all_at(file.as_ref(), 512, &[2; 2048])),
        Some(io::ErrorKind::StorageFull)
    );
    assert!(disk.bytes_used() <= 1536);
    write_all_at(file.as_ref(), 0, &[3; 512]).unwrap();
    disk.remove_file(Path::new("/f")).unwrap();
    assert_eq!(disk.bytes_used(), 0);
}

#[test]
fn the_operation_at_the_crash_point_and_all_after_it_fail_until_the_next_run() {
    let disk = disk(1);
    with_file(&disk, b"x");
    disk.change_plan(|plan| plan.crash_at = Some(6));
    let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
    assert_eq!(disk.operations(), 4);
    write_all_at(file.as_ref(), 0, b"y").unwrap();
    assert!(file.sync_data().is_err() && disk.has_stopped());
    assert!(file.read_at(0, &mut [0]).is_err() && disk.list(Path::new("/")).is_err());
    let next = disk.crash(Crash::Kill);
    assert!(file.read_at(0, &mut [0]).is_err() && disk.list(Path::new("/")).is_err());
    assert_eq!(next.content("/f"), b"y");
    assert_eq!(next.crash(ALL_LOST).content("/f"), b"x");
}

#[test]
fn locks_keep_others_out_until_dropped_or_the_process_ends() {
    let disk = disk(1);
    let path = Path::new("/LOCK");
    let held = |disk: &SimDisk, mode| match disk.lock(path, mode) {
        Err(LockError::Held { pid }) => pid,
        other => panic!("{:?}", other.err()),
    };
    let guard = disk.lock(path, LockMode::Exclusive).unwrap();
    assert_eq!(held(&disk, LockMode::Shared), Some(1000));
    drop(guard);
    let shared = [disk.lock(path, LockMode::Shared), disk.lock(path, LockMode::Shared)];
    assert_eq!(held(&disk, LockMode::Exclusive), None);
    let next = disk.crash(Crash::Kill);
    let _guard = next.lock(path, LockMode::Exclusive).unwrap();
    drop(shared);
    assert_eq!(held(&next, LockMode::Exclusive), Some(1001));
}

#[test]
fn short_writes_and_bit_flips_happen_where_asked() {
    let disk = disk(9);
    with_file(&disk, &[0; 64]);
    disk.change_plan(|plan| plan.short_writes = true);
    let file = disk.open(Path::new("/f"), OpenMode::ReadWrite).unwrap();
    let short = (0..100).filter(|_| file.write_at(0, &[0; 64]).unwrap() < 64).count();
    assert!((1..50).contains(&short));
    disk.flip_bit("/f", 5, 2);
    assert_eq!(disk.crash(ALL_LOST).content("/f")[5], 4);
}

#[test]
fn a_mapping_shows_what_programs_see_aligned() {
    let disk = disk(1);
    assert_eq!(kind(disk.map(Path::new("/f"))), Some(io::ErrorKind::NotFound));
    let bytes: Vec<u8> = (0..1001_u32).map(|at| at as u8).collect();
    with_file(&disk, &bytes);
    let mapping = disk.map(Path::new("/f")).unwrap();
    assert_eq!(mapping.bytes(), bytes);
    assert_eq!(mapping.bytes().as_ptr().align_offset(8), 0);
    disk.rename(Path::new("/f"), Path::new("/g")).unwrap();
    assert_eq!(mapping.bytes(), bytes, "a file that is only called differently");
    disk.replace("/g", b"");
    assert_eq!(disk.map(Path::new("/g")).unwrap().bytes(), b"");
    assert!(disk.map(Path::new("/")).is_err());
}

#[test]
fn a_mapping_gives_nothing_once_its_file_has_no_name() {
    let disk = disk(1);
    with_file(&disk, b"removed");
    let removed = disk.map(Path::new("/f")).unwrap();
    let elsewhere = disk.fork();
    disk.remove_file(Path::new("/f")).unwrap();
    assert_eq!(removed.bytes(), b"");
    with_file(&disk, b"replaced");
    assert_eq!(removed.bytes(), b"", "another file of that name");
    let replaced = disk.map(Path::new("/f")).unwrap();
    replace_file(&disk, Path::new("/f"), b"new").unwrap();
    assert_eq!(replaced.bytes(), b"");
    let there = elsewhere.map(Path::new("/f")).unwrap();
    assert_eq!(there.bytes(), b"removed");
}

#[test]
fn a_mapping_gives_nothing_once_the_machine_stopped_or_the_process_ended() {
    let disk = disk(1);
    with_file(&disk, b"x");
    let ended = disk.map(Path::new("/f")).unwrap();
    let disk = disk.crash(Crash::Kill);
    assert_eq!(ended.bytes(), b"");
    let stopped = disk.map(Path::new("/f")).unwrap();
    let next = disk.operations() + 1;
    disk.change_plan(|plan| plan.crash_at = Some(next));
    assert_eq!(stopped.bytes(), b"x");
    assert!(disk.sync_dir(Path::new("/")).is_err());
    assert_eq!(stopped.bytes(), b"");
}

#[test]
fn mapping_fails_where_reading_is_planned_to() {
    let disk = disk(1);
    with_file(&disk, b"x");
    for class in [OpClass::Read, OpClass::Open] {
        let count = disk.calls(class) + 1;
        disk.change_plan(|plan| plan.faults.push(Fault { class, count }));
        assert!(disk.map(Path::new("/f")).is_err());
        assert_eq!(disk.map(Path::new("/f")).unwrap().bytes(), b"x");
    }
}
