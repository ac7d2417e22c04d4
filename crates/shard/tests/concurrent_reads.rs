//! Readers beside the writer: each view is one commit, whole, however the table grows meanwhile.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "small whole numbers")]

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, Batch, BatchBuilder, ConceptId, EdgeName, Identity, Learn, Metric,
};
use sutra_shard::{Durability, Shard, ShardOptions, View};

const COMMITS: u32 = 3000;
const DIMENSION: u32 = 8;

fn id(key: &str) -> ConceptId {
    ConceptId::of_key("default", key)
}

/// One commit writes the same number into everything: two contents, two vectors, an association and
/// a new concept. Every third commit removes the association instead.
fn commit(number: u32) -> Batch {
    let vector: Vec<u8> =
        (0..DIMENSION).flat_map(|_| (number as f32 + 1.0).to_le_bytes()).collect();
    let content = number.to_string();
    let concept = |key| Learn {
        identity: Identity::Key(key),
        content: &content,
        vector: Some(&vector),
        ..Learn::default()
    };
    let name = EdgeName {
        source: id("left"),
        target: id("right"),
        class: AssociationClass::Causal,
        label: None,
    };
    let associate = Associate {
        name,
        confidence: Some(f64::from(number) / f64::from(COMMITS)),
        weight: None,
        attributes: None,
        validity: Validity::default(),
    };
    let batch = BatchBuilder::new()
        .learn(&concept("left"))
        .learn(&concept("right"))
        .learn(&concept(&format!("new {number}")));
    let batch = if number % 3 == 2 { batch.dissociate(&name) } else { batch.associate(&associate) };
    batch.build()
}

fn number_in(view: &View, key: &str) -> Option<u32> {
    let concept = view.get(&id(key)).unwrap()?;
    let number: u32 = std::str::from_utf8(concept.content().unwrap()).unwrap().parse().unwrap();
    let vector = view.vector(&concept).unwrap().unwrap();
    assert!(vector.iter().all(|value| *value == number as f32 + 1.0), "{vector:?} of {number}");
    assert_eq!(concept.seqno(), view.seqno(), "an old version in view {}", view.seqno());
    Some(number)
}

fn edges(view: &View, key: &str) -> (Vec<f64>, Vec<f64>) {
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    let outcome = view.outgoing(&id(key), |edge| {
        outgoing.push(edge.confidence);
        ControlFlow::Continue(())
    });
    assert!(outcome.unwrap().is_continue());
    let outcome = view.incoming(&id(key), |edge| {
        incoming.push(edge.confidence);
        ControlFlow::Continue(())
    });
    assert!(outcome.unwrap().is_continue());
    (outgoing, incoming)
}

fn check(view: &View) {
    let Some(number) = number_in(view, "left") else {
        assert_eq!(view.seqno(), 0);
        return;
    };
    assert_eq!(u64::from(number) + 1, view.seqno());
    assert_eq!(number_in(view, "right"), Some(number));
    assert_eq!(number_in(view, &format!("new {number}")), Some(number));
    assert!(
        view.get(&id(&format!("new {}", number + 1))).unwrap().is_none(),
        "a later commit shows"
    );
    let expected = match number % 3 {
        2 => vec![],
        _ => vec![f64::from(number) / f64::from(COMMITS)],
    };
    assert_eq!(edges(view, "left"), (expected.clone(), vec![]));
    assert_eq!(edges(view, "right"), (vec![], expected));
}

#[test]
fn every_view_is_one_whole_commit_while_the_writer_goes_on() {
    run(50_000);
}

/// Every few commits a delta becomes a segment, and every few segments one.
#[test]
fn every_view_is_one_whole_commit_while_segments_are_written_and_merged() {
    run(20);
}

fn run(memory_threshold: usize) {
    let dir = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        vector_dimension: DIMENSION,
        metric: Metric::L2,
        durability: Durability::None,
        memory_threshold,
        ..ShardOptions::default()
    };
    let shard = Shard::open(&Env::real(), dir.path(), options).unwrap();
    let is_done = AtomicBool::new(false);
    let views_checked: usize = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut kept = vec![shard.view()];
                    let mut count = 0;
                    while !is_done.load(Ordering::Relaxed) {
                        let view = shard.view();
                        check(&view);
                        count += 1;
                        if count % 64 == 0 {
                            kept.push(view);
                        }
                    }
                    // Views that were taken on the way have not changed.
                    kept.iter().for_each(check);
                    count
                })
            })
            .collect();
        for number in 0..COMMITS {
            shard.write(commit(number)).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(views_checked > 100, "the readers hardly ran: {views_checked}");
    check(&shard.view());
    shard.close().unwrap();
}
