//! The store through its public API on real folders.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test damages files behind the engine's back")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, Batch, BatchBuilder, ConceptId, EdgeName, Identity, Learn, Metric,
};
use sutra_store::graph::PathOptions;
use sutra_store::{
    Direction, Error, ListQuery, NeighborQuery, Order, SearchQuery, Store, StoreOptions,
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn options() -> StoreOptions {
    StoreOptions { vector_dimension: Some(2), ..StoreOptions::default() }
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(&Env::real(), path, options()).unwrap()
}

fn refused(path: &Path, options: StoreOptions) -> Error {
    match Store::open(&Env::real(), path, options) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(error) => error,
    }
}

fn learn(key: &str, vector: Option<[f32; 2]>) -> Batch {
    let bytes: Option<Vec<u8>> =
        vector.map(|numbers| numbers.iter().flat_map(|n| n.to_le_bytes()).collect());
    let learn = Learn {
        identity: Identity::Key(key),
        content: key,
        vector: bytes.as_deref(),
        ..Learn::default()
    };
    BatchBuilder::new().learn(&learn).build()
}

fn associate(source: &str, target: &str, label: &str, confidence: f64) -> Batch {
    associate_while(source, target, label, confidence, Validity::default())
}

fn associate_while(
    source: &str,
    target: &str,
    label: &str,
    confidence: f64,
    validity: Validity,
) -> Batch {
    let name = EdgeName {
        source: id(source),
        target: id(target),
        class: AssociationClass::Causal,
        label: Some(label),
    };
    let associate =
        Associate { name, confidence: Some(confidence), weight: None, attributes: None, validity };
    BatchBuilder::new().associate(&associate).build()
}

fn id(key: &str) -> ConceptId {
    ConceptId::of_key("default", key)
}

#[test]
fn a_store_opens_again_with_what_it_was_made_with() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er/store");
    let store = open(&path);
    store.write(learn("a", Some([1.0, 0.0]))).unwrap();
    store.close().unwrap();
    store.close().unwrap();
    let store = Store::open(&Env::real(), &path, StoreOptions::default()).unwrap();
    assert_eq!((store.meta().vector_dimension, store.meta().metric), (2, Metric::Cosine));
    assert_eq!(store.stats().unwrap().shard.counts.vectors, 1);
    store.close().unwrap();
    let other = StoreOptions {
        vector_dimension: Some(3),
        metric: Some(Metric::Dot),
        ..StoreOptions::default()
    };
    let Error::Config(problems) = refused(&path, other) else { panic!("another error") };
    let fields: Vec<_> = problems.iter().map(sutra_format::Refusal::field).collect();
    assert_eq!(fields, ["vectorDimension", "metric"]);
}

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = refused(dir.path(), options());
    assert!(matches!(error, Error::Locked { pid } if pid == Some(std::process::id())), "{error}");
    let read_only = StoreOptions { read_only: true, ..options() };
    assert!(matches!(refused(dir.path(), read_only.clone()), Error::Locked { .. }));
    store.close().unwrap();
    let first = Store::open(&Env::real(), dir.path(), read_only.clone()).unwrap();
    let second = Store::open(&Env::real(), dir.path(), read_only).unwrap();
    assert!(matches!(refused(dir.path(), options()), Error::Locked { .. }));
    first.close().unwrap();
    second.close().unwrap();
    open(dir.path()).close().unwrap();
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "text").unwrap();
    assert!(matches!(refused(&file, options()), Error::NotAStore { .. }));
    assert!(matches!(refused(dir.path(), options()), Error::NotAStore { .. }));
    let read_only = StoreOptions { read_only: true, ..options() };
    let missing = dir.path().join("missing");
    assert!(matches!(refused(&missing, read_only.clone()), Error::NotAStore { .. }));
    fs::create_dir(&missing).unwrap();
    assert!(matches!(refused(&missing, read_only), Error::NotAStore { .. }));
    assert_eq!(fs::read_dir(&missing).unwrap().count(), 0);
    assert_eq!(fs::read(&file).unwrap(), b"text");
}

#[test]
fn a_store_that_lost_a_file_is_damaged_and_never_starts_empty() {
    for lost in ["STORE", "shard-00/wal/0000000001.wal"] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        store.write(learn("a", None)).unwrap();
        store.close().unwrap();
        fs::remove_file(dir.path().join(lost)).unwrap();
        let error = refused(dir.path(), options());
        assert!(matches!(error, Error::Corrupt { .. }), "{lost}: {error}");
    }
}

