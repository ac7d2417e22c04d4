//! Whether a batch can follow what was committed before it. Nothing is changed here, so a batch
//! that is refused at its last operation leaves no trace of its first.

use super::merge::{concept_validity, edge_validity};
use super::writer::DeltaWriter;
use crate::error::{Error, Result};
use hashbrown::HashMap;
use sutra_format::op_fields::Validity;
use sutra_format::{Associate, ConceptId, EdgeName, Learn, Metric, Op, Refusal, Update};

/// What checking a batch found out, so that applying it does not do it again.
#[derive(Debug, Default)]
pub struct Checked {
    /// Ids of the concepts learned, in order: a hash of the whole content, if they are named by it.
    pub(super) learned: Vec<ConceptId>,
}

/// What earlier operations of the same batch do, as far as later ones depend on it.
#[derive(Default)]
struct Staged<'a> {
    concepts: HashMap<ConceptId, StagedConcept<'a>>,
    namespaces: HashMap<&'a str, (u32, Metric)>,
    edges: HashMap<EdgeName<'a>, Option<Validity>>,
}

#[derive(Clone, Copy)]
enum StagedConcept<'a> {
    Deleted,
    /// `is_new`: an operation of the batch made it, so no association of before is its.
    Exists {
        namespace: &'a str,
        validity: Validity,
        is_new: bool,
    },
}

