//! What a shard must hold, in ordinary maps, by rules written down a second time.

use super::operation::{Fields, Identify, Operation};
use std::collections::BTreeMap;
use std::rc::Rc;
use sutra_format::op_fields::Validity;
use sutra_format::{ConceptId, Metric};

/// Commit and number of the operation in it.
pub type At = (u64, u32);

#[derive(Debug, Clone, PartialEq)]
pub struct Concept {
    pub at: At,
    pub namespace: &'static str,
    pub key: String,
    pub content: String,
    pub attributes: Vec<u8>,
    pub vector: Option<Vec<f32>>,
    pub created_us: u64,
    pub updated_us: u64,
    pub strength: f64,
    pub confidence: f64,
    pub validity: Validity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EdgeName {
    pub source: ConceptId,
    pub target: ConceptId,
    pub class: u8,
    pub label: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub at: At,
    pub created_us: u64,
    pub confidence: f64,
    pub weight: f64,
    pub attributes: Vec<u8>,
    pub validity: Validity,
}

/// Why a batch is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refused {
    Invalid,
    NotFound,
}

/// The whole store after a commit.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    pub seqno: u64,
    pub committed_us: u64,
    pub concepts: BTreeMap<ConceptId, Rc<Concept>>,
    pub edges: BTreeMap<EdgeName, Rc<Edge>>,
    pub namespaces: BTreeMap<&'static str, (u32, Metric)>,
    /// Operations that changed something.
    pub written: u64,
    /// What namespaces that are made by use get.
    pub defaults: Option<(u32, Metric)>,
}

impl Reference {
    pub fn new(defaults: (u32, Metric)) -> Self {
        let namespaces = BTreeMap::from([("default", defaults)]);
        Self { namespaces, defaults: Some(defaults), ..Self::default() }
    }

    /// Applies a batch as the next commit: what each operation must say that it changed. A batch
    /// that is refused leaves no trace, and one without effect is no commit.
    pub fn apply(&mut self, operations: &[Operation], now_us: u64) -> Result<Vec<bool>, Refused> {
        // What no store accepts is refused before anything is looked up.
        for operation in operations {
            valid(operation.fields().map_or_else(Validity::default, |f| f.validity), None)?;
        }
        let before = self.clone();
        self.committed_us = now_us;
        self.seqno += 1;
        let mut changed = Vec::new();
        for (ordinal, operation) in (0_u32..).zip(operations) {
            match self.operation((self.seqno, ordinal), operation) {
                Ok(is_changed) => changed.push(is_changed),
                Err(refused) => {
                    *self = before;
                    return Err(refused);
                }
            }
            let counts = match operation {
                Operation::Learn { .. }
                | Operation::Update { .. }
                | Operation::Associate { .. } => true,
                _ => changed[ordinal as usize],
            };
            self.written += u64::from(counts);
        }
        let only_removes = |operation: &Operation| {
            matches!(operation, Operation::Delete(_) | Operation::Dissociate(_))
        };
        if operations.iter().all(only_removes) && !changed.contains(&true) {
            *self = before;
        }
        Ok(changed)
    }

    fn operation(&mut self, at: At, operation: &Operation) -> Result<bool, Refused> {
        match operation {
            Operation::Learn { identify, namespace, content, fields } => {
                self.learn(at, identify, namespace, content, fields)
            }
            Operation::Update { id, content, fields } => {
                let before = self.concepts.get(id).ok_or(Refused::NotFound)?;
                let namespace = before.namespace;
                self.put(at, *id, namespace, None, content.as_deref(), fields)
            }
            Operation::Delete(id) => {
                self.edges.retain(|name, _| name.source != *id && name.target != *id);
                Ok(self.concepts.remove(id).is_some())
            }
            Operation::Associate { name, weight, fields } => {
                self.associate(at, *name, *weight, fields)
            }
            Operation::Dissociate(name) => Ok(self.edges.remove(name).is_some()),
            Operation::Namespace { name, dimension, metric } => {
                let made = (*dimension, *metric);
                match self.namespaces.insert(name, made) {
                    Some(before) if before != made => Err(Refused::Invalid),
                    before => Ok(before.is_none()),
                }
            }
        }
    }

