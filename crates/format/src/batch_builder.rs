//! Writes batches. What it writes is checked where it is read, in [`crate::batch`].

use crate::batch::{
    ASSOCIATE, Associate, Batch, DELETE, DISSOCIATE, EdgeName, LEARN, Learn, NAMESPACE, Op, UPDATE,
    Update,
};
use crate::id::{ConceptId, Identity};
use crate::model::Metric;
use crate::op_fields::{DEFAULT_NAMESPACE, Validity};
use rmp::encode::{self, ByteBuf};

/// Collects operations into one [`Batch`].
#[derive(Debug, Default)]
pub struct BatchBuilder {
    operations: ByteBuf,
    count: u32,
}

impl BatchBuilder {
    /// An empty batch; at least one operation must be added.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Operations added so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Adds an operation of any kind.
    #[must_use]
    pub fn operation(self, operation: &Op<'_>) -> Self {
        match operation {
            Op::Learn(learn) => self.learn(learn),
            Op::Update(update) => self.update(update),
            Op::Delete(id) => self.delete(*id),
            Op::Associate(associate) => self.associate(associate),
            Op::Dissociate(name) => self.dissociate(name),
            Op::Namespace { name, dimension, metric } => self.namespace(name, *dimension, *metric),
        }
    }

    /// Adds a learn.
    #[must_use]
    pub fn learn(mut self, learn: &Learn<'_>) -> Self {
        self.start(11, LEARN);
        let (id, key) = match learn.identity {
            Identity::Content => (None, None),
            Identity::Key(key) => (None, Some(key)),
            Identity::Id(id) => (Some(id), None),
        };
        self.optional(id, Self::id);
        self.optional(key, Self::str);
        self.optional(Some(learn.namespace).filter(|n| *n != DEFAULT_NAMESPACE), Self::str);
        self.str(learn.content);
        self.optional(learn.vector, Self::bin);
        self.optional(learn.attributes, Self::raw);
        self.optional(learn.strength, Self::f64);
        self.optional(learn.confidence, Self::f64);
        self.validity(learn.validity);
        self
    }

    /// Adds an update.
    #[must_use]
    pub fn update(mut self, update: &Update<'_>) -> Self {
        self.start(9, UPDATE);
        self.id(update.id);
        self.optional(update.content, Self::str);
        self.optional(update.vector, Self::bin);
        self.optional(update.attributes, Self::raw);
        self.optional(update.strength, Self::f64);
        self.optional(update.confidence, Self::f64);
        self.validity(update.validity);
        self
    }

    /// Adds a delete.
    #[must_use]
    pub fn delete(mut self, id: ConceptId) -> Self {
        self.start(2, DELETE);
        self.id(id);
        self
    }

    /// Adds an association.
    #[must_use]
    pub fn associate(mut self, associate: &Associate<'_>) -> Self {
        self.start(10, ASSOCIATE);
        self.edge_name(&associate.name);
        self.optional(associate.confidence, Self::f64);
        self.optional(associate.weight, Self::f64);
        self.optional(associate.attributes, Self::raw);
        self.validity(associate.validity);
        self
    }

    /// Adds the removal of an association.
    #[must_use]
    pub fn dissociate(mut self, name: &EdgeName<'_>) -> Self {
        self.start(5, DISSOCIATE);
        self.edge_name(name);
        self
    }

    /// Adds the declaration of a namespace.
    #[must_use]
    pub fn namespace(mut self, name: &str, dimension: u32, metric: Metric) -> Self {
        self.start(4, NAMESPACE);
        self.str(name);
        ok(&encode::write_uint(&mut self.operations, u64::from(dimension)));
        ok(&encode::write_uint(&mut self.operations, u64::from(metric.number())));
        self
    }

    /// The finished batch.
    #[must_use]
    pub fn build(self) -> Batch {
        let mut bytes = ByteBuf::with_capacity(self.operations.as_slice().len() + 5);
        ok(&encode::write_array_len(&mut bytes, self.count));
        let mut bytes = bytes.into_vec();
        bytes.extend_from_slice(self.operations.as_slice());
        Batch::from_bytes(bytes)
    }

    fn start(&mut self, elements: u32, kind: u8) {
        self.count += 1;
        ok(&encode::write_array_len(&mut self.operations, elements));
        ok(&encode::write_uint(&mut self.operations, u64::from(kind)));
    }

    fn edge_name(&mut self, name: &EdgeName<'_>) {
        self.id(name.source);
        self.id(name.target);
        ok(&encode::write_uint(&mut self.operations, u64::from(name.class.number())));
        self.optional(name.label, Self::str);
    }

    fn validity(&mut self, validity: Validity) {
        self.optional(validity.from_ms, Self::time);
        self.optional(validity.to_ms, Self::time);
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => ok(&encode::write_nil(&mut self.operations)),
        }
    }

    fn id(&mut self, id: ConceptId) {
        self.bin(&id.0);
    }

    fn str(&mut self, text: &str) {
        ok(&encode::write_str(&mut self.operations, text));
    }

    fn bin(&mut self, bytes: &[u8]) {
        ok(&encode::write_bin(&mut self.operations, bytes));
    }

    fn raw(&mut self, encoded: &[u8]) {
        self.operations.as_mut_vec().extend_from_slice(encoded);
    }

    fn f64(&mut self, value: f64) {
        ok(&encode::write_f64(&mut self.operations, value));
    }

    fn time(&mut self, milliseconds: i64) {
        ok(&encode::write_sint(&mut self.operations, milliseconds));
    }
}

/// Writing to memory cannot fail.
fn ok<T, E>(written: &Result<T, E>) {
    debug_assert!(written.is_ok());
}
