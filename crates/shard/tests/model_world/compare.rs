//! Everything that a view shows, compared with the model as it was after that commit.

use super::machine::Dice;
use super::operation::label_text;
use super::reference::{At, Concept, Edge, EdgeName, Reference};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use sutra_format::{ConceptId, Metric};
use sutra_shard::{EdgeRef, RecentAt, View};

/// Compares all of it. `ids` are concepts that may be there or not.
pub fn compare(view: &View, model: &Reference, ids: &[ConceptId], dice: &mut Dice) {
    assert_eq!(view.seqno(), model.seqno, "seqno");
    let ids: BTreeSet<_> = ids.iter().chain(model.concepts.keys()).copied().collect();
    for id in &ids {
        let found = concept(view, id);
        assert_eq!(found.as_ref(), model.concepts.get(id).map(|c| &**c), "concept {id}");
    }
    edges(view, model, &ids);
    recent(view, model, dice);
    listed(view, model);
    for name in model.namespaces.keys() {
        nearest(view, model, name, dice);
    }
    let known = view.state().names().namespaces().map(|(_, namespace)| &*namespace.name);
    let known: BTreeSet<_> = known.collect();
    assert!(model.namespaces.keys().all(|name| known.contains(name)), "{known:?}");
}

fn concept(view: &View, id: &ConceptId) -> Option<Concept> {
    let concept = view.get(id).unwrap()?;
    assert_eq!(concept.id(), *id);
    let again = view.concept_at(concept.location()).unwrap();
    assert_eq!((again.id(), again.seqno()), (*id, concept.seqno()));
    let name = &view.namespace(concept.namespace()).unwrap().name;
    let vector = view.vector(&concept).unwrap();
    assert_eq!(vector.is_some(), concept.row().is_some(), "row and vector of {id}");
    Some(Concept {
        at: (concept.seqno(), concept.ordinal()),
        namespace: super::operation::NAMESPACES
            .into_iter()
            .find(|known| *known == &**name)
            .unwrap(),
        key: String::from_utf8(concept.key().to_vec()).unwrap(),
        content: String::from_utf8(concept.content().unwrap().to_vec()).unwrap(),
        attributes: concept.attributes().unwrap().to_vec(),
        vector: vector.map(<[f32]>::to_vec),
        created_us: concept.created_us(),
        updated_us: concept.updated_us(),
        strength: concept.strength(),
        confidence: concept.confidence(),
        validity: concept.validity(),
    })
}

/// An association as one of its ends shows it, without the number of its operation.
type Seen = (EdgeName, Edge);

fn edges(view: &View, model: &Reference, ids: &BTreeSet<ConceptId>) {
    let mut ordered: Vec<Seen> =
        model.edges.iter().map(|(name, e)| (*name, (**e).clone())).collect();
    ordered.sort_by_key(|(_, edge)| edge.at);
    for (_, edge) in &mut ordered {
        edge.at.1 = 0;
    }
    for id in ids {
        let expected: Vec<_> = ordered.iter().filter(|(name, _)| name.source == *id).collect();
        let found = at_one_side(view, id, true);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "associations from {id}");
        let expected: Vec<_> = ordered.iter().filter(|(name, _)| name.target == *id).collect();
        let found = at_one_side(view, id, false);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "associations to {id}");
    }
}

fn at_one_side(view: &View, id: &ConceptId, outgoing: bool) -> Vec<Seen> {
    let mut found = Vec::new();
    let visit = |edge: &EdgeRef| {
        let fields = view.edge_at(edge.location).unwrap();
        assert_eq!((fields.class, fields.label), (edge.class, edge.label), "names at {id}");
        assert_eq!(fields.confidence.to_bits(), edge.confidence.to_bits(), "confidence at {id}");
        let (source, target) = if outgoing { (*id, edge.other) } else { (edge.other, *id) };
        let name = EdgeName {
            source,
            target,
            class: edge.class.number(),
            label: view.label(edge.label).map(label_number),
        };
        found.push((
            name,
            Edge {
                at: (fields.seqno, 0),
                created_us: fields.created_us,
                confidence: fields.confidence,
                weight: fields.weight,
                attributes: fields.attributes.to_vec(),
                validity: fields.validity,
            },
        ));
        ControlFlow::Continue(())
    };
    let walked = if outgoing { view.outgoing(id, visit) } else { view.incoming(id, visit) };
    assert_eq!(walked.unwrap(), ControlFlow::Continue(()));
    found
}

