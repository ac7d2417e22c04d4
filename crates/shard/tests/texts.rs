//! The index of texts and attributes: whatever state it is in, a search finds what is there at the
//! commit of its view, and nothing else, with the same scores to the last bit.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

mod folder;

use folder::id;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use sutra_format::{BatchBuilder, ConceptId, Identity, Learn, StoreMeta};
use sutra_index::{Filter, TextQuery};
use sutra_shard::text::{PaceOptions, RowSet};
use sutra_shard::vector::{Nearest, Scored};
use sutra_shard::{IndexStats, Shard, ShardOptions, View};

/// Longer than any test takes.
const HOUR_US: u64 = 3_600_000_000;
/// Values of the attribute.
const KINDS: usize = 10;
const ALL: usize = 100_000;

/// Text by number: what the store should hold.
type Model = BTreeMap<usize, String>;

/// The index is brought up to date by flushes only, but for the first commit.
fn lazy() -> ShardOptions {
    let pace = PaceOptions {
        interval_us_min: HOUR_US,
        interval_us_base: HOUR_US,
        interval_us_max: HOUR_US,
        ..PaceOptions::default()
    };
    ShardOptions { pace, ..folder::options() }
}

fn eager() -> ShardOptions {
    let pace = PaceOptions { interval_us_min: 1, interval_us_base: 1, ..PaceOptions::default() };
    ShardOptions { pace, ..folder::options() }
}

fn open(path: &Path, options: ShardOptions) -> Arc<Shard> {
    folder::open(path, options).unwrap()
}

fn text(number: usize, round: usize) -> String {
    let common = "common ".repeat(number % 4 + 1);
    format!("{common}word{} red apple{} only{number}x{round}", number % 7, round % 2)
}

fn learn(shard: &Shard, model: &mut Model, numbers: Range<usize>, round: usize) {
    let mut batch = BatchBuilder::new();
    for number in numbers {
        let (key, content) = (format!("key {number}"), text(number, round));
        batch = batch.learn(&Learn {
            identity: Identity::Key(&key),
            content: &content,
            attributes: Some(&[0x81, 0xa1, b'n', (number % KINDS) as u8]),
            ..Learn::default()
        });
        model.insert(number, content);
    }
    shard.write(batch.build()).unwrap();
}

fn delete(shard: &Shard, model: &mut Model, number: usize) {
    shard.write(BatchBuilder::new().delete(id(number)).build()).unwrap();
    model.remove(&number);
}

/// Concepts whose attribute is this.
fn of_kind(kind: usize) -> Filter {
    Filter::decode(&[0x81, 0xa1, b'n', kind as u8]).unwrap()
}

/// Concepts and the bits of their scores, best first.
fn search(view: &View, text: &str, kind: Option<usize>, k: usize) -> Vec<(ConceptId, u64)> {
    let filter = kind.map(of_kind);
    let mut searcher = view.searcher(0, filter.as_ref()).unwrap();
    let query = TextQuery::parse(text, view.parts().analyzer()).unwrap();
    let hits = searcher.text(&query, k, &AtomicBool::new(false)).unwrap();
    hits.iter().map(|hit| (hit.id, hit.score.to_bits())).collect()
}

const QUERIES: [&str; 6] =
    ["common", "word3 apple1", "\"word2 red\"", "app* word1", "only7x1 only3x0", "nothing"];

/// What some searches find, to compare with what they find another time.
fn searches(view: &View) -> Vec<Vec<(ConceptId, u64)>> {
    let kinds = [None, Some(3)];
    let asked = QUERIES.iter().flat_map(|text| kinds.map(|kind| (text, kind)));
    asked.flat_map(|(text, kind)| [2, ALL].map(|k| search(view, text, kind, k))).collect()
}

