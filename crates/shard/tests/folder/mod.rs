//! Shards made for looking at their folders.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]
#![allow(dead_code, clippy::needless_pass_by_value, reason = "not every test needs all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, BatchBuilder, ConceptId, EdgeName, Identity, Learn, Metric, Update,
};
use sutra_shard::{Durability, Result, Shard, ShardOptions, StoredOptions};

pub const STORE_ID: [u8; 16] = [7; 16];

/// What the file of the store says, as [`options`] have it.
pub const STORED: StoredOptions =
    StoredOptions { store_id: STORE_ID, vector_dimension: 4, metric: Metric::Cosine };

pub fn options() -> ShardOptions {
    ShardOptions {
        store_id: STORE_ID,
        vector_dimension: 4,
        durability: Durability::Os,
        must_exist: false,
        log_segment_bytes_min: 8 << 10,
        log_segment_bytes_max: 8 << 10,
        memory_threshold: usize::MAX,
        delta_age_us_max: None,
        merge_policy: merge_as_if_busy,
        ..ShardOptions::default()
    }
}

/// However slow the machine is, the segments that a test made stay as they are.
fn merge_as_if_busy(sizes: &[u64], _is_at_rest: bool) -> Option<Range<usize>> {
    (ShardOptions::default().merge_policy)(sizes, false)
}

pub fn open(path: &Path, options: ShardOptions) -> Result<Arc<Shard>> {
    Shard::open(&Env::real(), path, options)
}

pub fn id(number: usize) -> ConceptId {
    ConceptId::of_key("default", &format!("key {number}"))
}

pub fn name(source: usize, target: usize, label: Option<&str>) -> EdgeName<'_> {
    let class = AssociationClass::Semantic;
    EdgeName { source: id(source), target: id(target), class, label }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn vector(number: usize) -> Vec<u8> {
    let floats = [1.0, number as f32 + 0.5, (number % 7) as f32, -1.0];
    floats.iter().flat_map(|float: &f32| float.to_le_bytes()).collect()
}

/// Learns concepts `numbers` by key; every third has a vector, every fourth attributes.
pub fn learn(shard: &Shard, numbers: Range<usize>, round: usize) {
    let mut batch = BatchBuilder::new();
    for number in numbers {
        let (key, content) = (format!("key {number}"), format!("content {number} of {round}"));
        let vector = vector(number + 100 * round);
        batch = batch.learn(&Learn {
            identity: Identity::Key(&key),
            content: &content,
            vector: number.is_multiple_of(3).then_some(&vector),
            attributes: number.is_multiple_of(4).then_some(&[0x81, 0xa1, b'n', 1]),
            ..Learn::default()
        });
    }
    shard.write(batch.build()).unwrap();
}

pub fn associate(shard: &Shard, source: usize, target: usize, label: Option<&str>, weight: f64) {
    let associate = Associate {
        name: name(source, target, label),
        confidence: Some(0.5),
        weight: Some(weight),
        attributes: Some(&[0x81, 0xa1, b'w', 2]),
        validity: Validity::default(),
    };
    shard.write(BatchBuilder::new().associate(&associate).build()).unwrap();
}

/// Three segments with versions, tombstones, ends of associations, vectors in two namespaces, and
/// then some commits in the log. Four segments would be merged.
pub fn fill(shard: &Shard) {
    let other = BatchBuilder::new().namespace("other", 20, Metric::L2);
    shard.write(other.build()).unwrap();
    learn(shard, 0..24, 0);
    let floats: Vec<u8> = [0.25_f32; 20].iter().flat_map(|float| float.to_le_bytes()).collect();
    for content in ["one", "two"] {
        let learn = Learn { namespace: "other", content, ..Learn::default() };
        let learn = Learn { vector: Some(&floats), ..learn };
        shard.write(BatchBuilder::new().learn(&learn).build()).unwrap();
    }
    for number in 0..20 {
        associate(shard, number, (number * 7 + 1) % 20, Some("knows"), 1.0);
    }
    shard.flush().unwrap();
    learn(shard, 3..9, 1);
    associate(shard, 4, 9, Some("knows"), 2.0); // was there: 4 * 7 + 1 = 29
    associate(shard, 21, 22, Some("later"), 1.0);
    shard.write(BatchBuilder::new().dissociate(&name(5, 16, Some("knows"))).build()).unwrap();
    shard.write(BatchBuilder::new().delete(id(2)).build()).unwrap();
    shard.flush().unwrap();
    let update = Update { id: id(3), strength: Some(0.25), ..Update::default() };
    shard.write(BatchBuilder::new().update(&update).build()).unwrap();
    shard.write(BatchBuilder::new().delete(id(6)).build()).unwrap();
    learn(shard, 2..3, 2);
    associate(shard, 2, 3, None, 1.0);
    shard.flush().unwrap();
    learn(shard, 23..26, 3);
    associate(shard, 24, 3, Some("in the log"), 1.0);
    shard.write(BatchBuilder::new().delete(id(12)).build()).unwrap();
}

