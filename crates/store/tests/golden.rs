//! A store written with format version 1 opens and holds what was written; a copy goes on as ever.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test copies files behind the engine's back")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use sutra_env::Env;
use sutra_format::{BatchBuilder, ConceptId, Learn};
use sutra_store::{Store, StoreOptions};

const SEGMENTS: &str = "shard-00/wal";

fn copy_of_version_1(to: &Path) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../format/golden/v1");
    fs::create_dir_all(to.join(SEGMENTS)).unwrap();
    fs::copy(golden.join("STORE"), to.join("STORE")).unwrap();
    for entry in fs::read_dir(golden.join(SEGMENTS)).unwrap() {
        let name = entry.unwrap().file_name();
        fs::copy(golden.join(SEGMENTS).join(&name), to.join(SEGMENTS).join(&name)).unwrap();
    }
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(&Env::real(), path, StoreOptions::default()).unwrap()
}

fn content(store: &Store, id: ConceptId) -> Option<String> {
    let view = store.view();
    let concept = view.get(&id).unwrap()?;
    Some(String::from_utf8(concept.content().unwrap().to_vec()).unwrap())
}

#[test]
fn a_store_of_version_1_opens_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    copy_of_version_1(folder.path());
    let by_content = ConceptId::of_content("default", "Aspirin inhibits COX-1");
    let by_key = ConceptId::of_key("default", "cox-1");
    let note = ConceptId::of_content("notes", "a note");

    let store = open(folder.path());
    assert_eq!(store.view().seqno(), 5);
    assert_eq!(content(&store, by_content).as_deref(), Some("Aspirin inhibits COX-1"));
    assert_eq!(content(&store, by_key).as_deref(), Some("COX-1 is an enzyme"));
    assert_eq!(content(&store, note).as_deref(), Some("a note"));
    assert_eq!(content(&store, ConceptId(*b"an id of a user!")), None);
    let more = Learn { content: "written later", ..Learn::default() };
    assert_eq!(store.write(BatchBuilder::new().learn(&more).build()).unwrap().seqno, 6);
    store.close().unwrap();
    drop(store);

    let store = open(folder.path());
    assert_eq!(store.view().seqno(), 6);
    assert_eq!(content(&store, more.id()).as_deref(), Some("written later"));
    assert_eq!(content(&store, by_key).as_deref(), Some("COX-1 is an enzyme"));
}