/// Every text is found by a word of its own and by one that others have too, with and without a
/// filter, and nothing else is found.
fn check(view: &View, model: &Model) {
    let ids = |numbers: Vec<usize>| -> BTreeSet<_> { numbers.into_iter().map(id).collect() };
    for word in ["common", "word4", "apple0", "apple1"] {
        for kind in [None, Some(4)] {
            let is_it = |number: usize, text: &str| {
                text.contains(word) && kind.is_none_or(|kind| number % KINDS == kind)
            };
            let expected = model.iter().filter(|(number, text)| is_it(**number, text));
            let expected = ids(expected.map(|(number, _)| *number).collect());
            let found = search(view, word, kind, ALL);
            assert_eq!(found.len(), expected.len(), "{word} {kind:?}: once each");
            let found: BTreeSet<_> = found.iter().map(|(id, _)| *id).collect();
            assert_eq!(found, expected, "{word} {kind:?}");
        }
    }
    for number in 0..120 {
        for round in 0..3 {
            let is_there = model.get(&number) == Some(&text(number, round));
            let found = search(view, &format!("only{number}x{round}"), Some(number % KINDS), 9);
            let expected = if is_there { vec![id(number)] } else { Vec::new() };
            let found: Vec<_> = found.iter().map(|(id, _)| *id).collect();
            assert_eq!(found, expected, "{number} of {round}");
        }
    }
}

fn index(shard: &Shard) -> IndexStats {
    shard.stats().unwrap().index
}

