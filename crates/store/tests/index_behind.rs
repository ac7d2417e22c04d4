//! An index that is behind the segments, which have given up what it has not heard of: no answer
//! has what does not pass a filter, and no score differs from that of an index that is not behind.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test removes files behind the engine's back")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_env::Env;
use sutra_format::{BatchBuilder, Identity, Learn};
use sutra_store::{Filter, SearchQuery, Store, StoreOptions};

const ROUNDS: u8 = 8;

fn open(path: &Path, read_only: bool) -> Arc<Store> {
    let options = StoreOptions { vector_dimension: Some(2), read_only, ..StoreOptions::default() };
    Store::open(&Env::real(), path, options).unwrap()
}

/// Every concept is written in every round, with the round as an attribute.
fn write(store: &Store, round: u8) {
    let vector: Vec<u8> = [1.0_f32, 0.5].iter().flat_map(|n| n.to_le_bytes()).collect();
    let attributes = [0x81, 0xa1, b'a', round];
    let mut batch = BatchBuilder::new();
    for key in ["one", "two", "three"] {
        let content = format!("{key} of round {round}");
        let vector = (round == 0).then_some(vector.as_slice());
        let identity = Identity::Key(key);
        let attributes = Some(attributes.as_slice());
        let learn = Learn { identity, content: &content, vector, attributes, ..Learn::default() };
        batch = batch.learn(&learn);
    }
    store.write(batch.build()).unwrap();
    store.flush().unwrap();
}

/// What is found by vector of a round, and the scores of a text.
fn ask(store: &Store, round: u8) -> (usize, Vec<u64>) {
    let never = AtomicBool::new(false);
    let filter = Filter::decode(&[0x81, 0xa1, b'a', round]).unwrap();
    let view = store.view();
    let vector = Some(&[1.0, 0.0][..]);
    let query = SearchQuery { vector, filter: Some(&filter), ..SearchQuery::default() };
    let near = store.search(&view, &query, &never).unwrap();
    let query = SearchQuery { text: Some("two round"), ..SearchQuery::default() };
    let found = store.search(&view, &query, &never).unwrap();
    (near.len(), found.iter().map(|hit| hit.score.to_bits()).collect())
}

#[test]
fn an_index_that_is_behind_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = open(path, false);
    (0..ROUNDS).for_each(|round| write(&store, round));
    let last = ROUNDS - 1;
    let whole = ask(&store, last);
    assert_eq!((whole.0, whole.1.len()), (3, 3));
    store.close().unwrap();
    let texts = path.join("shard-00/texts");
    let mut files: Vec<_> =
        fs::read_dir(&texts).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    while let Some(newest) = files.pop() {
        fs::remove_file(newest).unwrap();
        let store = open(path, true);
        assert_eq!(ask(&store, last), whole, "{} files are left", files.len());
        assert_eq!(ask(&store, 0).0, 0, "{} files are left", files.len());
        store.close().unwrap();
    }
    let store = open(path, false);
    assert_eq!((ask(&store, last), ask(&store, 0).0), (whole.clone(), 0), "all at once");
    store.flush().unwrap();
    assert_eq!((ask(&store, last), ask(&store, 0).0), (whole, 0), "made anew");
    store.close().unwrap();
}
