//! A damaged store is saved as far as it reads, once that is confirmed.
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]

use sutra_env::Env;
use sutra_format::{BatchBuilder, Learn};
use sutra_store::{Error, Fate, Store, StoreOptions, check_folder, repair_folder};

#[test]
fn a_lost_segment_is_named_and_the_rest_of_the_store_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (env, path) = (Env::real(), dir.path());
    let options = || StoreOptions { vector_dimension: Some(2), ..StoreOptions::default() };
    let learn = |content| BatchBuilder::new().learn(&Learn { content, ..Learn::default() }).build();
    let store = Store::open(&env, path, options()).unwrap();
    let kept = store.write(learn("kept")).unwrap().outcomes[0].id;
    store.flush().unwrap();
    let lost = store.write(learn("lost")).unwrap().outcomes[0].id;
    store.flush().unwrap();
    assert!(matches!(repair_folder(&env, path, true), Err(Error::Locked { .. })));
    store.close().unwrap();
    assert!(repair_folder(&env, path, true).unwrap().is_sound);

    let segments = path.join("shard-00/segments");
    let names = std::fs::read_dir(&segments).unwrap().map(|entry| entry.unwrap().path());
    let newest = names.max().unwrap();
    let mut bytes = std::fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&newest, bytes).unwrap();
    assert!(!check_folder(&env, path).unwrap().is_sound());

    let planned = repair_folder(&env, path, false).unwrap();
    assert!(planned.aside.is_none() && newest.exists());
    let done = repair_folder(&env, path, true).unwrap();
    assert_eq!(done.concepts, planned.concepts);
    assert!(done.concepts.iter().all(|concept| concept.id == lost && concept.fate == Fate::Gone));
    assert!(done.aside.unwrap().join(newest.file_name().unwrap()).exists());
    assert_eq!(check_folder(&env, path).unwrap().problems, []);
    let store = Store::open(&env, path, options()).unwrap();
    assert!(store.view().get(&kept).unwrap().is_some());
    assert!(store.view().get(&lost).unwrap().is_none());
    store.write(learn("lost")).unwrap();
    store.close().unwrap();
}