#[test]
fn an_interrupted_making_of_a_store_is_started_over() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().unwrap();
    fs::remove_file(dir.path().join("STORE")).unwrap();
    let store = open(dir.path());
    store.write(learn("a", None)).unwrap();
    store.close().unwrap();
    assert_eq!(open(dir.path()).stats().unwrap().shard.counts.concepts, 1);
}

/// The log was closed in order, and its last record passed for the data of a store that had lost
/// its file.
#[test]
fn a_store_whose_making_failed_can_be_made_later() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("STORE.tmp");
    fs::create_dir(&in_the_way).unwrap();
    assert!(matches!(refused(dir.path(), options()), Error::Io { .. }));
    fs::remove_dir(&in_the_way).unwrap();
    let store = open(dir.path());
    store.write(learn("a", None)).unwrap();
    store.close().unwrap();
    assert_eq!(open(dir.path()).stats().unwrap().shard.counts.concepts, 1);
}

#[test]
fn every_flipped_bit_of_the_store_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().unwrap();
    let path = dir.path().join("STORE");
    let good = fs::read(&path).unwrap();
    for offset in 0..good.len() {
        let mut bytes = good.clone();
        bytes[offset] ^= 1 << (offset % 8);
        fs::write(&path, &bytes).unwrap();
        let error = refused(dir.path(), options());
        assert!(matches!(error, Error::Corrupt { .. }), "byte {offset}: {error}");
    }
    fs::write(&path, &good).unwrap();
    open(dir.path()).close().unwrap();
}

#[test]
fn search_gives_the_nearest_and_no_deleted_ones() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for (key, vector) in [("a", [1.0, 0.0]), ("b", [0.8, 0.6]), ("c", [0.0, 1.0])] {
        store.write(learn(key, Some(vector))).unwrap();
    }
    store.write(learn("none", None)).unwrap();
    let before = store.view();
    store.write(BatchBuilder::new().delete(id("a")).build()).unwrap();
    let query = SearchQuery { vector: Some(&[1.0, 0.0]), k: 2, ..SearchQuery::default() };
    let keys = |view: &sutra_store::View, query: &SearchQuery<'_>| -> Vec<String> {
        let hits = store.search(view, query, &NEVER).unwrap();
        let concepts = hits.iter().map(|hit| view.concept_at(hit.location).unwrap());
        concepts.map(|concept| String::from_utf8(concept.key().to_vec()).unwrap()).collect()
    };
    assert_eq!(keys(&before, &query), ["a", "b"]);
    assert_eq!(keys(&store.view(), &query), ["b", "c"]);
    assert_eq!(keys(&store.view(), &SearchQuery { score_min: Some(0.5), ..query }), ["b"]);
    assert!(keys(&store.view(), &SearchQuery { namespace: "other", ..query }).is_empty());
    for (bad, field) in [
        (SearchQuery { k: 0, ..query }, "k"),
        (SearchQuery { k: 1001, ..query }, "k"),
        (SearchQuery { vector: Some(&[1.0]), ..query }, "vector"),
        (SearchQuery { vector: Some(&[f32::NAN, 1.0]), ..query }, "vector"),
        (SearchQuery { vector: Some(&[0.0, 0.0]), ..query }, "vector"),
    ] {
        let error = store.search(&store.view(), &bad, &NEVER).unwrap_err();
        assert!(matches!(&error, Error::Refused(r) if r.field() == field), "{error}");
    }
    let stop = AtomicBool::new(true);
    assert!(matches!(store.search(&store.view(), &query, &stop), Err(Error::Aborted)));
}

