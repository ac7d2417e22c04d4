//! Stores that were written once still open, and everything in them can be read.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::disallowed_methods, reason = "a test copies files behind the engine's back")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_env::Env;
use sutra_format::{BatchBuilder, ConceptId, Learn, StoreMeta};
use sutra_shard::{Shard, ShardOptions, View};

const GIVEN: ConceptId = ConceptId(*b"an id of a user!");

struct Golden {
    dir: tempfile::TempDir,
    options: ShardOptions,
}

impl Golden {
    /// A copy of a golden folder: opening writes.
    fn new(name: &str) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../format/golden").join(name);
        let dir = tempfile::tempdir().unwrap();
        copy(&from, dir.path());
        let meta = StoreMeta::decode(&fs::read(from.join("STORE")).unwrap()).unwrap();
        let options = ShardOptions {
            store_id: meta.store_id,
            vector_dimension: meta.vector_dimension,
            metric: meta.metric,
            must_exist: true,
            history_keep_us: Some(u64::MAX),
            ..ShardOptions::default()
        };
        Self { dir, options }
    }

    fn open(&self) -> Arc<Shard> {
        let path = self.dir.path().join("shard-00");
        Shard::open(&Env::real(), &path, self.options.clone()).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() { copy(&path, &to) } else { assert!(fs::copy(&path, &to).unwrap() > 0) }
    }
}

fn of_content(text: &str) -> ConceptId {
    ConceptId::of_content("default", text)
}

fn note(text: &str) -> ConceptId {
    ConceptId::of_content("notes", text)
}

fn cox() -> ConceptId {
    ConceptId::of_key("default", "cox-1")
}

fn aspirin() -> ConceptId {
    of_content("Aspirin inhibits COX-1")
}

/// Content, strength, confidence and vector.
fn concept(view: &View, id: &ConceptId) -> Option<Seen> {
    let concept = view.get(id).unwrap()?;
    let content = String::from_utf8(concept.content().unwrap().to_vec()).unwrap();
    let vector = view.vector(&concept).unwrap().map(<[f32]>::to_vec);
    Some((content, concept.strength(), concept.confidence(), vector))
}

/// Other end, label, weight and length of the attributes, of both sides one behind the other.
fn edges(view: &View, id: &ConceptId) -> Vec<(ConceptId, String, f64, usize)> {
    let mut found = Vec::new();
    let mut visit = |edge: &sutra_shard::EdgeRef| {
        let fields = view.edge_at(edge.location).unwrap();
        assert_eq!(fields.validity.to_ms.is_some(), fields.validity.to_ms == Some(-1));
        let label = view.label(edge.label).unwrap_or_default().to_owned();
        found.push((edge.other, label, fields.weight, fields.attributes.len()));
        ControlFlow::Continue(())
    };
    let _ = view.outgoing(id, &mut visit).unwrap();
    let _ = view.incoming(id, &mut visit).unwrap();
    found
}

fn recent(view: &View) -> Vec<ConceptId> {
    let mut ids = Vec::new();
    let walked = view.recent(None, |concept| {
        ids.push(concept.id());
        ControlFlow::Continue(())
    });
    assert!(walked.unwrap().is_continue());
    ids
}

type Seen = (String, f64, f64, Option<Vec<f32>>);

fn text(text: &str, strength: f64, confidence: f64, vector: &[f32]) -> Seen {
    (text.to_owned(), strength, confidence, Some(vector.to_vec()))
}

fn assert_newest(view: &View) {
    let label = |text: &str| text.to_owned();
    assert_eq!(
        concept(view, &aspirin()),
        Some(text("Aspirin inhibits COX-1", 0.75, 1.0, &[4.0, 3.0, 0.0]))
    );
    assert_eq!(concept(view, &cox()), Some(text("an enzyme", 0.5, 0.125, &[0.0, 0.0, 2.0])));
    assert_eq!(concept(view, &GIVEN), Some(text("named by an id", 1.0, 1.0, &[1.0, 0.0, 0.0])));
    assert_eq!(concept(view, &note("first note")), None);
    assert_eq!(
        concept(view, &note("third note")),
        Some(text("third note", 1.0, 1.0, &[2.0, -1.0]))
    );
    let inhibits = |other| (other, label("inhibits"), 2.0, 10);
    let treats = |other| (other, label("treats"), 1.0, 1);
    let itself = (GIVEN, String::new(), 1.0, 0);
    assert_eq!(edges(view, &aspirin()), [inhibits(cox()), treats(GIVEN)]);
    assert_eq!(edges(view, &cox()), [inhibits(aspirin())]);
    assert_eq!(edges(view, &GIVEN), [itself.clone(), itself, treats(aspirin())]);
    assert_eq!(edges(view, &note("second note")), []);
    let order = [
        of_content("in the log only"),
        cox(),
        aspirin(),
        note("third note"),
        note("second note"),
        GIVEN,
    ];
    assert_eq!(recent(view), order);
    let attributes = view.get(&aspirin()).unwrap().unwrap().attributes().unwrap();
    assert_eq!(attributes, b"\x82\xa6domain\xa7medical\xa4year\xcd\x07\xe4");
    assert_eq!(view.get(&cox()).unwrap().unwrap().key(), b"cox-1");
    let never = AtomicBool::new(false);
    let (notes, _) = view.namespace_named("notes").unwrap();
    let found = view.nearest(notes, &[2.0, -1.0], 9, &never).unwrap();
    let ids: Vec<_> = found.iter().map(|found| found.id).collect();
    assert_eq!(ids, [note("third note"), note("second note")]);
    let found = view.nearest(0, &[4.0, 3.0, 0.0], 1, &never).unwrap();
    assert_eq!(found[0].id, aspirin());
    assert!((found[0].score - 1.0).abs() < 1e-12, "{}", found[0].score);
}