    fn learn(
        &mut self,
        at: At,
        identify: &Identify,
        namespace: &'static str,
        content: &str,
        fields: &Fields,
    ) -> Result<bool, Refused> {
        let id = identify.id(namespace, content);
        if self.concepts.get(&id).is_some_and(|before| before.namespace != namespace) {
            return Err(Refused::Invalid);
        }
        let key = match identify {
            Identify::Key(key) => Some(key.as_str()),
            _ => None,
        };
        self.put(at, id, namespace, key, Some(content), fields)
    }

    fn put(
        &mut self,
        at: At,
        id: ConceptId,
        namespace: &'static str,
        key: Option<&str>,
        content: Option<&str>,
        fields: &Fields,
    ) -> Result<bool, Refused> {
        let Some(defaults) = self.defaults else { return Err(Refused::Invalid) };
        let (dimension, metric) = *self.namespaces.entry(namespace).or_insert(defaults);
        if let Some(vector) = &fields.vector {
            let has_direction = vector.iter().any(|number| *number != 0.0);
            if vector.len() != dimension as usize || (metric == Metric::Cosine && !has_direction) {
                return Err(Refused::Invalid);
            }
        }
        let before = self.concepts.get(&id).cloned();
        let old = before.as_deref();
        let concept = Concept {
            at,
            namespace,
            key: key.or(old.map(|old| old.key.as_str())).unwrap_or_default().to_owned(),
            content: content.or(old.map(|old| old.content.as_str())).unwrap_or_default().to_owned(),
            attributes: given(fields.attributes.as_ref(), old.map(|old| &old.attributes)),
            vector: fields.vector.clone().or_else(|| old.and_then(|old| old.vector.clone())),
            created_us: old.map_or(self.committed_us, |old| old.created_us),
            updated_us: self.committed_us,
            strength: fields.strength.or(old.map(|old| old.strength)).unwrap_or(1.0),
            confidence: fields.confidence.or(old.map(|old| old.confidence)).unwrap_or(1.0),
            validity: valid(fields.validity, old.map(|old| old.validity))?,
        };
        self.concepts.insert(id, Rc::new(concept));
        Ok(before.is_none())
    }

    fn associate(
        &mut self,
        at: At,
        name: EdgeName,
        weight: Option<f64>,
        fields: &Fields,
    ) -> Result<bool, Refused> {
        if !(self.concepts.contains_key(&name.source) && self.concepts.contains_key(&name.target)) {
            return Err(Refused::NotFound);
        }
        let before = self.edges.get(&name).cloned();
        let old = before.as_deref();
        let edge = Edge {
            at,
            created_us: old.map_or(self.committed_us, |old| old.created_us),
            confidence: fields.confidence.or(old.map(|old| old.confidence)).unwrap_or(1.0),
            weight: weight.or(old.map(|old| old.weight)).unwrap_or(1.0),
            attributes: given(fields.attributes.as_ref(), old.map(|old| &old.attributes)),
            validity: valid(fields.validity, old.map(|old| old.validity))?,
        };
        self.edges.insert(name, Rc::new(edge));
        Ok(before.is_none())
    }
}

fn given(new: Option<&Vec<u8>>, old: Option<&Vec<u8>>) -> Vec<u8> {
    new.or(old).cloned().unwrap_or_default()
}

fn valid(new: Validity, old: Option<Validity>) -> Result<Validity, Refused> {
    let old = old.unwrap_or_default();
    let from_ms = new.from_ms.or(old.from_ms);
    let to_ms = new.to_ms.or(old.to_ms);
    match (from_ms, to_ms) {
        (Some(from), Some(to)) if from >= to => Err(Refused::Invalid),
        _ => Ok(Validity { from_ms, to_ms }),
    }
}
