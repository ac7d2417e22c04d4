//! Versions, snapshots and edge halves of the delta, without a log.

mod readers;

use super::writer::BLOCK_BYTES_MAX;
use super::{DeltaWriter, Numbering, Side, VectorDefaults, split};
use crate::concept_ref::ConceptRef;
use crate::error::Error;
use crate::names::NameWriter;
use crate::recent::recent;
use crate::state::State;
use std::ops::ControlFlow;
use std::sync::Arc;
use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, Batch, BatchBuilder, ConceptId, EdgeName, Identity, Learn, Limits,
    Metric, Update,
};

fn writer() -> DeltaWriter {
    let names = NameWriter::default();
    let below = State::new(0, Arc::clone(names.names()), Vec::new(), Arc::default());
    let defaults = VectorDefaults { dimension: 2, metric: Metric::Cosine };
    DeltaWriter::new(&below, names, Numbering::default(), defaults, false)
}

/// The version of a concept at a commit.
fn seen<'a>(writer: &'a DeltaWriter, key: &str, seqno: u64) -> Option<ConceptRef<'a>> {
    writer.state().concept(&id(key), seqno).unwrap()
}

fn commit(writer: &mut DeltaWriter, batch: &Batch) -> Result<Vec<bool>, Error> {
    let operations = batch.decode(&Limits::default())?;
    let checked = writer.check(&operations)?;
    let seqno = writer.seqnos().map_or(0, |(_, last)| last) + 1;
    let outcomes = writer.apply(seqno, seqno * 10, &operations, &checked)?;
    Ok(outcomes.iter().map(|outcome| outcome.changed).collect())
}

fn learn(key: &str, content: &str) -> Batch {
    let identity = Identity::Key(key);
    BatchBuilder::new().learn(&Learn { identity, content, ..Learn::default() }).build()
}

fn id(key: &str) -> ConceptId {
    ConceptId::of_key("default", key)
}

fn edge<'a>(source: &str, target: &str, label: Option<&'a str>) -> EdgeName<'a> {
    let class = AssociationClass::Causal;
    EdgeName { source: id(source), target: id(target), class, label }
}

fn associate(name: EdgeName<'_>, confidence: f64) -> Batch {
    let associate = Associate {
        name,
        confidence: Some(confidence),
        weight: None,
        attributes: None,
        validity: Validity::default(),
    };
    BatchBuilder::new().associate(&associate).build()
}

fn edges(writer: &DeltaWriter, key: &str, seqno: u64) -> (Vec<f64>, Vec<f64>) {
    let at = |side| {
        let mut confidences = vec![];
        let walked = writer.state().edges(&id(key), side, seqno, |edge| {
            confidences.push(edge.confidence);
            ControlFlow::Continue(())
        });
        assert!(walked.unwrap().is_continue());
        confidences
    };
    (at(Side::Out), at(Side::In))
}

#[test]
fn every_seqno_shows_its_own_version_of_a_concept() {
    let mut writer = writer();
    assert_eq!(commit(&mut writer, &learn("a", "one")).unwrap(), [true]);
    assert_eq!(commit(&mut writer, &learn("a", "two")).unwrap(), [false]);
    commit(&mut writer, &BatchBuilder::new().delete(id("a")).build()).unwrap();
    assert_eq!(commit(&mut writer, &learn("a", "three")).unwrap(), [true]);
    let content = |seqno| seen(&writer, "a", seqno).map(|c| c.content().unwrap().to_vec());
    assert_eq!(content(0), None);
    assert_eq!(content(1).as_deref(), Some(&b"one"[..]));
    assert_eq!(content(2).as_deref(), Some(&b"two"[..]));
    assert_eq!(content(3), None);
    assert_eq!(content(4).as_deref(), Some(&b"three"[..]));
    assert_eq!(seen(&writer, "a", 2).unwrap().created_us(), 10);
    assert_eq!(seen(&writer, "a", 4).unwrap().created_us(), 40);
    assert_eq!(writer.counts().concepts, 1);
}

