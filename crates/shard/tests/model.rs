//! Random operations against a model in ordinary maps. Every answer and everything that can be read
//! is compared: the newest commit, views that were kept, and commits of before; while deltas become
//! segments, segments are merged, and the shard is closed and opened again.
//!
//! `MODEL_OPERATIONS` says how many operations (`npm run proof:model -- 10000000`), `SEED` repeats
//! one world alone.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::cast_precision_loss, reason = "small whole numbers")]

mod model_world;

use model_world::bench::Bench;
use model_world::golden;
use model_world::lies;
use model_world::world::{Met, World};
use parking_lot::Mutex;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{Associate, AssociationClass, BatchBuilder, EdgeName};
use sutra_shard::{EdgeRef, ShardOptions};

const OPERATIONS: usize = 200_000;
const OPERATIONS_OF_A_WORLD: usize = 4_000;
/// Worlds that run side by side.
const THREADS: usize = 2;
const SEED: u64 = 0x5eed_0000;

fn number_from(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

#[test]
fn a_shard_does_what_the_model_does() {
    if let Some(seed) = number_from("SEED") {
        println!("{:?}", run(seed));
        return;
    }
    let operations = number_from("MODEL_OPERATIONS").map_or(OPERATIONS, |count| count as usize);
    let clock = Env::real().clock;
    let start_us = clock.monotonic_us();
    let next_seed = AtomicU64::new(SEED);
    let all = Mutex::new(Met::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while all.lock().operations < operations {
                    let met = run(next_seed.fetch_add(1, Ordering::Relaxed));
                    all.lock().add(&met);
                }
            });
        }
    });
    let all = all.into_inner();
    let seconds = (clock.monotonic_us() - start_us) as f64 / 1e6;
    println!("{all:?}");
    println!(
        "{} operations in {seconds:.1} s: {} flushes, {} merges, opened {} times, all equal",
        all.operations, all.flushes, all.compactions, all.reopened
    );
    let has_met_all = all.flushes > 100
        && all.compactions > 100
        && all.past_views > 100
        && all.refused > 100
        && all.reopened > 20;
    assert!(has_met_all || operations < OPERATIONS, "too little was met: {all:?}");
}

fn run(seed: u64) -> Met {
    let run = AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        world.run(OPERATIONS_OF_A_WORLD);
        world.met
    });
    catch_unwind(run).unwrap_or_else(|cause| {
        eprintln!("SEED={seed} repeats it");
        resume_unwind(cause)
    })
}

/// Vectors of versions that were given up by then were removed from the files, and the shard still
/// showed the commits that had them: concepts without the vectors they had.
#[test]
fn a_commit_whose_vectors_were_removed_is_not_shown() {
    let keep_us = 1_000;
    let options = ShardOptions {
        vector_dimension: 1,
        history_keep_us: Some(keep_us),
        ..ShardOptions::default()
    };
    let mut bench = Bench::new(options);
    let id = bench.learn("a", 1.0);
    bench.flush();
    bench.learn("a", 2.0);
    bench.flush();
    // The file of the first vector holds nothing newer; it is removed only after a while, when
    // something else is to be done.
    bench.machine.pass_us(10 * keep_us);
    bench.learn("b", 3.0);
    bench.flush();
    bench.machine.settle(&mut bench.dice);
    assert_eq!(bench.shard.stats().unwrap().background.vector_files, 2);
    for seqno in 1..=2 {
        let Some(view) = bench.shard.view_at(seqno) else { continue };
        let concept = view.get(&id).unwrap().unwrap();
        assert_eq!(view.vector(&concept).unwrap(), Some(&[seqno as f32][..]), "commit {seqno}");
    }
    assert!(bench.shard.view_at(2).is_some());
}

