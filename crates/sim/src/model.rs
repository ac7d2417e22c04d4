//! What a store should hold, as two plain maps. It is the measure of all checks, so it is written
//! to be obviously right: no index, no sharing, every batch applied to a copy.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sutra_format::{AssociationClass, ConceptId, Metric};

use crate::operation::{EdgeFields, Fields, Operation, Slot};

/// One concept with everything a reader can ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Concept {
    /// Namespace it was learned into.
    pub namespace: String,
    /// Its text.
    pub content: String,
    /// Its vector.
    pub vector: Option<Vec<f32>>,
    /// Its attributes, encoded.
    pub attributes: Option<Vec<u8>>,
    /// Strength, 1 unless given.
    pub strength: f64,
    /// Confidence, 1 unless given.
    pub confidence: f64,
    /// Start and end of validity in milliseconds.
    pub validity: (Option<i64>, Option<i64>),
    /// Commit that changed it last, and the number of the operation in it.
    pub changed: (u64, u32),
}

/// What tells one association from another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EdgeKey {
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its class.
    pub class: AssociationClass,
    /// Its label.
    pub label: Option<String>,
}

/// One association with everything a reader can ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Confidence, 1 unless given.
    pub confidence: f64,
    /// Weight, 1 unless given.
    pub weight: f64,
    /// Its attributes, encoded.
    pub attributes: Option<Vec<u8>>,
    /// Start and end of validity in milliseconds.
    pub validity: (Option<i64>, Option<i64>),
    /// Commit that changed it last.
    pub seqno: u64,
}

/// Everything in a store at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Commits that led to it.
    pub commits: u64,
    /// Concepts by id.
    pub concepts: BTreeMap<ConceptId, Concept>,
    /// Associations by ends, class and label.
    pub edges: BTreeMap<EdgeKey, Edge>,
}

/// The batch must be refused, and this is why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused(pub &'static str);

/// What a batch does.
pub struct After {
    /// The state after it.
    pub state: State,
    /// For each operation whether it made or removed something; an update always does.
    pub changed: Vec<bool>,
    /// Whether it takes a seqno: a batch that only removes what is not there does not.
    pub is_commit: bool,
}

impl State {
    /// What a batch does to this state.
    ///
    /// # Errors
    /// When the batch must be refused as a whole.
    pub fn after(&self, batch: &[Operation], metric: Metric) -> Result<After, Refused> {
        let mut state = Self { commits: self.commits + 1, ..self.clone() };
        let mut changed = Vec::with_capacity(batch.len());
        for (ordinal, operation) in (0..).zip(batch) {
            let before = (state.concepts.len(), state.edges.len());
            state.apply(operation, ordinal, metric)?;
            changed.push(match operation {
                Operation::Learn { .. } | Operation::Delete { .. } => {
                    before.0 != state.concepts.len()
                }
                Operation::Update { .. } => true,
                Operation::Associate { .. } | Operation::Dissociate { .. } => {
                    before.1 != state.edges.len()
                }
            });
        }
        let removes = |operation: &Operation| {
            matches!(operation, Operation::Delete { .. } | Operation::Dissociate { .. })
        };
        let is_commit = changed.contains(&true) || !batch.iter().all(removes);
        state.commits = self.commits + u64::from(is_commit);
        Ok(After { state, changed, is_commit })
    }

    /// The state after a batch, if that is a commit of its own: neither refused nor without effect.
    #[must_use]
    pub fn after_commit(&self, batch: &[Operation], metric: Metric) -> Option<Self> {
        self.after(batch, metric).ok().filter(|after| after.is_commit).map(|after| after.state)
    }

    fn apply(
        &mut self,
        operation: &Operation,
        ordinal: u32,
        metric: Metric,
    ) -> Result<(), Refused> {
        let at = (self.commits, ordinal);
        match operation {
            Operation::Learn { slot, fields } => return self.learn(*slot, fields, at, metric),
            Operation::Update { slot, fields } => return self.update(*slot, fields, at, metric),
            Operation::Associate { edge, fields } => return self.associate(edge.key(), fields),
            Operation::Delete { slot } => {
                let id = slot.id();
                self.concepts.remove(&id);
                self.edges.retain(|key, _| key.source != id && key.target != id);
            }
            Operation::Dissociate { edge } => {
                self.edges.remove(&edge.key());
            }
        }
        Ok(())
    }

    fn learn(
        &mut self,
        slot: Slot,
        fields: &Fields,
        at: (u64, u32),
        metric: Metric,
    ) -> Result<(), Refused> {
        let new = Concept {
            namespace: slot.namespace().to_owned(),
            content: String::new(),
            vector: None,
            attributes: None,
            strength: 1.0,
            confidence: 1.0,
            validity: (None, None),
            changed: at,
        };
        let concept = self.concepts.entry(slot.id()).or_insert(new);
        concept.content = slot.content(fields);
        change(concept, fields, at, metric)
    }

    fn update(
        &mut self,
        slot: Slot,
        fields: &Fields,
        at: (u64, u32),
        metric: Metric,
    ) -> Result<(), Refused> {
        let concept = self.concepts.get_mut(&slot.id()).ok_or(Refused("no such concept"))?;
        if let Some(text) = &fields.text {
            concept.content = text.content();
        }
        change(concept, fields, at, metric)
    }

