//! Damage at rest: whatever happens to the files of a closed store, opening it either says which
//! file is damaged or shows exactly what was there.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::path::Path;

use sutra_env::Disk;
use sutra_shard::{Durability, Error};
use sutra_sim::{Action, Crash, Merging, Plan, Setting, SimDisk, State, World, read_store};

const MANIFEST: &str = "/store/MANIFEST";

/// A store whose log has several files, closed in order.
fn closed_log() -> (SimDisk, State, Setting) {
    closed_store(&Plan::of_seed(11).setting.without_segments())
}

/// A store most of which is in segments, some of them merged, closed in order.
fn closed_segments() -> (SimDisk, State, Setting) {
    let setting = Plan::of_seed(11).setting.with_segments(4, Merging::Newest);
    closed_store(&setting)
}

fn closed_store(setting: &Setting) -> (SimDisk, State, Setting) {
    let mut plan = Plan::of_seed(11);
    plan.setting = Setting { short_writes: false, history_keep_us: None, ..setting.clone() };
    let mut world = World::new(plan.seed, plan.setting.clone(), None);
    world.start().unwrap();
    for action in &plan.actions {
        if matches!(action, Action::Submit(_)) {
            world.perform(action).unwrap();
            world.perform(&Action::Idle).unwrap();
        }
    }
    world.perform(&Action::Idle).unwrap();
    let expected = world.expected().clone();
    world.close().unwrap();
    assert!(world.disk().files().len() >= 3, "{:?}", world.disk().files());
    (world.disk().clone(), expected, plan.setting)
}

/// Whether it is a segment of the log, not a spare one.
fn is_log(file: &str) -> bool {
    file.starts_with("/store/wal/0")
}

/// Whether it is a segment or a file of vectors.
fn is_sealed(file: &str) -> bool {
    file.starts_with("/store/segments/")
}

