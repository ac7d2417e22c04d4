//! Saving what can be read of a damaged shard: what is said to be lost is lost, everything else is
//! as it was, and a check is sound afterwards.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{STORED, files, id, make, open, options, read, with_extension};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use sutra_env::Env;
use sutra_shard::repair::{Fate, Repair};
use sutra_shard::{Error, ShardOptions, check_shard, repair_shard};

fn repair(path: &Path, confirm: bool) -> Repair {
    repair_shard(&Env::real(), path, &STORED, confirm).unwrap()
}

fn made() -> (tempfile::TempDir, BTreeMap<String, String>) {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), options());
    let everything = read(dir.path(), ShardOptions { read_only: true, ..options() }).unwrap();
    (dir, everything)
}

fn contents(path: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    files(path).into_iter().map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

/// Repairs, first without doing it; gives what it says and everything that can be read after it.
fn repaired(path: &Path) -> (Repair, BTreeMap<String, String>) {
    let before = contents(path);
    let planned = repair(path, false);
    assert_eq!(contents(path), before, "nothing is written without being confirmed");
    let done = repair(path, true);
    assert!(done.aside.is_some());
    assert_eq!(Repair { aside: None, ..done.clone() }, planned, "it does what it said");
    let report = check_shard(&Env::real(), path, &STORED).unwrap();
    assert_eq!(report.problems, []);
    let aside = contents(done.aside.as_deref().unwrap());
    for (file, bytes) in before {
        let is_kept = std::fs::read(&file).is_ok_and(|now| now == bytes)
            || aside.values().any(|kept| *kept == bytes)
            || file.ends_with("spare");
        assert!(is_kept, "{} is not there any more", file.display());
    }
    let everything = read(path, options()).unwrap();
    let report = check_shard(&Env::real(), path, &STORED).unwrap();
    assert_eq!(report.problems, [], "after it was open");
    assert!(repair(path, true).is_sound);
    (done, everything)
}

/// Ids of concepts whose text, associations or existence differ.
fn changed(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let is_concept = |key: &&&String| key.len() == 32;
    let differs = |key: &&&String| before.get(**key) != after.get(**key);
    keys.iter().filter(is_concept).filter(differs).map(|key| (**key).clone()).collect()
}

fn listed(repair: &Repair) -> BTreeSet<String> {
    repair.concepts.iter().map(|lost| lost.id.to_string()).collect()
}

/// Associations that differ, as `source label` and the beginning of what is read of them.
fn changed_edges(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<(String, String)> {
    let edges = |all: &BTreeMap<String, String>| {
        let sides = all.iter().filter_map(|(key, lines)| Some((key.strip_suffix(" true")?, lines)));
        let lines = sides.flat_map(|(id, lines)| {
            lines.lines().map(|line| (id.to_owned(), line.to_owned())).collect::<Vec<_>>()
        });
        lines.collect::<BTreeSet<_>>()
    };
    let (before, after) = (edges(before), edges(after));
    let differing = before.symmetric_difference(&after);
    differing.map(|(id, line)| (id.clone(), line[..32].to_owned())).collect()
}

fn listed_edges(repair: &Repair) -> BTreeSet<(String, String)> {
    let edges = repair.edges.iter();
    edges.map(|lost| (lost.source.to_string(), lost.target.to_string())).collect()
}

#[test]
fn a_sound_shard_is_left_alone() {
    let (dir, right) = made();
    let before = contents(dir.path());
    assert_eq!(repair(dir.path(), true), Repair { is_sound: true, ..Repair::default() });
    assert_eq!(contents(dir.path()), before);
    assert_eq!(read(dir.path(), options()).unwrap(), right);
}

/// Whatever the mark says: it may be damaged as well.
#[test]
fn a_shard_with_an_interrupted_repair_does_not_open_until_it_went_on() {
    let (dir, right) = made();
    let mark = dir.path().join("REPAIR");
    let manifest = std::fs::read(dir.path().join("MANIFEST")).unwrap();
    for bytes in [&manifest[..], b"anything"] {
        std::fs::write(&mark, bytes).unwrap();
        let refused = open(dir.path(), options()).err();
        assert!(matches!(refused, Some(Error::Corrupt { file, .. }) if file == mark));
        let read_only = read(dir.path(), ShardOptions { read_only: true, ..options() }).unwrap();
        assert_eq!(changed(&right, &read_only), BTreeSet::new());
        let report = check_shard(&Env::real(), dir.path(), &STORED).unwrap();
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["REPAIR"]);
        let planned = repair(dir.path(), false);
        assert!(!planned.is_sound && planned.left_out.is_empty() && planned.concepts.is_empty());
        assert!(mark.exists(), "nothing is done without being confirmed");
        assert!(!repair(dir.path(), true).is_sound && !mark.exists());
        let after = read(dir.path(), options()).unwrap();
        assert_eq!(changed(&right, &after), BTreeSet::new());
        assert_eq!(changed_edges(&right, &after), BTreeSet::new());
    }
}

/// A crash while the mark was first written left it for ever.
#[test]
fn a_mark_that_was_not_finished_goes_with_the_next_opening() {
    let (dir, _) = made();
    let temporary = dir.path().join("REPAIR.tmp");
    std::fs::write(&temporary, "half of a m").unwrap();
    read(dir.path(), ShardOptions { read_only: true, ..options() }).unwrap();
    assert!(temporary.exists(), "opened for reading");
    read(dir.path(), options()).unwrap();
    assert!(!temporary.exists());
}

#[test]
fn each_damaged_segment_is_dropped_and_exactly_what_it_held_is_listed() {
    let (dir, _) = made();
    let segments = with_extension(dir.path(), "seg");
    assert_eq!(segments.len(), 3);
    for number in 0..segments.len() {
        let (dir, before) = made();
        let segment = &with_extension(dir.path(), "seg")[number];
        // In the middle of the padding of a block of names: everything is readable for the list.
        let length = std::fs::metadata(segment).unwrap().len() as usize;
        let footer = length - length % 4096;
        flip(segment, footer - 5000);
        let (done, after) = repaired(dir.path());
        assert_eq!(listed(&done), changed(&before, &after), "segment {number}");
        assert_eq!(listed_edges(&done), changed_edges(&before, &after), "segment {number}");
        assert!(!done.concepts.is_empty() && !done.edges.is_empty());
        assert_eq!(done.left_out.len(), 1);
        assert_eq!(done.left_out[0].file, *segment);
        assert_eq!(Some(done.left_out[0].readable), done.left_out[0].total);
    }
}

#[test]
fn a_lost_tombstone_brings_the_older_version_back_and_says_so() {
    let (dir, _) = made();
    let segment = &with_extension(dir.path(), "seg")[2]; // deletes 6, learns 2 again, updates 3
    std::fs::remove_file(segment).unwrap();
    let (done, after) = repaired(dir.path());
    assert!(after.contains_key(&id(6).to_string()), "deleted in the segment that is gone");
    assert!(!after.contains_key(&id(2).to_string()), "learned again in it");
    assert_eq!((done.left_out[0].readable, done.left_out[0].total), (0, None));
}

#[test]
fn what_a_dropped_segment_hid_is_listed_as_older() {
    let (dir, _) = made();
    let segment = &with_extension(dir.path(), "seg")[2];
    let length = std::fs::metadata(segment).unwrap().len() as usize;
    flip(segment, length - length % 4096 - 5000);
    let (done, _) = repaired(dir.path());
    let fate = |id| done.concepts.iter().find(|lost| lost.id == id).map(|lost| lost.fate);
    assert!(matches!(fate(id(3)), Some(Fate::Older { .. })));
    assert!(matches!(fate(id(6)), Some(Fate::Older { .. })));
    assert_eq!(fate(id(2)), Some(Fate::Gone));
    // Associations of 2 and 3 were made in it, and one of the log needs neither.
    assert!(done.edges.iter().any(|e| e.source == id(2) && e.target == id(3)));
}

#[test]
fn a_log_is_kept_up_to_the_damage() {
    let (dir, before) = made();
    let logs = with_extension(dir.path(), "wal");
    let log = logs.last().unwrap();
    let bytes = std::fs::read(log).unwrap();
    // The text of the first commit that is in no segment.
    let text = b"content 23 of 3";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    flip(log, at);
    let (done, after) = repaired(dir.path());
    let seqno: u64 = before["seqno"].parse().unwrap();
    assert!(done.log_ends_at.unwrap() < seqno);
    assert_eq!(after["seqno"].parse::<u64>().unwrap(), done.log_ends_at.unwrap());
    // What stands behind the damage still reads: concept 12 was deleted there.
    assert!(after.contains_key(&id(12).to_string()));
    assert!(done.concepts.iter().any(|lost| lost.id == id(12)));
    assert!(done.edges.iter().any(|lost| lost.source == id(24) && lost.target == id(3)));
}

#[test]
fn a_missing_log_and_a_missing_manifest_are_made_anew() {
    let (dir, before) = made();
    let manifest = dir.path().join("MANIFEST");
    std::fs::remove_file(&manifest).unwrap();
    let (done, after) = repaired(dir.path());
    assert!(done.is_manifest_rebuilt);
    assert_eq!((done.concepts, done.edges), (Vec::new(), Vec::new()));
    let without_written = |all: &BTreeMap<String, String>| {
        let mut all = all.clone();
        let counts = all.remove("counts").unwrap();
        (all, counts.split(", written").next().unwrap().to_owned())
    };
    assert_eq!(without_written(&after), without_written(&before));

    let (dir, _) = made();
    for log in with_extension(dir.path(), "wal") {
        std::fs::remove_file(log).unwrap();
    }
    let (done, after) = repaired(dir.path());
    assert!(done.log_ends_at.is_some());
    assert!(!after.contains_key(&id(24).to_string()), "it was only in the log");
    let shard = open(dir.path(), options()).unwrap();
    folder::learn(&shard, 30..31, 0);
    shard.close().unwrap();
}

#[test]
fn a_lost_file_of_vectors_costs_vectors_only() {
    let (dir, before) = made();
    let vectors = with_extension(dir.path(), "vec");
    std::fs::remove_file(&vectors[0]).unwrap();
    let (done, after) = repaired(dir.path());
    assert!(!done.concepts.is_empty());
    assert!(done.concepts.iter().all(|lost| lost.fate == Fate::NoVector));
    assert_eq!(listed(&done), changed(&before, &after));
}

#[test]
fn any_one_flip_can_be_repaired() {
    let (dir, _) = made();
    for (file, bytes) in contents(dir.path()) {
        for at in (7..bytes.len()).step_by(bytes.len() / 9) {
            if file.ends_with("spare") {
                continue;
            }
            let copied = tempfile::tempdir().unwrap();
            folder::copy(dir.path(), copied.path());
            let file = copied.path().join(file.strip_prefix(dir.path()).unwrap());
            flip(&file, at);
            if check_shard(&Env::real(), copied.path(), &STORED).unwrap().is_sound() {
                continue; // behind the end of the log
            }
            repaired(copied.path());
        }
    }
}

#[test]
fn what_history_kept_is_there_after_the_log_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let history = || ShardOptions { history_keep_us: Some(u64::MAX / 2), ..options() };
    make(dir.path(), history());
    let shard = open(dir.path(), history()).unwrap();
    let seqno = shard.view().seqno();
    let past = shard.view_at(2).unwrap();
    let content = past.get(&id(3)).unwrap().unwrap().content().unwrap().to_vec();
    drop(past);
    shard.close().unwrap();
    let log = with_extension(dir.path(), "wal").pop().unwrap();
    let bytes = std::fs::read(&log).unwrap();
    let text = b"content 25 of 3";
    flip(&log, bytes.windows(text.len()).position(|window| window == text).unwrap());
    let done = repair(dir.path(), true);
    assert!(done.log_ends_at.unwrap() < seqno);
    let shard = open(dir.path(), history()).unwrap();
    assert_eq!(shard.check().unwrap().problems, []);
    let past = shard.view_at(2).unwrap();
    assert_eq!(past.get(&id(3)).unwrap().unwrap().content().unwrap(), content);
    drop(past);
    shard.close().unwrap();
}