fn wait(shard: &Shard, what: &str, is_so: impl Fn(&IndexStats) -> bool) -> IndexStats {
    let started = Instant::now();
    loop {
        let index = index(shard);
        if is_so(&index) {
            return index;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: {index:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn wait_until_indexed(shard: &Shard) -> IndexStats {
    let seqno = shard.view().seqno();
    wait(shard, "indexed", |now| now.covered_seqno == seqno && !now.is_catching_up)
}

fn index_files(shard: &Path) -> Vec<PathBuf> {
    let all = folder::all_files(shard).into_iter();
    all.filter(|file| file.extension().is_some_and(|it| it == "text")).collect()
}

#[test]
fn what_was_just_written_is_found_and_what_was_replaced_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let shard = open(dir.path(), lazy());
    learn(&shard, &mut model, 0..10, 0);
    wait_until_indexed(&shard);
    learn(&shard, &mut model, 5..15, 1);
    delete(&shard, &mut model, 3);
    delete(&shard, &mut model, 7);
    check(&shard.view(), &model);
    assert_eq!(index(&shard).covered_seqno, 1, "the rest is in no part");
    learn(&shard, &mut model, 20..110, 2);
    learn(&shard, &mut model, 100..105, 0);
    delete(&shard, &mut model, 50);
    check(&shard.view(), &model);
    assert_eq!(index(&shard).covered_seqno, 1, "also what is too much to be looked at one by one");
    shard.flush().unwrap();
    let now = index(&shard);
    assert!((now.covered_seqno, now.files > 0) == (shard.view().seqno(), true), "{now:?}");
    check(&shard.view(), &model);
    shard.close().unwrap();
    let shard = open(dir.path(), eager());
    check(&shard.view(), &model);
    learn(&shard, &mut model, 0..30, 1);
    wait_until_indexed(&shard);
    check(&shard.view(), &model);
    shard.close().unwrap();
}

/// Many segments, and as many files of the index as there may be.
fn fill(shard: &Shard, model: &mut Model) {
    for round in 0..3 {
        for first in (0..120).step_by(20) {
            learn(shard, model, first..first + 20, round);
            delete(shard, model, first + 5 * round);
            shard.flush().unwrap();
        }
    }
    learn(shard, model, 40..50, 1);
}

#[test]
fn scores_do_not_depend_on_the_state_of_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let shard = open(dir.path(), eager());
    fill(&shard, &mut model);
    wait(&shard, "merged", |now| now.files_written > 18 && now.files < 8);
    // What the last commit replaced is in no file yet, so nothing has given it up.
    let now = wait_until_indexed(&shard);
    assert!(now.ended >= 10, "{now:?}");
    let expected = searches(&shard.view());
    check(&shard.view(), &model);
    shard.close().unwrap();
    let reads_only = |what: &str| {
        let options = ShardOptions { read_only: true, must_exist: true, ..eager() };
        let shard = open(dir.path(), options);
        assert_eq!(searches(&shard.view()), expected, "{what}");
        let files = index(&shard).files;
        shard.close().unwrap();
        files
    };
    assert!(reads_only("from files") > 0);
    std::fs::remove_dir_all(dir.path().join("texts")).unwrap();
    assert_eq!(reads_only("without an index"), 0);
    let shard = open(dir.path(), lazy());
    assert_eq!(searches(&shard.view()), expected, "while it is made again");
    wait_until_indexed(&shard);
    assert_eq!(searches(&shard.view()), expected, "made again");
    shard.flush().unwrap();
    assert!(index(&shard).files > 0);
    assert_eq!(searches(&shard.view()), expected, "flushed");
    shard.close().unwrap();
    let shard = open(dir.path(), eager());
    wait_until_indexed(&shard);
    assert_eq!(searches(&shard.view()), expected, "opened again");
    shard.close().unwrap();
}

#[test]
fn an_earlier_commit_is_searched_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let options = ShardOptions { history_keep_us: Some(u64::MAX), ..eager() };
    let shard = open(dir.path(), options.clone());
    let mut seen = Vec::new();
    for round in 0..3 {
        for first in (0..60).step_by(15) {
            learn(&shard, &mut model, first..first + 20, round);
            delete(&shard, &mut model, first + round);
            let view = shard.view();
            let found = searches(&view);
            seen.push((view, model.clone(), found));
            shard.flush().unwrap();
        }
    }
    wait(&shard, "merged", |now| now.files_written > 12 && now.files < 8);
    for (view, model, found) in &seen {
        check(view, model);
        assert_eq!(&searches(view), found, "a view of {}", view.seqno());
        let again = shard.view_at(view.seqno()).unwrap();
        check(&again, model);
        assert_eq!(&searches(&again), found, "at {}", view.seqno());
    }
    let seqnos: Vec<u64> = seen.iter().map(|(view, _, _)| view.seqno()).collect();
    shard.close().unwrap();
    std::fs::remove_dir_all(dir.path().join("texts")).unwrap();
    let shard = open(dir.path(), options);
    wait_until_indexed(&shard);
    for (seqno, (_, _, found)) in seqnos.iter().zip(&seen) {
        assert_eq!(&searches(&shard.view_at(*seqno).unwrap()), found, "made again, at {seqno}");
    }
    shard.close().unwrap();
}

/// A store that is closed, with files of the index, and what it finds.
struct Made {
    dir: tempfile::TempDir,
    model: Model,
    found: Vec<Vec<(ConceptId, u64)>>,
    /// Files of the index as they were in the middle.
    older: Vec<(PathBuf, Vec<u8>)>,
}

impl Made {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let shard = open(dir.path(), eager());
        learn(&shard, &mut model, 0..80, 0);
        shard.flush().unwrap();
        let files = index_files(dir.path()).into_iter();
        let older = files.map(|file| (file.clone(), std::fs::read(file).unwrap())).collect();
        learn(&shard, &mut model, 10..40, 1);
        (60..70).for_each(|number| delete(&shard, &mut model, number));
        shard.flush().unwrap();
        learn(&shard, &mut model, 30..50, 2);
        shard.flush().unwrap();
        // The segments are merged, and what was replaced is gone from them.
        let found = searches(&shard.view());
        shard.close().unwrap();
        Self { dir, model, found, older }
    }

    /// Opens it and compares, before the index is whole again and after that. Gives how many files
    /// were of no use.
    fn compare(&self, what: &str) -> u64 {
        let shard = open(self.dir.path(), ShardOptions { must_exist: true, ..eager() });
        assert_eq!(searches(&shard.view()), self.found, "{what}: at once");
        wait_until_indexed(&shard);
        assert_eq!(searches(&shard.view()), self.found, "{what}: indexed");
        shard.flush().unwrap();
        check(&shard.view(), &self.model);
        let now = index(&shard);
        assert_eq!((now.error, now.covered_seqno), (None, shard.view().seqno()), "{what}");
        shard.close().unwrap();
        let shard = open(self.dir.path(), ShardOptions { must_exist: true, ..eager() });
        wait_until_indexed(&shard);
        assert_eq!(searches(&shard.view()), self.found, "{what}: opened again");
        assert_eq!(index(&shard).files_dropped, 0, "{what}: it is whole again");
        shard.close().unwrap();
        now.files_dropped
    }
}