#[test]
fn a_field_left_out_stays_as_it_was() {
    let mut writer = writer();
    let vector: Vec<u8> = [1.0_f32, 2.0].iter().flat_map(|n| n.to_le_bytes()).collect();
    let full = Learn {
        identity: Identity::Key("a"),
        content: "text",
        vector: Some(&vector),
        attributes: Some(&[0x81, 0xa1, b'k', 1]),
        strength: Some(0.25),
        confidence: Some(0.5),
        validity: Validity { from_ms: Some(1), to_ms: Some(9) },
        ..Learn::default()
    };
    commit(&mut writer, &BatchBuilder::new().learn(&full).build()).unwrap();
    let update = Update { id: id("a"), content: Some("new"), ..Update::default() };
    commit(&mut writer, &BatchBuilder::new().update(&update).build()).unwrap();
    let concept = seen(&writer, "a", 2).unwrap();
    assert_eq!(concept.content().unwrap(), b"new");
    assert_eq!(concept.key(), b"a");
    assert_eq!(concept.attributes().unwrap(), [0x81, 0xa1, b'k', 1]);
    assert_eq!((concept.strength(), concept.confidence()), (0.25, 0.5));
    assert_eq!(concept.validity(), full.validity);
    assert_eq!(writer.state().vector(&concept).unwrap(), Some(&[1.0, 2.0][..]));
    let late = Validity { from_ms: Some(9), to_ms: None };
    let update = Update { id: id("a"), validity: late, ..Update::default() };
    let refused = commit(&mut writer, &BatchBuilder::new().update(&update).build()).unwrap_err();
    assert!(matches!(&refused, Error::Refused(refusal) if refusal.field() == "validTo"));
}

#[test]
fn both_halves_of_an_association_come_change_and_go_together() {
    let mut writer = writer();
    commit(&mut writer, &learn("a", "a")).unwrap();
    commit(&mut writer, &learn("b", "b")).unwrap();
    assert_eq!(commit(&mut writer, &associate(edge("a", "b", None), 0.3)).unwrap(), [true]);
    assert_eq!(commit(&mut writer, &associate(edge("a", "b", None), 0.4)).unwrap(), [false]);
    assert_eq!(commit(&mut writer, &associate(edge("a", "b", Some("x")), 0.5)).unwrap(), [true]);
    assert_eq!(edges(&writer, "a", 2), (vec![], vec![]));
    assert_eq!(edges(&writer, "a", 3).0, [0.3]);
    assert_eq!(edges(&writer, "b", 3).1, [0.3]);
    assert_eq!(edges(&writer, "a", 4).0, [0.4]);
    assert_eq!(edges(&writer, "b", 4).1, [0.4]);
    assert_eq!(edges(&writer, "b", 5).1, [0.4, 0.5]);
    assert_eq!(writer.counts().edges, 2);
    commit(&mut writer, &learn("a", "updates keep associations")).unwrap();
    assert_eq!(edges(&writer, "a", 6).0, [0.4, 0.5]);
    commit(&mut writer, &BatchBuilder::new().delete(id("b")).build()).unwrap();
    assert_eq!(edges(&writer, "a", 7), (vec![], vec![]));
    assert_eq!(edges(&writer, "b", 7), (vec![], vec![]));
    assert_eq!(edges(&writer, "a", 6).0, [0.4, 0.5]);
    assert_eq!(writer.counts().edges, 0);
    commit(&mut writer, &learn("b", "b")).unwrap();
    assert_eq!(edges(&writer, "b", 8), (vec![], vec![]));
}