fn assert_history(shard: &Shard) {
    let at = |seqno| shard.view_at(seqno).unwrap();
    let plain = (GIVEN, String::new(), 1.0, 0);
    assert_eq!(recent(&at(0)), []);
    assert_eq!(edges(&at(3), &cox()).first(), Some(&plain));
    assert_eq!(edges(&at(4), &cox()).len(), 1);
    assert_eq!(edges(&at(5), &cox()).first(), Some(&plain));
    let first = Some(text("Aspirin inhibits COX-1", 0.75, 1.0, &[3.0, 4.0, 0.0]));
    assert_eq!(concept(&at(5), &aspirin()), first);
    assert_eq!(edges(&at(7), &aspirin()), [(cox(), "inhibits".to_owned(), -1.5, 10)]);
    assert!(concept(&at(8), &note("first note")).is_some());
    assert!(concept(&at(9), &note("first note")).is_none());
    assert_eq!(edges(&at(8), &note("second note")).len(), 1);
}

#[test]
fn a_store_with_segments_of_version_1_opens_and_everything_in_it_is_there() {
    let golden = Golden::new("v1-segments");
    for merges in [false, true] {
        let shard = golden.open();
        let stats = shard.stats().unwrap();
        let counts = (stats.counts.concepts, stats.counts.edges, stats.counts.vectors);
        assert_eq!(counts, (6, 3, 5));
        assert!(merges || (stats.background.segments, stats.background.vector_files) == (2, 3));
        assert_newest(&shard.view());
        assert_history(&shard);
        // Once more from a segment that was made of what the log had.
        shard.flush().unwrap();
        assert_newest(&shard.view());
        assert_history(&shard);
        shard.close().unwrap();
    }
}

#[test]
fn a_store_with_segments_goes_on_and_can_be_read_by_many() {
    let golden = Golden::new("v1-segments");
    let reader = ShardOptions { read_only: true, ..golden.options.clone() };
    let path = golden.dir.path().join("shard-00");
    let reader = Shard::open(&Env::real(), &path, reader).unwrap();
    assert_newest(&reader.view());
    reader.close().unwrap();
    let shard = golden.open();
    let learn = Learn { content: "later", ..Learn::default() };
    let committed = shard.write(BatchBuilder::new().learn(&learn).build()).unwrap();
    assert_eq!(committed.seqno, 11);
    shard.close().unwrap();
    let shard = golden.open();
    assert_eq!(recent(&shard.view())[0], of_content("later"));
    shard.close().unwrap();
}

/// Made before there were segments: a log and nothing else.
#[test]
fn a_store_of_version_1_without_manifest_opens() {
    let golden = Golden::new("v1");
    for _again in 0..2 {
        let shard = golden.open();
        let view = shard.view();
        let expected = Some(text("Aspirin inhibits COX-1", 0.75, 1.0, &[0.5, 0.25, -1.0]));
        assert_eq!(concept(&view, &aspirin()), expected);
        assert_eq!(concept(&view, &GIVEN), None);
        let updated = Some(text("COX-1 is an enzyme", 0.0, 0.125, &[0.5, 0.25, -1.0]));
        assert_eq!(concept(&view, &cox()), updated);
        assert_eq!(concept(&view, &note("a note")), Some(text("a note", 1.0, 1.0, &[1.0, -2.0])));
        assert_eq!(edges(&view, &aspirin()), []);
        // The second time from a segment.
        shard.flush().unwrap();
        shard.close().unwrap();
    }
}