    fn associate(&mut self, key: EdgeKey, fields: &EdgeFields) -> Result<(), Refused> {
        for end in [&key.source, &key.target] {
            if !self.concepts.contains_key(end) {
                return Err(Refused("an end is missing"));
            }
        }
        let seqno = self.commits;
        let new =
            Edge { confidence: 1.0, weight: 1.0, attributes: None, validity: (None, None), seqno };
        let edge = self.edges.entry(key).or_insert(new);
        edge.seqno = seqno;
        edge.confidence = fields.confidence.unwrap_or(edge.confidence);
        edge.weight = fields.weight.unwrap_or(edge.weight);
        edge.attributes = fields.attributes_bytes().or(edge.attributes.take());
        edge.validity.0 = fields.valid_from.or(edge.validity.0);
        edge.validity.1 = fields.valid_to.or(edge.validity.1);
        check_validity(edge.validity)
    }

    /// The first thing in which `found` differs from this, told for a reader.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<String> {
        first_difference("concept", &self.concepts, &found.concepts)
            .or_else(|| first_difference("association", &self.edges, &found.edges))
    }
}

fn change(
    concept: &mut Concept,
    fields: &Fields,
    at: (u64, u32),
    metric: Metric,
) -> Result<(), Refused> {
    concept.changed = at;
    if let Some(vector) = &fields.vector {
        if metric == Metric::Cosine && vector.iter().all(|number| *number == 0) {
            return Err(Refused("a zero vector has no direction"));
        }
        concept.vector = Some(vector.iter().map(|number| f32::from(*number)).collect());
    }
    concept.attributes = fields.attributes_bytes().or(concept.attributes.take());
    concept.strength = fields.strength.unwrap_or(concept.strength);
    concept.confidence = fields.confidence.unwrap_or(concept.confidence);
    concept.validity.0 = fields.valid_from.or(concept.validity.0);
    concept.validity.1 = fields.valid_to.or(concept.validity.1);
    check_validity(concept.validity)
}

fn check_validity(validity: (Option<i64>, Option<i64>)) -> Result<(), Refused> {
    match validity {
        (Some(from), Some(to)) if to <= from => Err(Refused("it ends before it begins")),
        _ => Ok(()),
    }
}

/// The first entry in which two maps differ.
pub fn first_difference<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    expected: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
) -> Option<String> {
    for (key, value) in expected {
        match found.get(key) {
            None => return Some(format!("{what} {key:?} is missing; expected {value:?}")),
            Some(other) if other != value => {
                return Some(format!("{what} {key:?} is {other:?}; expected {value:?}"));
            }
            Some(_) => {}
        }
    }
    let extra = found.iter().find(|(key, _)| !expected.contains_key(key))?;
    Some(format!("{what} {:?} should not be there: {:?}", extra.0, extra.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{EdgeSlots, Text};

    fn learn(slot: u8) -> Operation {
        let text = Some(Text { version: 1, bytes: 10 });
        Operation::Learn { slot: Slot(slot), fields: Fields { text, ..Fields::default() } }
    }

    fn associate(source: u8, target: u8) -> Operation {
        let (source, target) = (Slot(source), Slot(target));
        let edge = EdgeSlots { source, target, class: AssociationClass::Causal, label: None };
        Operation::Associate { edge, fields: EdgeFields::default() }
    }

    #[test]
    fn one_refused_operation_refuses_the_batch_and_a_delete_takes_the_edges() {
        let empty = State::default();
        let half = [learn(0), associate(0, 1)];
        let refused = empty.after(&half, Metric::Dot).err();
        assert_eq!(refused, Some(Refused("an end is missing")));
        let whole = [learn(0), learn(1), associate(0, 1), associate(1, 1)];
        let After { state: full, changed, .. } = empty.after(&whole, Metric::Dot).unwrap();
        assert_eq!((full.edges.len(), changed), (2, vec![true; 4]));
        let delete = [Operation::Delete { slot: Slot(1) }];
        let rest = full.after_commit(&delete, Metric::Dot).unwrap();
        assert_eq!(rest.after_commit(&delete, Metric::Dot), None);
        assert_eq!((rest.concepts.len(), rest.edges.len()), (1, 0));
        assert!(rest.difference(&full).unwrap().contains("should not be there"));
        assert!(full.difference(&rest).unwrap().contains("is missing"));
        assert_eq!(full.difference(&full), None);
    }

    #[test]
    fn fields_left_out_stay_and_zero_vectors_have_no_direction() {
        let fields = Fields { vector: Some([0; 4]), strength: Some(0.5), ..Fields::default() };
        let update = Operation::Update { slot: Slot(0), fields };
        let state = State::default().after_commit(&[learn(0)], Metric::Dot).unwrap();
        assert!(state.after(std::slice::from_ref(&update), Metric::Cosine).is_err());
        let state = state.after_commit(&[update, learn(0)], Metric::L2).unwrap();
        let concept = &state.concepts[&Slot(0).id()];
        assert_eq!((concept.strength, concept.confidence), (0.5, 1.0));
        assert_eq!(concept.vector.as_deref(), Some(&[0.0; 4][..]));
    }
}