#[test]
fn neighbors_by_side_class_label_and_limit() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for key in ["a", "b", "c"] {
        store.write(learn(key, None)).unwrap();
    }
    for (source, target, label) in
        [("a", "b", "x"), ("a", "c", "y"), ("b", "a", "x"), ("a", "a", "z")]
    {
        store.write(associate(source, target, label, 0.5)).unwrap();
    }
    let view = store.view();
    let labels = |query: NeighborQuery<'_>| {
        let mut labels = Vec::new();
        let outcome = query.visit(&view, &id("a"), |neighbor| {
            labels.push(view.label(neighbor.edge.label).unwrap());
        });
        outcome.unwrap();
        labels.concat()
    };
    let all = NeighborQuery::default();
    assert_eq!(labels(all), "xyz");
    assert_eq!(labels(NeighborQuery { direction: Direction::In, ..all }), "xz");
    assert_eq!(labels(NeighborQuery { direction: Direction::Both, ..all }), "xyzx");
    assert_eq!(labels(NeighborQuery { label: Some("y"), ..all }), "y");
    assert_eq!(labels(NeighborQuery { label: Some("unknown"), ..all }), "");
    assert_eq!(labels(NeighborQuery { limit: 2, ..all }), "xy");
    let semantic = [AssociationClass::Semantic].into_iter().collect();
    assert_eq!(labels(NeighborQuery { classes: semantic, ..all }), "");
}

/// The start of validity is included, its end is not; what has no limits always holds.
#[test]
fn neighbors_and_paths_at_a_moment_walk_only_what_held() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for key in ["a", "b", "c"] {
        store.write(learn(key, None)).unwrap();
    }
    let limits =
        [("a", "b", Some(10), Some(20)), ("b", "c", None, Some(15)), ("a", "c", None, None)];
    for (source, target, from_ms, to_ms) in limits {
        let validity = Validity { from_ms, to_ms };
        store.write(associate_while(source, target, "x", 0.5, validity)).unwrap();
    }
    let view = store.view();
    let found = |valid_at_ms| {
        let query = NeighborQuery { direction: Direction::Both, valid_at_ms, ..Default::default() };
        let mut neighbors = 0;
        query.visit(&view, &id("b"), |_| neighbors += 1).unwrap();
        let options = PathOptions { valid_at_ms, ..PathOptions::default() };
        let found = store.paths(&view, &id("a"), &id("c"), &options, &NEVER).unwrap();
        (neighbors, found.paths.len())
    };
    assert_eq!(found(None), (2, 2));
    assert_eq!(found(Some(9)), (1, 1));
    assert_eq!(found(Some(10)), (2, 2));
    assert_eq!(found(Some(14)), (2, 2));
    assert_eq!(found(Some(15)), (1, 1));
    assert_eq!(found(Some(19)), (1, 1));
    assert_eq!(found(Some(20)), (0, 1));
}

#[test]
fn paths_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for key in ["a", "b", "c"] {
        store.write(learn(key, None)).unwrap();
    }
    store.write(associate("a", "b", "x", 0.9)).unwrap();
    store.write(associate("b", "c", "x", 0.5)).unwrap();
    store.close().unwrap();
    let store = open(dir.path());
    let view = store.view();
    let found = store.paths(&view, &id("a"), &id("c"), &PathOptions::default(), &NEVER).unwrap();
    assert_eq!(found.paths.len(), 1);
    assert!((found.paths[0].confidence - 0.9 * 0.5 * 0.85).abs() < 1e-12);
    let missing = store.paths(&view, &id("a"), &id("q"), &PathOptions::default(), &NEVER);
    assert!(matches!(missing, Err(Error::NotFound { field, .. }) if field == "to"));
}

#[test]
fn pages_hold_every_concept_once_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for number in 0..100 {
        store.write(learn(&number.to_string(), None)).unwrap();
    }
    store.write(learn("7", None)).unwrap();
    store.write(BatchBuilder::new().delete(id("9")).build()).unwrap();
    let view = store.view();
    let all = |mut order| {
        let mut ids = Vec::new();
        loop {
            let query = ListQuery { namespace: Some("default"), filter: None, order, limit: 9 };
            let page = store.list(&view, &query, &NEVER).unwrap();
            ids.extend(page.locations.iter().map(|at| view.concept_at(*at).unwrap().id()));
            match page.next {
                Some(next) => order = next,
                None => return ids,
            }
        }
    };
    let by_id = all(Order::Id { after: None });
    assert_eq!(by_id.len(), 99);
    assert!(by_id.is_sorted());
    let recent = all(Order::Recent { before: None });
    assert_eq!(recent.len(), 99);
    assert_eq!(recent[..3], [id("7"), id("99"), id("98")]);
    let nowhere = ListQuery {
        namespace: Some("no"),
        filter: None,
        order: Order::Id { after: None },
        limit: 1,
    };
    assert!(store.list(&view, &nowhere, &NEVER).unwrap().locations.is_empty());
}
