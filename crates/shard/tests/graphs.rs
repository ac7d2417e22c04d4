//! Graphs over vectors: they find what comparing all vectors finds, give as many hits as there are,
//! and whatever happens to their files, no answer is wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]
#![expect(clippy::cast_precision_loss, reason = "small numbers")]

mod folder;

use folder::{STORE_ID, files, id};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use sutra_env::Env;
use sutra_format::graph_file::Quantization;
use sutra_format::{BatchBuilder, Identity, Learn, Metric};

use sutra_shard::vector::{GraphOptions, Nearest, Scored};
use sutra_shard::{Background, Shard, ShardOptions, View};

const DIMENSION: usize = 32;
const ROWS: usize = 1500;
const CLUSTERS: usize = 20;
/// Candidates that a graph is asked for.
const WIDTH: usize = 64;

/// Numbers that look random, the same in every run.
struct Noise(u64);

impl Noise {
    /// From -0.5 to 0.5.
    fn next(&mut self) -> f32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSION).map(|_| self.next()).collect()
    }
}

/// A vector near one of a few others, as those of texts are.
fn vector(number: usize) -> Vec<f32> {
    let centre = Noise(number as u64 % CLUSTERS as u64 * 2 + 1).vector();
    let mut own = Noise(number as u64 * 7919 + 3);
    centre.iter().map(|float| float + 0.4 * own.next()).collect()
}

fn options(metric: Metric, quantization: Quantization) -> ShardOptions {
    ShardOptions {
        vector_dimension: DIMENSION as u32,
        metric,
        graphs: GraphOptions { quantization, ..GraphOptions::default() },
        graph_rows_min: 300,
        ..folder::options()
    }
}

fn open(path: &Path, options: &ShardOptions) -> Arc<Shard> {
    Shard::open(&Env::real(), path, options.clone()).unwrap()
}

fn learn(shard: &Shard, numbers: std::ops::Range<usize>, of: fn(usize) -> usize) {
    let mut batch = BatchBuilder::new();
    for number in numbers {
        let key = format!("key {number}");
        let floats: Vec<u8> = vector(of(number)).iter().flat_map(|f| f.to_le_bytes()).collect();
        let (identity, vector) = (Identity::Key(&key), Some(&floats[..]));
        batch = batch.learn(&Learn { identity, content: "text", vector, ..Learn::default() });
    }
    shard.write(batch.build()).unwrap();
}