/// As [`fill`], but few files: two segments, and a file of vectors in each of two namespaces.
pub fn fill_small(shard: &Shard) {
    let other = BatchBuilder::new().namespace("other", 20, Metric::L2);
    shard.write(other.build()).unwrap();
    learn(shard, 0..10, 0);
    let floats: Vec<u8> = [0.25_f32; 20].iter().flat_map(|float| float.to_le_bytes()).collect();
    let content = Learn { namespace: "other", content: "one", ..Learn::default() };
    let content = Learn { vector: Some(&floats), ..content };
    shard.write(BatchBuilder::new().learn(&content).build()).unwrap();
    for number in 0..8 {
        associate(shard, number, (number * 7 + 1) % 8, Some("knows"), 1.0);
    }
    shard.flush().unwrap();
    learn(shard, 4..6, 1);
    associate(shard, 1, 0, Some("knows"), 2.0);
    associate(shard, 8, 9, Some("later"), 1.0);
    shard.write(BatchBuilder::new().dissociate(&name(2, 7, Some("knows"))).build()).unwrap();
    shard.write(BatchBuilder::new().delete(id(3)).build()).unwrap();
    shard.flush().unwrap();
    learn(shard, 9..11, 3);
    associate(shard, 10, 1, Some("in the log"), 1.0);
    shard.write(BatchBuilder::new().delete(id(5)).build()).unwrap();
}

/// Makes and closes such a shard.
pub fn make(path: &Path, options: ShardOptions) {
    let shard = open(path, options).unwrap();
    fill(&shard);
    shard.close().unwrap();
}

/// Everything a caller can read of a shard, or the error of one read.
pub fn read(path: &Path, options: ShardOptions) -> Result<BTreeMap<String, String>> {
    let shard = open(path, ShardOptions { must_exist: true, ..options })?;
    let everything = read_shard(&shard);
    drop(shard.close());
    everything
}

pub fn read_shard(shard: &Shard) -> Result<BTreeMap<String, String>> {
    let view = shard.view();
    let mut everything = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let _ = view.ids(|id| {
        ids.insert(*id);
        ControlFlow::Continue(())
    })?;
    for id in ids {
        if let Some(concept) = view.get(&id)? {
            let texts = (concept.content()?, concept.attributes()?, concept.key());
            let numbers = (concept.strength(), concept.confidence(), concept.seqno());
            let vector = view.vector(&concept)?;
            let text = format!("{texts:?} {numbers:?} {vector:?} {}", concept.created_us());
            everything.insert(format!("{id}"), text);
        }
        for is_out in [true, false] {
            let mut edges = Vec::new();
            let mut add = |edge: &sutra_shard::EdgeRef| {
                let fields = view.edge_at(edge.location).map(|fields| {
                    (fields.weight, fields.confidence, fields.attributes, fields.created_us)
                });
                let label = view.label(edge.label);
                edges.push((edge.other, label, edge.class, fields.map(|f| format!("{f:?}"))));
                ControlFlow::Continue(())
            };
            let _ =
                if is_out { view.outgoing(&id, &mut add)? } else { view.incoming(&id, &mut add)? };
            let mut lines = Vec::new();
            for (other, label, class, fields) in edges {
                lines.push(format!("{other} {label:?} {class:?} {}", fields?));
            }
            everything.insert(format!("{id} {is_out}"), lines.join("\n"));
        }
    }
    for (number, namespace) in view.state().names().namespaces() {
        let query = vec![0.5; namespace.dimension as usize];
        let never = std::sync::atomic::AtomicBool::new(false);
        let hits = view.nearest(number, &query, 5, &never)?;
        everything.insert(format!("nearest in {}", namespace.name), format!("{hits:?}"));
    }
    let mut recent = Vec::new();
    let _ = view.recent(None, |concept| {
        recent.push((concept.id(), concept.seqno(), concept.ordinal()));
        ControlFlow::Continue(())
    })?;
    everything.insert("recent".into(), format!("{recent:?}"));
    everything.insert("counts".into(), format!("{:?}", shard.shared().counts()));
    everything.insert("seqno".into(), view.seqno().to_string());
    Ok(everything)
}

/// All files below a folder that are not made of others, sorted.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let is_derived = |file: &PathBuf| file.iter().any(|part| part == "texts");
    all_files(path).into_iter().filter(|file| !is_derived(file)).collect()
}

/// All files below a folder, sorted.
pub fn all_files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all_files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Copies a shard's folder; the files that are no part of it are left out.
pub fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file, target).unwrap();
    }
}

/// Files of one kind.
pub fn with_extension(path: &Path, extension: &str) -> Vec<PathBuf> {
    let all = files(path).into_iter();
    all.filter(|file| file.extension().is_some_and(|found| found == extension)).collect()
}