/// Opens a damaged copy. Gives whether the damage was noticed; panics on a wrong answer.
fn noticed(disk: &SimDisk, setting: &Setting, file: &str, expected: &State, what: &str) -> bool {
    match read_store(disk, setting) {
        Ok(found) => {
            assert_eq!(expected.difference(&found), None, "{what}");
            false
        }
        Err(Error::Corrupt { file: named, .. }) => {
            let neighbour = named.parent() == Path::new(file).parent();
            assert!(neighbour, "{what}: {} is named", named.display());
            true
        }
        Err(Error::NotAStore { path, .. }) => {
            assert_eq!(path, Path::new(file), "{what}");
            true
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

/// Far from anything that was written: a flip there is tried now and then only.
fn is_unwritten(content: &[u8], offset: usize) -> bool {
    let around = offset.saturating_sub(24)..(offset + 24).min(content.len());
    content[around].iter().all(|byte| *byte == 0)
}

#[test]
fn one_flipped_bit_is_noticed_or_harmless_wherever_it_is() {
    let (disk, expected, setting) = closed_log();
    let (mut found, mut harmless) = (0, 0);
    for (file, bytes) in disk.files() {
        let is_log = is_log(&file);
        let content = disk.content(&file);
        for offset in 0..bytes {
            if is_unwritten(&content, offset as usize) && offset % 29 != 0 {
                continue;
            }
            let damaged = disk.fork();
            let bit = (offset % 7 + offset / 64 % 2) as u8;
            damaged.flip_bit(&file, offset, bit);
            let what = format!("bit {bit} of byte {offset} of {file}");
            if noticed(&damaged, &setting, &file, &expected, &what) {
                assert!(is_log || file == MANIFEST, "{what}");
                found += 1;
            } else {
                harmless += 1;
            }
        }
    }
    assert!(found > 800 && harmless > 0, "{found} noticed, {harmless} harmless");
}

#[test]
fn a_log_file_cut_anywhere_is_noticed() {
    let (disk, expected, setting) = closed_log();
    for (file, bytes) in disk.files().into_iter().filter(|(file, _)| is_log(file)) {
        for length in (0..bytes).step_by(13) {
            let damaged = disk.fork();
            damaged.replace(&file, &disk.content(&file)[..length as usize]);
            let what = format!("{file} cut to {length}");
            assert!(noticed(&damaged, &setting, &file, &expected, &what), "{what}");
        }
    }
}

#[test]
fn a_missing_or_swapped_log_file_is_noticed() {
    let (disk, expected, setting) = closed_log();
    let files: Vec<_> =
        disk.files().into_iter().map(|(file, _)| file).filter(|f| is_log(f)).collect();
    for file in &files {
        let damaged = disk.fork();
        damaged.remove_file(Path::new(file)).unwrap();
        // A first segment in which there was no room for the first commit is not missed.
        let is_missed = noticed(&damaged, &setting, file, &expected, &format!("{file} removed"));
        assert!(is_missed || *file == files[0], "{file} removed");
        for other in files.iter().filter(|other| *other != file) {
            let damaged = disk.fork();
            damaged.replace(file, &disk.content(other));
            let what = format!("{file} is a copy of {other}");
            assert!(noticed(&damaged, &setting, file, &expected, &what), "{what}");
        }
    }
}

#[test]
fn after_a_kill_only_the_last_group_can_be_taken_for_unfinished() {
    let plan = Plan::of_seed(17);
    let durability = Durability::Fsync;
    let setting = Setting { short_writes: false, durability, ..plan.setting.without_segments() };
    let mut world = World::new(plan.seed, setting.clone(), None);
    world.start().unwrap();
    let mut states = vec![world.expected().clone()];
    for action in plan.actions.iter().filter(|action| matches!(action, Action::Submit(_))) {
        world.perform(action).unwrap();
        world.perform(&Action::Idle).unwrap();
        if states.last() != Some(world.expected()) {
            states.push(world.expected().clone());
        }
    }
    let disk = world.disk().fork().crash(Crash::Kill);
    let (mut noticed, mut cut) = (0, 0);
    for (file, bytes) in disk.files().into_iter().filter(|(file, _)| is_log(file)) {
        let content = disk.content(&file);
        for offset in (0..bytes).filter(|at| !is_unwritten(&content, *at as usize)) {
            let damaged = disk.fork();
            damaged.flip_bit(&file, offset, (offset % 8) as u8);
            let back = |count: usize| states.get(states.len() - count);
            match read_store(&damaged, &setting) {
                Ok(found) if Some(&found) == back(1) => {}
                Ok(found) if Some(&found) == back(2) => cut += 1,
                Ok(_) => panic!("a wrong answer after a flip in byte {offset} of {file}"),
                Err(Error::Corrupt { .. } | Error::NotAStore { .. }) => noticed += 1,
                Err(other) => panic!("byte {offset} of {file}: {other}"),
            }
        }
    }
    assert!(noticed > 1000 && cut > 0, "{noticed} noticed, {cut} cut");
}

/// Sealed files are compared with their checksums as far as they are read, so a flip is noticed or
/// nobody has asked for that block.
#[test]
fn a_flipped_bit_in_a_segment_or_the_manifest_is_noticed_or_never_read() {
    let (disk, expected, setting) = closed_segments();
    let (mut found, mut harmless) = (0, 0);
    for (file, bytes) in disk.files() {
        let is_manifest = file == MANIFEST;
        let step = match file.as_str() {
            MANIFEST => 1,
            _ if is_sealed(&file) => 89,
            _ => continue,
        };
        for offset in (0..bytes).step_by(step) {
            let damaged = disk.fork();
            let bit = (offset % 7 + offset / 64 % 2) as u8;
            damaged.flip_bit(&file, offset, bit);
            let what = format!("bit {bit} of byte {offset} of {file}");
            if noticed(&damaged, &setting, &file, &expected, &what) {
                found += 1;
            } else {
                assert!(!is_manifest, "{what}");
                harmless += 1;
            }
        }
    }
    assert!(found > 500 && harmless > 0, "{found} noticed, {harmless} harmless");
}

#[test]
fn a_sealed_file_cut_missing_or_swapped_is_noticed() {
    let (disk, expected, setting) = closed_segments();
    let files: Vec<_> = disk.files().into_iter().filter(|(file, _)| is_sealed(file)).collect();
    assert!(files.len() >= 3, "{files:?}");
    for (file, bytes) in &files {
        for length in (0..*bytes).step_by(1021) {
            let damaged = disk.fork();
            damaged.replace(file, &disk.content(file)[..length as usize]);
            let what = format!("{file} cut to {length}");
            assert!(noticed(&damaged, &setting, file, &expected, &what), "{what}");
        }
        let damaged = disk.fork();
        damaged.remove_file(Path::new(file)).unwrap();
        let what = format!("{file} removed");
        assert!(noticed(&damaged, &setting, file, &expected, &what), "{what}");
        for (other, _) in files.iter().filter(|(other, _)| other != file) {
            let damaged = disk.fork();
            damaged.replace(file, &disk.content(other));
            let what = format!("{file} is a copy of {other}");
            assert!(noticed(&damaged, &setting, file, &expected, &what), "{what}");
        }
    }
}

/// A copy that was put back: the files it names are gone, or the log it counts on.
#[test]
fn a_missing_or_older_manifest_is_noticed() {
    let setting = Plan::of_seed(11).setting.with_segments(4, Merging::Newest);
    let setting = Setting { short_writes: false, history_keep_us: None, ..setting };
    let actions: Vec<_> = (11..14).flat_map(|seed| Plan::of_seed(seed).actions).collect();
    let mut world = World::new(11, setting.clone(), None);
    world.start().unwrap();
    let mut older = vec![world.disk().content(MANIFEST)];
    for action in actions.iter().filter(|action| matches!(action, Action::Submit(_))) {
        world.perform(action).unwrap();
        world.perform(&Action::Idle).unwrap();
        let manifest = world.disk().content(MANIFEST);
        if older.last() != Some(&manifest) {
            older.push(manifest);
        }
    }
    world.close().unwrap();
    let newest = older.pop();
    assert_eq!(newest, Some(world.disk().content(MANIFEST)));
    let mut noticed = 0;
    for manifest in &older {
        let damaged = world.disk().fork();
        damaged.replace(MANIFEST, manifest);
        match read_store(&damaged, &setting) {
            // Nothing that it lacks was given up yet.
            Ok(found) => assert_eq!(world.expected().difference(&found), None),
            Err(Error::Corrupt { .. }) => noticed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(noticed > 3, "{noticed} of {}", older.len());
    let damaged = world.disk().fork();
    damaged.remove_file(Path::new(MANIFEST)).unwrap();
    assert!(matches!(read_store(&damaged, &setting), Err(Error::Corrupt { .. })));
}