#[test]
fn files_that_are_damaged_are_made_again() {
    let made = Made::new();
    assert_eq!(made.compare("as it was"), 0);
    for part in 0..10 {
        for number in [0, 1] {
            let files = index_files(made.dir.path());
            let file = &files[number % files.len()];
            let mut bytes = std::fs::read(file).unwrap();
            let at = part * (bytes.len() - 1) / 9;
            bytes[at] ^= 0x10;
            std::fs::write(file, bytes).unwrap();
            assert!(made.compare(&format!("file {number} flipped at {at}")) > 0);
            let files = index_files(made.dir.path());
            let file = &files[number % files.len()];
            let bytes = std::fs::read(file).unwrap();
            std::fs::write(file, &bytes[..part * bytes.len() / 10]).unwrap();
            assert!(made.compare(&format!("file {number} cut at {part} tenths")) > 0);
        }
    }
}

#[test]
fn files_that_are_lost_are_made_again() {
    let made = Made::new();
    let count = index_files(made.dir.path()).len();
    assert!(count > 1, "{count}");
    for number in 0..count {
        if let Some(file) = index_files(made.dir.path()).get(number) {
            std::fs::remove_file(file).unwrap();
            made.compare(&format!("without file {number}"));
        }
    }
    std::fs::remove_dir_all(made.dir.path().join("texts")).unwrap();
    assert_eq!(made.compare("without all"), 0);
}

#[test]
fn files_of_an_older_copy_are_gone_on_with() {
    let made = Made::new();
    for file in index_files(made.dir.path()) {
        std::fs::remove_file(file).unwrap();
    }
    for (file, bytes) in &made.older {
        std::fs::write(file, bytes).unwrap();
    }
    made.compare("an older copy");
}

#[test]
fn files_of_a_newer_copy_and_of_another_store_are_of_no_use() {
    let made = Made::new();
    let other = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let shard = open(other.path(), ShardOptions { store_id: [8; 16], ..eager() });
    learn(&shard, &mut model, 0..80, 2);
    shard.flush().unwrap();
    shard.close().unwrap();
    for file in index_files(made.dir.path()) {
        std::fs::remove_file(file).unwrap();
    }
    let foreign = &index_files(other.path())[0];
    std::fs::copy(foreign, made.dir.path().join("texts/0000000001.text")).unwrap();
    assert_eq!(made.compare("of another store"), 1);
    // The same store, but further.
    let newer = tempfile::tempdir().unwrap();
    let shard = open(newer.path(), eager());
    learn(&shard, &mut model, 0..80, 2);
    let seqno = open_seqno(&made) + 5;
    (0..seqno).for_each(|number| learn(&shard, &mut model, number as usize..90, 1));
    shard.flush().unwrap();
    shard.close().unwrap();
    for file in index_files(made.dir.path()) {
        std::fs::remove_file(file).unwrap();
    }
    let file = &index_files(newer.path())[0];
    std::fs::copy(file, made.dir.path().join("texts").join(file.file_name().unwrap())).unwrap();
    assert_eq!(made.compare("of later commits"), 1);
}

fn open_seqno(made: &Made) -> u64 {
    let shard = open(made.dir.path(), ShardOptions { read_only: true, ..eager() });
    let seqno = shard.view().seqno();
    shard.close().unwrap();
    seqno
}