#[test]
fn a_self_loop_goes_with_its_concept() {
    let mut writer = writer();
    commit(&mut writer, &learn("a", "a")).unwrap();
    commit(&mut writer, &associate(edge("a", "a", None), 1.0)).unwrap();
    assert_eq!(edges(&writer, "a", 2), (vec![1.0], vec![1.0]));
    commit(&mut writer, &BatchBuilder::new().delete(id("a")).build()).unwrap();
    assert_eq!(writer.counts(), super::Counts { written: 3, ..Default::default() });
}

#[test]
fn a_batch_sees_its_own_operations_and_is_refused_whole() {
    let mut writer = writer();
    let name = edge("a", "b", None);
    let edge_of = |name| Associate {
        name,
        confidence: None,
        weight: None,
        attributes: None,
        validity: Validity::default(),
    };
    let concept = |key| Learn { identity: Identity::Key(key), content: key, ..Learn::default() };
    let good = BatchBuilder::new()
        .learn(&concept("a"))
        .learn(&concept("b"))
        .associate(&edge_of(name))
        .learn(&Learn { content: "again", ..concept("a") })
        .build();
    assert_eq!(commit(&mut writer, &good).unwrap(), [true, true, true, false]);
    assert_eq!(seen(&writer, "a", 1).unwrap().content().unwrap(), b"again");
    let bad =
        BatchBuilder::new().delete(id("b")).learn(&concept("c")).associate(&edge_of(name)).build();
    let refused = commit(&mut writer, &bad).unwrap_err();
    assert!(
        matches!(&refused, Error::NotFound { field, .. } if field == "operations[2].target"),
        "{refused}"
    );
    assert_eq!(writer.counts().concepts, 2);
    assert!(seen(&writer, "c", u64::MAX - 1).is_none());
    assert_eq!(edges(&writer, "b", 1).1, [1.0]);
    let staged = BatchBuilder::new().delete(id("b")).dissociate(&name).delete(id("b")).build();
    assert_eq!(commit(&mut writer, &staged).unwrap(), [true, false, false]);
}

#[test]
fn vectors_must_fit_their_namespace() {
    let mut writer = writer();
    let refused = |writer: &mut DeltaWriter, numbers: &[f32]| {
        let vector: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let learn = Learn { content: "x", vector: Some(&vector), ..Learn::default() };
        let refused = commit(writer, &BatchBuilder::new().learn(&learn).build()).unwrap_err();
        matches!(&refused, Error::Refused(refusal) if refusal.field() == "vector")
    };
    assert!(refused(&mut writer, &[1.0]));
    assert!(refused(&mut writer, &[0.0, -0.0]));
    assert_eq!(writer.counts().concepts, 0);
}

#[test]
fn recent_gives_the_newest_version_of_each_concept_once() {
    let mut writer = writer();
    for key in ["a", "b", "c"] {
        commit(&mut writer, &learn(key, key)).unwrap();
    }
    commit(&mut writer, &learn("a", "newer")).unwrap();
    commit(&mut writer, &BatchBuilder::new().delete(id("b")).build()).unwrap();
    let recent_at = |seqno| {
        let mut contents = Vec::new();
        let walked = recent(writer.state(), None, seqno, |concept| {
            contents.push(String::from_utf8(concept.content().unwrap().to_vec()).unwrap());
            ControlFlow::Continue(())
        });
        assert!(walked.unwrap().is_continue());
        contents
    };
    assert_eq!(recent_at(5), ["newer", "c"]);
    assert_eq!(recent_at(3), ["c", "b", "a"]);
}

#[test]
fn ten_thousand_concepts_are_found_while_the_table_grows() {
    // Under miri the table begins with few slots.
    let count: u64 = if cfg!(miri) { 20 } else { 10_000 };
    let mut writer = writer();
    for number in 0..count {
        commit(&mut writer, &learn(&number.to_string(), "x")).unwrap();
    }
    for number in 0..count {
        assert!(seen(&writer, &number.to_string(), count).is_some());
    }
    assert!(seen(&writer, &count.to_string(), count).is_none());
}