fn wait(shard: &Shard, what: &str, is_so: impl Fn(&Background) -> bool) -> Background {
    let started = Instant::now();
    loop {
        let background = shard.background();
        if is_so(&background) {
            return background;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{what}: {background:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn indexed(shard: &Shard) -> Background {
    shard.flush().unwrap();
    let now = shard.background();
    assert!(now.graphs > 0 && now.vectors_without_graph < 300, "{now:?}");
    now
}

fn filled(path: &Path, options: &ShardOptions) -> Arc<Shard> {
    let shard = open(path, options);
    for first in (0..ROWS).step_by(100) {
        learn(&shard, first..first + 100, |number| number);
    }
    indexed(&shard);
    shard
}

fn near(view: &View, query: &[f32], k: usize, width: Option<usize>) -> Vec<Scored> {
    let cancelled = &AtomicBool::new(false);
    let nearest = Nearest { query, k, width, allowed: None, wants: None, seqno: 0, cancelled };
    view.nearest_within(0, &nearest).unwrap()
}

/// The part of the hits of exact searches that searches by graph find as well.
fn recall(view: &View, k: usize) -> f64 {
    let (mut found, mut all) = (0, 0);
    for number in 0..50 {
        let query = vector(number * 31 + 100_000);
        let exact = near(view, &query, k, None);
        let about = near(view, &query, k, Some(WIDTH));
        assert_eq!(about.len(), exact.len());
        assert!(about.is_sorted_by(|one, next| one.score >= next.score), "best first");
        found += exact.iter().filter(|hit| about.contains(hit)).count();
        all += exact.len();
    }
    found as f64 / all as f64
}

#[test]
fn a_search_by_graph_finds_what_comparing_all_vectors_finds() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        for quantization in Quantization::ALL {
            let dir = tempfile::tempdir().unwrap();
            let shard = filled(dir.path(), &options(metric, quantization));
            let recall = recall(&shard.view(), 10);
            assert!(recall >= 0.97, "{metric:?} {}: {recall}", quantization.name());
            shard.close().unwrap();
        }
    }
}

#[test]
fn as_many_hits_come_as_are_wanted_or_there() {
    let dir = tempfile::tempdir().unwrap();
    let shard = filled(dir.path(), &options(Metric::Cosine, Quantization::I8));
    for k in [1, 10, 200, 1000, ROWS, 5000] {
        let hits = near(&shard.view(), &vector(7), k, Some(WIDTH));
        assert_eq!(hits.len(), k.min(ROWS), "{k}");
        assert_eq!(hits[0].id, id(7));
    }
    // Most of what is near is gone, and the graph does not know.
    let before = shard.view();
    for number in (0..ROWS).filter(|number| number % CLUSTERS != 3 && number % 30 != 0) {
        shard.write(BatchBuilder::new().delete(id(number)).build()).unwrap();
    }
    let left = (0..ROWS).filter(|number| number % CLUSTERS == 3 || number % 30 == 0).count();
    for k in [1, 10, 60, 1000] {
        for query in [vector(7), vector(3), vector(1234)] {
            let hits = near(&shard.view(), &query, k, Some(WIDTH));
            assert_eq!(hits.len(), k.min(left), "{k}");
            assert_eq!(near(&before, &query, k, Some(WIDTH)).len(), k, "an older view");
        }
    }
    assert!(recall(&shard.view(), 10) >= 0.97);
    shard.close().unwrap();
}

#[test]
fn every_vector_is_found_as_soon_as_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let options =
        ShardOptions { memory_threshold: 400, ..options(Metric::Cosine, Quantization::I8) };
    let shard = open(dir.path(), &options);
    for number in 0..2 * ROWS {
        learn(&shard, number..number + 1, |number| number);
        if number % 7 == 0 {
            let hits = near(&shard.view(), &vector(number), 1, Some(WIDTH));
            assert_eq!(hits[0].id, id(number), "{number}");
        }
    }
    // Given other vectors, they are found by these, and not by what they had.
    for first in (0..ROWS).step_by(100) {
        learn(&shard, first..first + 100, |number| number + 50_000);
    }
    for number in (0..ROWS).step_by(11) {
        let hits = near(&shard.view(), &vector(number + 50_000), 1, Some(WIDTH));
        assert_eq!(hits[0].id, id(number));
        let hits = near(&shard.view(), &vector(number), 10, Some(WIDTH));
        assert!(hits.iter().all(|hit| hit.score < 0.9999 || hit.id != id(number)), "{number}");
    }
    shard.close().unwrap();
}

#[test]
fn a_graph_is_there_again_after_opening_and_grows() {
    let dir = tempfile::tempdir().unwrap();
    let options = options(Metric::Cosine, Quantization::I8);
    filled(dir.path(), &options).close().unwrap();
    let options = ShardOptions { must_exist: true, ..options };
    let shard = open(dir.path(), &options);
    let now = wait(&shard, "it is opened", |now| now.graphs > 0);
    assert_eq!((now.graphs_built, now.graphs_dropped), (0, 0), "nothing is made again");
    for first in (ROWS..2 * ROWS).step_by(100) {
        learn(&shard, first..first + 100, |number| number);
    }
    let now = indexed(&shard);
    assert!(now.graphs_built > 0);
    assert!(recall(&shard.view(), 10) >= 0.97);
    wait(&shard, "what was replaced is removed", |now| {
        files(&dir.path().join("graphs")).len() as u64 == now.graphs
    });
    shard.close().unwrap();
}

fn graph_file(dir: &Path) -> std::path::PathBuf {
    files(&dir.join("graphs"))[0].clone()
}

/// Opens a shard with a graph that is not what it should be: it is made again, and answers are as
/// without it.
fn is_made_again(dir: &Path, options: &ShardOptions, what: &str) {
    let options = ShardOptions { must_exist: true, ..options.clone() };
    let shard = open(dir, &options);
    for number in [3, 77, 1400] {
        let hits = near(&shard.view(), &vector(number), 5, Some(WIDTH));
        assert_eq!(hits[0].id, id(number), "{what}");
    }
    let now = indexed(&shard);
    assert_eq!(now.graphs_dropped, 1, "{what}");
    assert!(now.graphs_built > 0, "{what}");
    assert_eq!(now.graph_error, None, "{what}");
    assert!(recall(&shard.view(), 10) >= 0.97, "{what}");
    shard.close().unwrap();
}

#[test]
fn a_damaged_graph_is_made_again() {
    let options = options(Metric::Cosine, Quantization::I8);
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), &options).close().unwrap();
    let whole = std::fs::read(graph_file(dir.path())).unwrap();
    for part in 0..12 {
        let mut bytes = whole.clone();
        let at = part * (bytes.len() - 1) / 11;
        bytes[at] ^= 0x20;
        std::fs::write(graph_file(dir.path()), bytes).unwrap();
        is_made_again(dir.path(), &options, &format!("flipped at {at}"));
        let cut = graph_file(dir.path());
        let bytes = std::fs::read(&cut).unwrap();
        std::fs::write(&cut, &bytes[..part * bytes.len() / 12]).unwrap();
        is_made_again(dir.path(), &options, &format!("cut at {part} twelfths"));
    }
}

#[test]
fn a_graph_of_other_vectors_is_made_again() {
    let options = options(Metric::Cosine, Quantization::I8);
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), &options).close().unwrap();
    // The folder as it was earlier, with a graph of what came to be later.
    let other = tempfile::tempdir().unwrap();
    let shard = open(other.path(), &options);
    learn(&shard, 0..1, |number| number);
    learn(&shard, 0..1, |number| number + 9);
    for first in (0..ROWS).step_by(100) {
        learn(&shard, first..first + 100, |number| number);
    }
    indexed(&shard);
    shard.close().unwrap();
    std::fs::copy(graph_file(other.path()), graph_file(dir.path())).unwrap();
    is_made_again(dir.path(), &options, "of the same store");
    let foreign = ShardOptions { store_id: [8; 16], ..options.clone() };
    assert_ne!(foreign.store_id, STORE_ID);
    let other = tempfile::tempdir().unwrap();
    filled(other.path(), &foreign).close().unwrap();
    std::fs::copy(graph_file(other.path()), graph_file(dir.path())).unwrap();
    is_made_again(dir.path(), &options, "of another store");
}