#[test]
fn an_index_of_version_1_opens_and_is_searched() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../format/golden");
    let dir = tempfile::tempdir().unwrap();
    for folder in ["v1-segments", "v1-text"] {
        for file in folder::all_files(&golden.join(folder)) {
            let target = dir.path().join(file.strip_prefix(golden.join(folder)).unwrap());
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(&file, target).unwrap();
        }
    }
    let meta = StoreMeta::decode(&std::fs::read(dir.path().join("STORE")).unwrap()).unwrap();
    let options = ShardOptions {
        store_id: meta.store_id,
        vector_dimension: meta.vector_dimension,
        metric: meta.metric,
        must_exist: true,
        history_keep_us: Some(u64::MAX),
        ..ShardOptions::default()
    };
    let path = dir.path().join("shard-00");
    let reader = open(&path, ShardOptions { read_only: true, ..options.clone() });
    assert_eq!(index(&reader).files, 2, "they are read as they are");
    let shards = [reader, open(&path, options)];
    wait_until_indexed(&shards[1]);
    assert_eq!(index(&shards[1]).files_dropped, 0);
    for shard in &shards {
        let view = shard.view();
        let ids = |text: &str, filter: Option<&Filter>| -> Vec<ConceptId> {
            let query = TextQuery::parse(text, view.parts().analyzer()).unwrap();
            let mut searcher = view.searcher(0, filter).unwrap();
            let hits = searcher.text(&query, 9, &AtomicBool::new(false)).unwrap();
            hits.iter().map(|hit| hit.id).collect()
        };
        let aspirin = ConceptId::of_content("default", "Aspirin inhibits COX-1");
        assert_eq!(ids("aspirin", None), [aspirin]);
        assert_eq!(ids("enzyme", None), [ConceptId::of_key("default", "cox-1")]);
        assert_eq!(ids("log", None), [ConceptId::of_content("default", "in the log only")]);
        let medical = Filter::decode(b"\x81\xa6domain\xa7medical").unwrap();
        assert_eq!(ids("inhibits log", Some(&medical)), [aspirin]);
        let other = Filter::decode(b"\x81\xa6domain\xa5other").unwrap();
        assert_eq!(ids("inhibits log", Some(&other)), []);
        shard.close().unwrap();
    }
}

/// Not the same for any two numbers.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn floats(number: usize) -> [f32; 4] {
    let number = number as f32;
    [(number * 0.7).sin(), (number * 1.3).cos(), (number * 2.9).sin(), (number * 0.11).cos()]
}

/// Concepts with vectors. The attribute is 0 for all but every second, 1 for every second, 2 for
/// every tenth, 3 for every hundredth and 4 for one.
fn learn_vectors(shard: &Shard, numbers: Range<usize>) {
    let mut batch = BatchBuilder::new();
    for number in numbers {
        let key = format!("key {number}");
        let vector: Vec<u8> = floats(number).iter().flat_map(|it| it.to_le_bytes()).collect();
        batch = batch.learn(&Learn {
            identity: Identity::Key(&key),
            content: "text",
            vector: Some(&vector),
            attributes: Some(&[0x81, 0xa1, b'n', kind_of(number)]),
            ..Learn::default()
        });
    }
    shard.write(batch.build()).unwrap();
}

fn kind_of(number: usize) -> u8 {
    let divisors = [2, 10, 100, 2000];
    divisors.iter().filter(|divisor| number.is_multiple_of(**divisor)).count() as u8
}

/// Concepts whose attribute is so much or more.
fn of_kinds_from(kind: u8) -> Filter {
    Filter::decode(&[0x81, 0xa1, b'n', 0x81, 0xa4, b'$', b'g', b't', b'e', kind]).unwrap()
}

fn nearest(view: &View, rows: Option<&RowSet>, number: usize, width: Option<usize>) -> Vec<Scored> {
    let (query, k, cancelled) = (&floats(number)[..], 5, &AtomicBool::new(false));
    let nearest = Nearest { query, k, width, allowed: rows, wants: None, seqno: 0, cancelled };
    view.nearest_within(0, &nearest).unwrap()
}