/// Checks every operation against the newest state and the operations before it.
///
/// # Errors
/// `Refused` or `NotFound` of the first operation that cannot be done; in a batch of several the
/// field names the operation.
pub(super) fn check_batch(writer: &DeltaWriter, operations: &[Op<'_>]) -> Result<Checked> {
    let mut check = Check { writer, staged: Staged::default(), checked: Checked::default() };
    for (index, operation) in operations.iter().enumerate() {
        check.operation(operation).map_err(|error| {
            if operations.len() > 1 { in_operation(error, index) } else { error }
        })?;
    }
    Ok(check.checked)
}

fn in_operation(error: Error, index: usize) -> Error {
    match error {
        Error::Refused(refusal) => Error::Refused(refusal.in_operation(index)),
        Error::NotFound { field, message } => {
            Error::NotFound { field: format!("operations[{index}].{field}"), message }
        }
        other => other,
    }
}

struct Check<'w, 'a> {
    writer: &'w DeltaWriter,
    staged: Staged<'a>,
    checked: Checked,
}

impl<'w: 'a, 'a> Check<'w, 'a> {
    fn operation(&mut self, operation: &Op<'a>) -> Result<()> {
        match operation {
            Op::Learn(learn) => self.learn(learn),
            Op::Update(update) => self.update(update),
            Op::Delete(id) => {
                self.staged.concepts.insert(*id, StagedConcept::Deleted);
                // Its associations go with it; those staged before in this batch as well.
                self.staged.edges.retain(|name, _| name.source != *id && name.target != *id);
                self.writer.touch_edges(id)
            }
            Op::Associate(associate) => self.associate(associate),
            Op::Dissociate(name) => {
                self.staged.edges.insert(*name, None);
                self.writer.edge(name).map(drop)
            }
            Op::Namespace { name, dimension, metric } => self.namespace(name, *dimension, *metric),
        }
    }

    fn learn(&mut self, learn: &Learn<'a>) -> Result<()> {
        let id = learn.id();
        self.checked.learned.push(id);
        let before = self.concept(id)?;
        if let Some(namespace) = before
            && namespace != learn.namespace
        {
            let message = format!("this id belongs to namespace {namespace}");
            return Err(Refusal::invalid("namespace", message).into());
        }
        self.check_vector(learn.namespace, learn.vector)?;
        let validity = self.validity_of(id, before.is_some(), learn.validity)?;
        validity.check()?;
        if before.is_none() {
            self.staged.edges.retain(|name, _| name.source != id && name.target != id);
        }
        let is_new = before.is_none() || self.is_new(&id);
        let staged = StagedConcept::Exists { namespace: learn.namespace, validity, is_new };
        self.staged.concepts.insert(id, staged);
        Ok(())
    }

    fn update(&mut self, update: &Update<'a>) -> Result<()> {
        let Some(namespace) = self.concept(update.id)? else {
            return Err(missing("id", update.id));
        };
        self.check_vector(namespace, update.vector)?;
        let validity = self.validity_of(update.id, true, update.validity)?;
        validity.check()?;
        let is_new = self.is_new(&update.id);
        let staged = StagedConcept::Exists { namespace, validity, is_new };
        self.staged.concepts.insert(update.id, staged);
        Ok(())
    }

    fn associate(&mut self, associate: &Associate<'a>) -> Result<()> {
        let name = &associate.name;
        for (field, id) in [("source", name.source), ("target", name.target)] {
            if self.concept(id)?.is_none() {
                return Err(missing(field, id));
            }
        }
        let validity = if let Some(before) = self.staged.edges.get(name) {
            let before = before.unwrap_or_default();
            Validity {
                from_ms: associate.validity.from_ms.or(before.from_ms),
                to_ms: associate.validity.to_ms.or(before.to_ms),
            }
        } else {
            let is_new = self.is_new(&name.source) || self.is_new(&name.target);
            let before = self.writer.edge(name)?.filter(|_| !is_new);
            edge_validity(before.map(|found| found.validity), associate.validity)
        };
        validity.check()?;
        self.staged.edges.insert(*name, Some(validity));
        Ok(())
    }

    fn namespace(&mut self, name: &'a str, dimension: u32, metric: Metric) -> Result<()> {
        let before = self.vectors_of(name);
        if let Some((dimension_before, metric_before)) = before {
            if dimension_before != dimension {
                let message = format!("{dimension}, but the namespace has {dimension_before}");
                return Err(Refusal::invalid("vectorDimension", message).into());
            }
            if metric_before != metric {
                let message = format!("the namespace has metric {}", metric_before.name());
                return Err(Refusal::invalid("metric", message).into());
            }
        }
        self.staged.namespaces.insert(name, (dimension, metric));
        Ok(())
    }

    /// Namespace of a concept that exists at this point of the batch.
    fn concept(&self, id: ConceptId) -> Result<Option<&'a str>> {
        Ok(match self.staged.concepts.get(&id) {
            Some(StagedConcept::Deleted) => None,
            Some(StagedConcept::Exists { namespace, .. }) => Some(namespace),
            None => {
                let names = self.writer.names().names();
                let concept = self.writer.concept(&id)?;
                let namespace = concept.and_then(|concept| names.namespace(concept.namespace()));
                namespace.map(|namespace| &*namespace.name)
            }
        })
    }

    /// Whether the batch makes the concept, after deleting one of that id or not.
    fn is_new(&self, id: &ConceptId) -> bool {
        matches!(self.staged.concepts.get(id), Some(StagedConcept::Exists { is_new: true, .. }))
    }

    fn validity_of(&self, id: ConceptId, exists: bool, given: Validity) -> Result<Validity> {
        Ok(match self.staged.concepts.get(&id) {
            Some(StagedConcept::Exists { validity: before, .. }) => Validity {
                from_ms: given.from_ms.or(before.from_ms),
                to_ms: given.to_ms.or(before.to_ms),
            },
            Some(StagedConcept::Deleted) => given,
            None => {
                let before = self.writer.concept(&id)?.filter(|_| exists);
                concept_validity(before.map(|before| before.validity()), given)
            }
        })
    }

    fn vectors_of(&self, name: &str) -> Option<(u32, Metric)> {
        self.staged.namespaces.get(name).copied().or_else(|| {
            let names = self.writer.names();
            let namespace = names.names().namespace(names.namespace(name)?)?;
            Some((namespace.dimension, namespace.metric))
        })
    }

    fn check_vector(&mut self, namespace: &'a str, vector: Option<&[u8]>) -> Result<()> {
        let defaults = self.writer.defaults();
        let (dimension, metric) =
            self.vectors_of(namespace).unwrap_or((defaults.dimension, defaults.metric));
        self.staged.namespaces.entry(namespace).or_insert((dimension, metric));
        let Some(vector) = vector else { return Ok(()) };
        let numbers = vector.len() / size_of::<f32>();
        if numbers != dimension as usize {
            let message =
                format!("{numbers} numbers, but namespace {namespace} has dimension {dimension}");
            return Err(Refusal::invalid("vector", message).into());
        }
        if metric == Metric::Cosine && has_no_direction(vector) {
            let message = "a vector of zeros has no direction to compare by cosine";
            return Err(Refusal::invalid("vector", message).into());
        }
        Ok(())
    }
}

/// Whether every number is zero, or so small that its square is. The first number mostly tells.
fn has_no_direction(vector: &[u8]) -> bool {
    let (numbers, _) = vector.as_chunks::<4>();
    let mut squares = 0.0;
    !numbers.iter().any(|number| {
        squares += f64::from(f32::from_le_bytes(*number)).powi(2);
        squares >= f64::from(f32::MIN_POSITIVE)
    })
}

fn missing(field: &'static str, id: ConceptId) -> Error {
    Error::NotFound { field: field.into(), message: format!("no concept has the id {id}") }
}