fn label_number(text: &str) -> u32 {
    let number = text.strip_prefix("label ").unwrap().parse().unwrap();
    assert_eq!(label_text(number), text);
    number
}

fn recent(view: &View, model: &Reference, dice: &mut Dice) {
    let mut expected: Vec<(At, ConceptId)> =
        model.concepts.iter().map(|(id, concept)| (concept.at, *id)).collect();
    expected.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    assert_eq!(recent_before(view, None, usize::MAX), expected, "recent");
    if expected.is_empty() {
        return;
    }
    // A page from anywhere on: behind a version, or where there is none.
    let (at, _) = expected[dice.below(expected.len())];
    let before = (at.0, at.1 + dice.below(2) as u32);
    let limit = 1 + dice.below(expected.len());
    let page: Vec<_> = expected.into_iter().filter(|(at, _)| *at < before).take(limit).collect();
    assert_eq!(recent_before(view, Some(before), limit), page, "recent before {before:?}");
}

fn recent_before(view: &View, before: Option<At>, limit: usize) -> Vec<(At, ConceptId)> {
    let before = before.map(|(seqno, ordinal)| RecentAt { seqno, ordinal });
    let mut found = Vec::new();
    let _ = view
        .recent(before, |concept| {
            found.push(((concept.seqno(), concept.ordinal()), concept.id()));
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
    found
}

/// Every concept that exists is among the ids that the layers give.
fn listed(view: &View, model: &Reference) {
    let mut listed = BTreeSet::new();
    let walked = view.ids(|id| {
        listed.insert(*id);
        ControlFlow::Continue(())
    });
    assert_eq!(walked.unwrap(), ControlFlow::Continue(()));
    let missing = model.concepts.keys().find(|id| !listed.contains(*id));
    assert_eq!(missing, None, "not listed");
}

fn nearest(view: &View, model: &Reference, name: &'static str, dice: &mut Dice) {
    let (dimension, metric) = model.namespaces[name];
    let (number, namespace) = view.namespace_named(name).unwrap();
    assert_eq!((namespace.dimension, namespace.metric), (dimension, metric), "{name}");
    let mut query: Vec<f32> = (0..dimension).map(|_| dice.below(9) as f32 - 4.0).collect();
    query[0] += 9.0;
    let concepts = model.concepts.iter().filter(|(_, concept)| concept.namespace == name);
    let with_vector =
        concepts.filter_map(|(id, c)| Some((*id, score(metric, &query, c.vector.as_ref()?))));
    let scores: std::collections::BTreeMap<ConceptId, f64> = with_vector.collect();
    let mut expected: Vec<f64> = scores.values().copied().collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    expected.truncate(dice.pick(&[1, 3, 1000]));
    let k = if expected.len() < scores.len() { expected.len() } else { 1000 };
    let found = view.nearest(number, &query, k, &AtomicBool::new(false)).unwrap();
    assert_eq!(found.len(), expected.len(), "{k} nearest in {name}");
    let mut seen = BTreeSet::new();
    for (found, expected) in found.iter().zip(expected) {
        let real = scores.get(&found.id).copied();
        assert!(seen.insert(found.id), "{} twice", found.id);
        assert!(real.is_some_and(|real| (real - found.score).abs() < 1e-9), "{found:?}, {real:?}");
        assert!((found.score - expected).abs() < 1e-9, "{found:?} instead of {expected}");
    }
}

fn score(metric: Metric, query: &[f32], vector: &[f32]) -> f64 {
    let sum = |term: fn(f64, f64) -> f64, a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| term(f64::from(*a), f64::from(*b))).sum()
    };
    let dot = |a: &[f32], b: &[f32]| sum(|a, b| a * b, a, b);
    match metric {
        Metric::Cosine => dot(query, vector) / (dot(query, query) * dot(vector, vector)).sqrt(),
        Metric::Dot => dot(query, vector),
        Metric::L2 => 1.0 / (1.0 + sum(|a, b| (a - b) * (a - b), query, vector).sqrt()),
    }
}