/// The nearest of what passes a filter are found, whether graphs are asked or not.
fn check_vectors(view: &View, count: usize, what: &str) {
    let exact = |query: usize, numbers: &[usize]| -> Vec<ConceptId> {
        let length = |it: &[f32; 4]| it.iter().map(|x| x * x).sum::<f32>().sqrt();
        let near = |number: usize| {
            let (a, b) = (floats(query), floats(number));
            a.iter().zip(&b).map(|(a, b)| a * b).sum::<f32>() / length(&a) / length(&b)
        };
        let mut numbers = numbers.to_vec();
        numbers.sort_by(|a, b| near(*b).total_cmp(&near(*a)));
        numbers.into_iter().take(5).map(id).collect()
    };
    for kind in 1..=4 {
        let wanted: Vec<_> = (1..count).filter(|number| kind_of(*number) >= kind).collect();
        let filter = of_kinds_from(kind);
        let rows = view.searcher(0, Some(&filter)).unwrap().rows().unwrap();
        let expected: BTreeSet<_> =
            wanted.iter().map(|it| view.get(&id(*it)).unwrap().unwrap().row().unwrap()).collect();
        assert!(rows.iter().eq(expected.iter().copied()), "{what}: rows of {kind}");
        for query in [3, 77, 500, 1999] {
            for width in [None, Some(64)] {
                let found = nearest(view, Some(&rows), query, width);
                assert!(found.is_sorted_by(|one, next| one.score >= next.score), "{what}");
                let found: Vec<_> = found.iter().map(|hit| hit.id).collect();
                assert_eq!(found, exact(query, &wanted), "{what}: {kind} {query} {width:?}");
            }
        }
    }
    let none = RowSet::default();
    assert_eq!(nearest(view, Some(&none), 3, Some(64)), [], "{what}: nothing is wanted");
}

#[test]
fn the_nearest_of_what_passes_a_filter_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let options = ShardOptions { graph_rows_min: 300, ..eager() };
    let shard = open(dir.path(), options.clone());
    // From 1 on: number 2000 is the only one of its kind.
    learn_vectors(&shard, 1..1000);
    check_vectors(&shard.view(), 1000, "in memory");
    learn_vectors(&shard, 1000..1500);
    learn_vectors(&shard, 1500..2001);
    shard.flush().unwrap();
    assert!(shard.background().graphs > 0);
    check_vectors(&shard.view(), 2001, "in graphs");
    learn_vectors(&shard, 2001..2300);
    learn_vectors(&shard, 1..40);
    check_vectors(&shard.view(), 2300, "in graphs and in memory");
    shard.close().unwrap();
    let shard = open(dir.path(), options);
    check_vectors(&shard.view(), 2300, "opened again");
    shard.close().unwrap();
}

#[test]
fn writers_wait_for_the_index_and_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let options = lazy();
    let pace = PaceOptions { queue_capacity: 4, ..options.pace };
    let options = ShardOptions { pace, ..options };
    for again in [false, true] {
        let shard = open(dir.path(), options.clone());
        let mut model = Model::new();
        for number in 0..60 {
            learn(&shard, &mut model, number..number + 1, usize::from(again));
        }
        let now = index(&shard);
        assert!(now.waits > 0 && now.queue_depth <= 4, "{now:?}");
        check(&shard.view(), &model);
        shard.flush().unwrap();
        shard.close().unwrap();
    }
    // Nothing waits in a store that was opened again.
    let shard = open(dir.path(), options);
    let now = wait_until_indexed(&shard);
    assert_eq!((now.queue_depth, now.waits), (0, 0), "{now:?}");
    shard.close().unwrap();
}

#[test]
fn nothing_is_done_when_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let shard = open(dir.path(), eager());
    learn(&shard, &mut model, 0..50, 0);
    shard.flush().unwrap();
    let before = wait_until_indexed(&shard);
    assert_eq!((before.interval_us, before.queue_depth), (0, 0), "{before:?}");
    // Thousands of intervals.
    std::thread::sleep(Duration::from_millis(50));
    check(&shard.view(), &model);
    assert_eq!(index(&shard), before);
    // It is woken by the next write.
    learn(&shard, &mut model, 0..1, 1);
    assert!(wait_until_indexed(&shard).rounds > before.rounds);
    shard.close().unwrap();
}