/// A batch of a few bytes can copy far more: the byte of a record in its block has 32 bits.
#[test]
#[cfg_attr(miri, ignore = "a block is 16 MiB, which takes minutes to fill")]
fn small_updates_of_a_large_concept_fill_several_blocks() {
    let mut writer = writer();
    let content = "x".repeat(9 << 20);
    commit(&mut writer, &learn("a", &content)).unwrap();
    let batch = (0..5).fold(BatchBuilder::new(), |batch, _| {
        batch.update(&Update { id: id("a"), strength: Some(0.5), ..Update::default() })
    });
    commit(&mut writer, &batch.build()).unwrap();
    let concept = seen(&writer, "a", 2).unwrap();
    assert_eq!(concept.content().unwrap(), content.as_bytes());
    let strength_at = |seqno| seen(&writer, "a", seqno).map(|a| a.strength());
    assert_eq!([strength_at(1), strength_at(2)], [Some(1.0), Some(0.5)]);
    let (_, offset) = split(concept.location());
    assert!(offset < BLOCK_BYTES_MAX, "{offset}");
}

/// The new association was compared with the validity of the one that the delete had taken away.
#[test]
fn an_association_made_after_its_end_was_deleted_in_the_batch_is_a_new_one() {
    let mut writer = writer();
    let associate = |from_ms, to_ms| Associate {
        name: edge("a", "b", None),
        confidence: None,
        weight: None,
        attributes: None,
        validity: Validity { from_ms, to_ms },
    };
    commit(&mut writer, &learn("a", "one")).unwrap();
    commit(&mut writer, &learn("b", "two")).unwrap();
    let before = BatchBuilder::new().associate(&associate(Some(100), None));
    commit(&mut writer, &before.build()).unwrap();
    let again = Learn { identity: Identity::Key("a"), content: "one", ..Learn::default() };
    let batch = BatchBuilder::new().delete(id("a")).learn(&again);
    let batch = batch.associate(&associate(None, Some(50)));
    assert_eq!(commit(&mut writer, &batch.build()).unwrap(), [true, true, true]);
    assert_eq!(edges(&writer, "b", 4).1.len(), 1);
}

#[test]
fn a_small_change_of_a_large_concept_stays_small() {
    let mut writer = writer();
    let (content_bytes, steps) = if cfg!(miri) { (1 << 13, 10_u32) } else { (1 << 20, 100) };
    let content = "x".repeat(content_bytes);
    let attributes = [0x81, 0xa1, b'k', 1];
    let large = Learn {
        identity: Identity::Key("a"),
        content: &content,
        attributes: Some(&attributes),
        ..Learn::default()
    };
    commit(&mut writer, &BatchBuilder::new().learn(&large).build()).unwrap();
    let before = writer.delta().memory().records;
    let weaken = |strength| Update { id: id("a"), strength: Some(strength), ..Update::default() };
    for step in 0..steps {
        let strength = f64::from(step) / f64::from(steps);
        let batch = BatchBuilder::new().update(&weaken(strength)).update(&weaken(strength));
        commit(&mut writer, &batch.build()).unwrap();
    }
    assert!(writer.delta().memory().records < before + (64 << 10), "texts were copied");
    let last = u64::from(steps) + 1;
    let concept = seen(&writer, "a", last).unwrap();
    assert_eq!(concept.content().unwrap().len(), content.len());
    assert_eq!((concept.attributes().unwrap(), concept.key()), (&attributes[..], &b"a"[..]));
    let renamed = Update { id: id("a"), content: Some("short"), ..Update::default() };
    commit(&mut writer, &BatchBuilder::new().update(&renamed).build()).unwrap();
    let concept = seen(&writer, "a", last + 1).unwrap();
    assert_eq!(
        (concept.content().unwrap(), concept.attributes().unwrap()),
        (&b"short"[..], &attributes[..])
    );
}