/// Few rows, so that miri reads the files as well and sees whether a number lies where its type may
/// not. A mapping is as aligned here as that of a file has to be.
#[test]
fn what_was_flushed_is_read_where_it_is_mapped() {
    let mut bench = Bench::new(ShardOptions { vector_dimension: 1, ..golden::options() });
    let first = bench.learn("a", 1.0);
    bench.flush();
    let second = bench.learn("b", -2.0);
    let class = AssociationClass::Causal;
    let associate = Associate {
        name: EdgeName { source: first, target: second, class, label: Some("before") },
        confidence: Some(0.5),
        weight: Some(2.0),
        attributes: None,
        validity: Validity::default(),
    };
    bench.write(BatchBuilder::new().associate(&associate).build());
    bench.flush();
    let background = bench.shard.stats().unwrap().background;
    assert_eq!((background.segments, background.vector_files), (2, 2));
    let view = bench.shard.view();
    for (id, key, number) in [(first, "a", 1.0), (second, "b", -2.0)] {
        let concept = view.get(&id).unwrap().unwrap();
        assert_eq!(concept.content().unwrap(), key.as_bytes());
        assert_eq!(view.vector(&concept).unwrap(), Some(&[number][..]));
    }
    for id in [first, second] {
        let mut found = Vec::new();
        let mut visit = |edge: &EdgeRef| {
            let weight = view.edge_at(edge.location).unwrap().weight;
            found.push((view.label(edge.label).unwrap().to_owned(), edge.confidence, weight));
            ControlFlow::Continue(())
        };
        assert!(view.outgoing(&id, &mut visit).unwrap().is_continue());
        assert!(view.incoming(&id, &mut visit).unwrap().is_continue());
        assert_eq!(found, [("before".to_owned(), 0.5, 2.0)]);
    }
    let hits = view.nearest(0, &[1.0], 2, &AtomicBool::new(false)).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [first, second]);
    assert!(bench.shard.view_at(1).unwrap().get(&second).unwrap().is_none());
    bench.close();
}

/// The golden store is what this release writes. `SUTRA_WRITE_GOLDEN=1` writes it, which is right
/// only as long as a version is not released.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test of files reads them itself")]
fn this_release_writes_the_golden_store_byte_by_byte() {
    for (path, bytes) in golden::files() {
        let is_text = path.starts_with("shard-00/texts");
        let folder = if is_text { golden::texts_folder() } else { golden::folder() };
        let path = folder.join(path);
        if std::env::var("SUTRA_WRITE_GOLDEN").is_ok_and(|value| value == "1") {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let found = std::fs::read(&path).unwrap();
        let differs = found.iter().zip(&bytes).position(|(found, expected)| found != expected);
        assert_eq!(differs, None, "first byte of {} that differs", path.display());
        assert_eq!(found.len(), bytes.len(), "{}", path.display());
    }
}

/// The fuzzer's seeds are parts of the same files, and none of them is a lie.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test of files reads them itself")]
fn the_fuzzer_begins_with_parts_of_the_golden_store() {
    let folder = golden::folder().join("../../../../fuzz/seeds/sealed_file");
    for (name, bytes) in lies::seeds() {
        let path = folder.join(name);
        if std::env::var("SUTRA_WRITE_GOLDEN").is_ok_and(|value| value == "1") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "{}", path.display());
    }
    let heard = lies::tell_bytes(&lies::seeds()[0].1);
    assert_eq!((heard.refused, heard.corrupt, heard.read), (0, 0, 1));
}

/// A content that is said to be in a later record was told as a mistake of the caller's.
#[test]
fn a_text_that_is_nowhere_is_damage() {
    for position in [u64::MAX - 1, 1 << 40, 4096, 8] {
        let heard = lies::misplace_text(position);
        assert_eq!((heard.refused, heard.corrupt, heard.read), (0, 1, 0), "{position}");
    }
}

/// A merge of files took the length of a vector for granted: the writer refuses vectors of zeros,
/// but a file may hold one all the same. Found by the test below (seed 77 and on).
#[test]
fn a_file_with_a_vector_of_zeros_is_merged() {
    let is_first_floats = |(name, _): &&(String, Vec<u8>)| name == "file-0-floats";
    let (_, mut bytes) = lies::seeds().iter().find(is_first_floats).cloned().unwrap();
    bytes[2..].fill(0);
    let heard = lies::tell_bytes(&bytes);
    assert_eq!((heard.refused, heard.corrupt, heard.read), (0, 0, 1));
}

/// `SUTRA_FUZZ_MUTATIONS` says how many.
#[test]
fn a_sealed_file_that_lies_with_right_checksums_is_read_or_told_to_be_corrupt() {
    let lies = number_from("SUTRA_FUZZ_MUTATIONS").unwrap_or(200);
    let heard = lies::tell(lies as usize, number_from("SUTRA_FUZZ_SEED").unwrap_or(SEED));
    println!("{heard:?}");
    assert!(heard.refused + heard.corrupt > 20 && heard.read > 20, "{heard:?}");
}
