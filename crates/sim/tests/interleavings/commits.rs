//! Commits that are easy to check: each writes its mark everywhere.

use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, Batch, BatchBuilder, ConceptId, EdgeName, Identity, Learn,
};
use sutra_shard::View;

/// A number that no other commit has.
pub type Mark = u16;

/// A concept's id.
pub fn id(key: &str) -> ConceptId {
    ConceptId::of_key("default", key)
}

/// Key of the concept that only this commit makes.
pub fn own_key(mark: Mark) -> String {
    format!("of {mark}")
}

/// Replaces two concepts and what associates them, and makes a third concept.
pub fn commit(mark: Mark) -> Batch {
    builder(mark).build()
}

/// As [`commit`], and deletes the concept of another commit with its association.
pub fn commit_and_delete(mark: Mark, other: Mark) -> Batch {
    builder(mark).delete(id(&own_key(other))).build()
}

/// Replaces one concept.
pub fn replace_left(mark: Mark) -> Batch {
    let content = mark.to_string();
    let learn = Learn { identity: Identity::Key("left"), content: &content, ..Learn::default() };
    BatchBuilder::new().learn(&learn).build()
}

fn builder(mark: Mark) -> BatchBuilder {
    let (content, own_key) = (mark.to_string(), own_key(mark));
    let vector: Vec<u8> =
        [f32::from(mark), 1.0].iter().flat_map(|float| float.to_le_bytes()).collect();
    let concept =
        |key| Learn { identity: Identity::Key(key), content: &content, ..Learn::default() };
    let associate = |target| Associate {
        name: EdgeName { source: id("left"), target, class: AssociationClass::Causal, label: None },
        confidence: Some(confidence(mark)),
        weight: None,
        attributes: None,
        validity: Validity::default(),
    };
    BatchBuilder::new()
        .learn(&Learn { vector: Some(&vector), ..concept("left") })
        .learn(&concept("right"))
        .learn(&concept(&own_key))
        .associate(&associate(id("right")))
        .associate(&associate(id(&own_key)))
}

fn confidence(mark: Mark) -> f64 {
    f64::from(mark) / 1024.0
}

/// What a view of such commits shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The last commit.
    pub seqno: u64,
    /// Its mark; nothing before the first commit.
    pub mark: Option<Mark>,
    /// Concepts that only one commit made: the commit and its mark, newest first.
    pub own: Vec<(u64, Mark)>,
    /// Associations that start at the concept all commits replace: target and confidence.
    pub edges: Vec<(ConceptId, f64)>,
}

/// Reads everything, and checks that it is whole commits and nothing else.
pub fn observe(view: &View) -> Observed {
    let seqno = view.seqno();
    let mark = mark_of(view, "left");
    assert_eq!(mark.is_some(), seqno > 0, "the view of commit {seqno}");
    let mut own = Vec::new();
    let mut others = Vec::new();
    let walked = view.recent(None, |concept| {
        let mark = text(concept.content().unwrap()).parse().unwrap();
        let key = text(concept.key());
        if key == own_key(mark) {
            own.push((concept.seqno(), mark));
        } else {
            others.push(key.to_owned());
        }
        ControlFlow::Continue(())
    });
    assert!(walked.unwrap().is_continue());
    let edges = edges(view, "left", true);
    if let Some(mark) = mark {
        assert_eq!(mark_of(view, "right"), Some(mark), "half of a commit");
        assert_eq!(own.first(), Some(&(seqno, mark)), "what the last commit made");
        others.sort_unstable();
        assert_eq!(others, ["left", "right"]);
        check_edges(view, &edges, mark, &own);
        check_vector(view, mark);
    }
    Observed { seqno, mark, own, edges }
}

/// Checks that nothing was deleted, and each commit up to the last one shows.
pub fn check_prefix(observed: &Observed) {
    let seqnos: Vec<u64> = observed.own.iter().map(|(seqno, _)| *seqno).collect();
    let expected: Vec<u64> = (1..=observed.seqno).rev().collect();
    assert_eq!(seqnos, expected, "commits that a view of {} shows", observed.seqno);
}

fn mark_of(view: &View, key: &str) -> Option<Mark> {
    let concept = view.get(&id(key)).unwrap()?;
    assert_eq!(concept.seqno(), view.seqno(), "every commit replaces {key}");
    Some(text(concept.content().unwrap()).parse().unwrap())
}

/// One association to `right` and one to each concept that is there, each the same at both ends.
fn check_edges(view: &View, edges: &[(ConceptId, f64)], mark: Mark, own: &[(u64, Mark)]) {
    let mut expected = vec![(id("right"), confidence(mark))];
    expected.extend(own.iter().map(|(_, mark)| (id(&own_key(*mark)), confidence(*mark))));
    for (target, confidence) in &expected {
        let same: Vec<_> = edges.iter().filter(|(other, _)| other == target).collect();
        assert_eq!(same, [&(*target, *confidence)], "at the source");
    }
    assert_eq!(edges.len(), expected.len(), "associations of nothing");
    let back = |key: &str, mark| {
        assert_eq!(edges_in(view, key), [(id("left"), confidence(mark))], "at {key}");
    };
    back("right", mark);
    for (_, mark) in own {
        back(&own_key(*mark), *mark);
    }
}

fn edges_in(view: &View, key: &str) -> Vec<(ConceptId, f64)> {
    edges(view, key, false)
}

fn edges(view: &View, key: &str, is_out: bool) -> Vec<(ConceptId, f64)> {
    let mut found = Vec::new();
    let add = |edge: &sutra_shard::EdgeRef| {
        let fields = view.edge_at(edge.location).unwrap();
        assert_eq!(fields.confidence.to_bits(), edge.confidence.to_bits(), "entry and record");
        found.push((edge.other, edge.confidence));
        ControlFlow::Continue(())
    };
    let walked = if is_out { view.outgoing(&id(key), add) } else { view.incoming(&id(key), add) };
    assert!(walked.unwrap().is_continue());
    found
}

/// There is one vector at a time, by the concept and by search.
fn check_vector(view: &View, mark: Mark) {
    let expected = [f32::from(mark), 1.0];
    let left = view.get(&id("left")).unwrap().unwrap();
    assert_eq!(view.vector(&left).unwrap(), Some(&expected[..]));
    let hits = view.nearest(0, &expected, 9, &AtomicBool::new(false)).unwrap();
    let hits: Vec<_> = hits.iter().map(|hit| hit.id).collect();
    assert_eq!(hits, [id("left")], "vectors that a search finds");
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
