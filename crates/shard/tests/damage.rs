//! Damage of every byte and every length of a small closed shard's files: opening refuses it, a
//! read refuses it, or everything is read as it was; and a check finds it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::{STORED, copy, files, make, options, read};
use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_shard::check::Report;
use sutra_shard::{Error, Result, ShardOptions, check_shard};

fn check(path: &Path) -> Report {
    check_shard(&Env::real(), path, &STORED).unwrap()
}

fn small() -> (tempfile::TempDir, BTreeMap<String, String>) {
    let dir = tempfile::tempdir().unwrap();
    let shard = folder::open(dir.path(), options()).unwrap();
    folder::fill_small(&shard);
    shard.close().unwrap();
    let everything = read(dir.path(), read_only()).unwrap();
    assert_eq!(check(dir.path()).problems, []);
    (dir, everything)
}

fn read_only() -> ShardOptions {
    ShardOptions { read_only: true, ..options() }
}

/// A refusal that names a file, or everything as it was.
fn assert_refused_or_right(
    result: Result<BTreeMap<String, String>>,
    right: &BTreeMap<String, String>,
    what: &str,
) -> bool {
    match result {
        Ok(everything) => {
            assert!(everything == *right, "{what}: other data is read");
            false
        }
        Err(Error::Corrupt { .. } | Error::NotAStore { .. }) => true,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// Files that the engine reads: a spare one of the log is not among them.
fn read_files(path: &Path) -> Vec<PathBuf> {
    let is_spare = |file: &PathBuf| file.ends_with("spare") || file.ends_with("recycled");
    files(path).into_iter().filter(|file| !is_spare(file)).collect()
}

/// What became of the flips.
#[derive(Default)]
struct Flips {
    tried: u64,
    refused: u64,
    tails: u64,
}

/// Flips a bit of each byte of a file in turn; in long runs of zeros, where one byte is like
/// another, of every `step`th.
fn flip_all(dir: &Path, path: &Path, step: usize, right: &BTreeMap<String, String>) -> Flips {
    let bytes = std::fs::read(path).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let mut found = Flips::default();
    for at in 0..bytes.len() {
        let around = &bytes[at.saturating_sub(16)..(at + 16).min(bytes.len())];
        if at % step != 0 && around.iter().all(|byte| *byte == 0) {
            continue;
        }
        let what = format!("byte {at} of {}", path.display());
        let flipped = bytes[at] ^ 1 << (at % 8);
        file.write_all_at(&[flipped], at as u64).unwrap();
        let report = check(dir);
        let of_file = report.problems.iter().any(|p| p.file.as_deref() == Some(path));
        assert!(of_file, "{what}: {:?}", report.problems);
        let is_refused = assert_refused_or_right(read(dir, read_only()), right, &what);
        assert!(!(is_refused && report.is_sound()), "{what}: refused and called sound");
        found.refused += u64::from(is_refused);
        found.tails += u64::from(report.is_sound());
        found.tried += 1;
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
    }
    found
}

/// Of long runs of zeros every 61st byte; `DAMAGE_STEP=1` takes every byte, and minutes.
#[test]
fn a_flip_of_a_byte_is_found_and_never_read_as_other_data() {
    let step = step_or(61);
    let all = damage_each(|dir, path, right| flip_all(dir, path, step, right));
    let sum = |count: fn(&Flips) -> u64| all.iter().map(count).sum::<u64>();
    let (tried, refused, tails) = (sum(|f| f.tried), sum(|f| f.refused), sum(|f| f.tails));
    println!("{tried} flips, {refused} refused, {tails} at the end of the log");
    assert!(tried > 10_000 && refused > 1000 && tails > 10, "{tried} {refused} {tails}");
}

fn step_or(default: usize) -> usize {
    std::env::var("DAMAGE_STEP").map_or(default, |step| step.parse().unwrap())
}

/// Damages each file of a small shard and puts it right again. Each half of the files is in a
/// folder of its own, so that two of them are damaged at a time.
fn damage_each<T, F>(damage: F) -> Vec<T>
where
    T: Send,
    F: Fn(&Path, &Path, &BTreeMap<String, String>) -> T + Sync,
{
    let (dir, right) = small();
    let all = read_files(dir.path());
    let copies = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let found = std::thread::scope(|scope| {
        let halves = copies.iter().enumerate().map(|(half, to)| {
            copy(dir.path(), to.path());
            let (all, right, from, damage) = (&all, &right, dir.path(), &damage);
            scope.spawn(move || {
                let mine = all.iter().skip(half).step_by(2);
                let files = mine.map(|file| to.path().join(file.strip_prefix(from).unwrap()));
                files.map(|file| damage(to.path(), &file, right)).collect::<Vec<_>>()
            })
        });
        let halves: Vec<_> = halves.collect();
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    for copied in copies {
        assert_eq!(check(copied.path()).problems, [], "everything is as it was");
    }
    found
}

/// Of long files every 97th length and the last 40; `DAMAGE_STEP=1` takes every length.
#[test]
fn a_file_cut_at_any_length_is_refused_or_harmless() {
    let step = step_or(97);
    let cuts: Vec<_> = damage_each(|dir, path, right| cut_all(dir, path, step, right));
    println!("{} cuts of {} files, all refused", cuts.iter().sum::<usize>(), cuts.len());
}

/// Cuts a file shorter and shorter; gives how many times.
fn cut_all(dir: &Path, path: &Path, step: usize, right: &BTreeMap<String, String>) -> usize {
    let bytes = std::fs::read(path).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let step = if bytes.len() > 2000 { step } else { 1 };
    let is_cut = |length: &usize| length.is_multiple_of(step) || length + 40 >= bytes.len();
    let lengths: Vec<_> = (0..bytes.len()).filter(is_cut).collect();
    for length in lengths.iter().rev() {
        file.set_len(*length as u64).unwrap();
        let what = format!("{} cut to {length}", path.display());
        let report = check(dir);
        assert!(!report.is_sound(), "{what}: called sound");
        let is_refused = assert_refused_or_right(read(dir, read_only()), right, &what);
        assert!(is_refused, "{what}: opened");
    }
    std::fs::write(path, &bytes).unwrap();
    lengths.len()
}

#[test]
fn a_missing_file_is_refused_by_its_name() {
    let (dir, right) = small();
    for path in read_files(dir.path()) {
        let aside = dir.path().with_extension("aside");
        std::fs::rename(&path, &aside).unwrap();
        let report = check(dir.path());
        assert!(!report.is_sound(), "{} is missing", path.display());
        assert!(report.problems.iter().any(|p| p.file.as_deref() == Some(&*path)));
        match read(dir.path(), read_only()) {
            Err(Error::Corrupt { file, .. }) => assert_eq!(file, path),
            other => panic!("{}: {other:?}", path.display()),
        }
        std::fs::rename(&aside, &path).unwrap();
    }
    assert_eq!(read(dir.path(), read_only()).unwrap(), right);
}

#[test]
fn files_of_another_store_are_refused_by_name() {
    let (dir, right) = small();
    let other = tempfile::tempdir().unwrap();
    make(other.path(), ShardOptions { store_id: [9; 16], ..options() });
    for path in read_files(dir.path()) {
        let kept = std::fs::read(&path).unwrap();
        let foreign = other.path().join(path.strip_prefix(dir.path()).unwrap());
        if !foreign.is_file() {
            continue;
        }
        std::fs::copy(&foreign, &path).unwrap();
        let report = check(dir.path());
        let codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&"WRONG_STORE"), "{}: {codes:?}", path.display());
        assert!(!report.is_sound());
        match read(dir.path(), read_only()) {
            Err(Error::Corrupt { file, .. }) => assert_eq!(file, path),
            answer => panic!("{}: {answer:?}", path.display()),
        }
        std::fs::write(&path, kept).unwrap();
    }
    assert_eq!(read(dir.path(), read_only()).unwrap(), right);
}

#[test]
fn a_renamed_or_swapped_file_is_refused() {
    let (dir, right) = small();
    let all = read_files(dir.path());
    for one in &all {
        for two in all.iter().filter(|two| *two != one) {
            let (one_bytes, two_bytes) = (std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
            std::fs::write(one, &two_bytes).unwrap();
            std::fs::write(two, &one_bytes).unwrap();
            let what = format!("{} and {} swapped", one.display(), two.display());
            assert!(!check(dir.path()).is_sound(), "{what}");
            assert!(
                assert_refused_or_right(read(dir.path(), read_only()), &right, &what),
                "{what}"
            );
            std::fs::write(one, &one_bytes).unwrap();
            std::fs::write(two, &two_bytes).unwrap();
        }
        let renamed = one.with_file_name("0000000077.seg");
        std::fs::rename(one, &renamed).unwrap();
        assert!(!check(dir.path()).is_sound(), "{} renamed", one.display());
        assert!(read(dir.path(), read_only()).is_err(), "{} renamed", one.display());
        std::fs::rename(&renamed, one).unwrap();
    }
    assert_eq!(read(dir.path(), read_only()).unwrap(), right);
}

#[test]
fn extra_files_are_reported_and_harmless_unless_they_are_another_stores() {
    let (dir, right) = small();
    let segment = folder::with_extension(dir.path(), "seg").remove(0);
    let orphan = segment.with_file_name("0000000099.seg");
    std::fs::copy(&segment, &orphan).unwrap();
    std::fs::write(dir.path().join("notes.txt"), b"hello").unwrap();
    std::fs::write(dir.path().join("segments/0000000098.vec"), b"unfinished").unwrap();
    let report = check(dir.path());
    let mut codes: Vec<_> = report.problems.iter().map(|problem| problem.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["ORPHAN_FILE", "ORPHAN_FILE", "UNKNOWN_FILE"]);
    assert!(report.is_sound());
    let opened = tempfile::tempdir().unwrap();
    copy(dir.path(), opened.path());
    assert_eq!(read(opened.path(), options()).unwrap(), right);
    assert!(!opened.path().join("segments/0000000099.seg").exists(), "the orphan is gone");

    let other = tempfile::tempdir().unwrap();
    make(other.path(), ShardOptions { store_id: [9; 16], ..options() });
    std::fs::copy(folder::with_extension(other.path(), "seg").remove(0), &orphan).unwrap();
    assert!(!check(dir.path()).is_sound());
    assert!(
        matches!(read(dir.path(), options()), Err(Error::Corrupt { file, .. }) if file == orphan)
    );
    assert!(orphan.exists(), "another store's file is not removed");
}
