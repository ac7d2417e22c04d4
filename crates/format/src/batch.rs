//! A batch: the operations of one commit, as MessagePack. The same bytes come from the client, are
//! checked here, and go into the log.
//!
//! A batch is an array of operations, an operation an array whose first element is its kind:
//!
//! | kind | elements |
//! |---|---|
//! | 1 learn | id, key, namespace, content, vector, attributes, strength, confidence, from, to |
//! | 2 update | id, content, vector, attributes, strength, confidence, from, to |
//! | 3 delete | id |
//! | 4 associate | source, target, class, label, confidence, weight, attributes, from, to |
//! | 5 dissociate | source, target, class, label |
//! | 6 namespace | name, dimension, metric |

use crate::id::{ConceptId, Identity};
use crate::limits::{Limits, VECTOR_DIMENSION_CONFIG_MAX};
use crate::model::{AssociationClass, Metric};
use crate::msgpack::Reader;
use crate::op_fields::{DEFAULT_NAMESPACE, FieldReader, Validity, refuse};
use crate::refusal::Refusal;

pub(crate) const LEARN: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const DELETE: u8 = 3;
pub(crate) const ASSOCIATE: u8 = 4;
pub(crate) const DISSOCIATE: u8 = 5;
pub(crate) const NAMESPACE: u8 = 6;

/// Encoded operations, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    bytes: Vec<u8>,
}

/// Creates a concept, or changes the fields given of the one that has its identity.
#[derive(Debug, Clone, PartialEq)]
pub struct Learn<'a> {
    /// How the concept is named.
    pub identity: Identity<'a>,
    /// Namespace it belongs to.
    pub namespace: &'a str,
    /// Its text.
    pub content: &'a str,
    /// Its vector: little-endian f32 values.
    pub vector: Option<&'a [u8]>,
    /// Its attributes: a MessagePack map.
    pub attributes: Option<&'a [u8]>,
    /// Strength, 0 to 1.
    pub strength: Option<f64>,
    /// Confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// When it holds.
    pub validity: Validity,
}

impl Default for Learn<'_> {
    fn default() -> Self {
        Self {
            identity: Identity::Content,
            namespace: DEFAULT_NAMESPACE,
            content: "",
            vector: None,
            attributes: None,
            strength: None,
            confidence: None,
            validity: Validity::default(),
        }
    }
}

impl Learn<'_> {
    /// Id of the concept this names.
    #[must_use]
    pub fn id(&self) -> ConceptId {
        match self.identity {
            Identity::Content => ConceptId::of_content(self.namespace, self.content),
            Identity::Key(key) => ConceptId::of_key(self.namespace, key),
            Identity::Id(id) => id,
        }
    }
}

/// Changes the fields given of a concept that must exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Update<'a> {
    /// The concept.
    pub id: ConceptId,
    /// New text.
    pub content: Option<&'a str>,
    /// New vector: little-endian f32 values.
    pub vector: Option<&'a [u8]>,
    /// New attributes, all of them: a MessagePack map.
    pub attributes: Option<&'a [u8]>,
    /// New strength.
    pub strength: Option<f64>,
    /// New confidence.
    pub confidence: Option<f64>,
    /// New validity; a side left out stays.
    pub validity: Validity,
}

/// What identifies an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EdgeName<'a> {
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its class.
    pub class: AssociationClass,
    /// The user's label.
    pub label: Option<&'a str>,
}

/// Creates an association between two concepts that must exist, or changes the fields given of the
/// one that has this name.
#[derive(Debug, Clone, PartialEq)]
pub struct Associate<'a> {
    /// Ends, class and label.
    pub name: EdgeName<'a>,
    /// Confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// Weight, finite.
    pub weight: Option<f64>,
    /// Attributes: a MessagePack map.
    pub attributes: Option<&'a [u8]>,
    /// When it holds.
    pub validity: Validity,
}

/// One operation of a batch, borrowed from its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Op<'a> {
    /// Create or change a concept.
    Learn(Learn<'a>),
    /// Change a concept.
    Update(Update<'a>),
    /// Remove a concept and its associations.
    Delete(ConceptId),
    /// Create or change an association.
    Associate(Associate<'a>),
    /// Remove an association.
    Dissociate(EdgeName<'a>),
    /// Declare a namespace.
    Namespace {
        /// Its name.
        name: &'a str,
        /// Dimension of its vectors, 1 to 4096.
        dimension: u32,
        /// How its vectors are compared.
        metric: Metric,
    },
}

impl Batch {
    /// Takes bytes as they came; they are checked by [`Batch::decode`].
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The encoded operations.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads and checks every operation.
    ///
    /// # Errors
    /// The first refusal; in a batch of several operations its field names the operation.
    pub fn decode(&self, limits: &Limits) -> Result<Vec<Op<'_>>, Refusal> {
        decode_operations(&self.bytes, limits)
    }
}

/// Reads and checks encoded operations; see [`Batch::decode`].
///
/// # Errors
/// The first refusal.
pub fn decode_operations<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Op<'a>>, Refusal> {
    Refusal::check_limit("batch", bytes.len(), limits.frame_bytes_max)?;
    let mut reader = Reader::new(bytes);
    let count = reader.array().map_err(|problem| refuse("operations", problem))?;
    if count == 0 {
        return Err(Refusal::invalid("operations", "a batch holds at least one operation"));
    }
    Refusal::check_limit("operations", count, limits.batch_operations_max)?;
    // Capacity by the bytes that are there (an operation takes 20 or more), not by the count.
    let mut operations = Vec::with_capacity(count.min(bytes.len() / 16 + 1));
    for index in 0..count {
        let operation = decode_operation(&mut reader, limits)
            .map_err(|refusal| if count > 1 { refusal.in_operation(index) } else { refusal })?;
        operations.push(operation);
    }
    if !reader.is_at_end() {
        return Err(Refusal::invalid("operations", "bytes after the last operation"));
    }
    Ok(operations)
}

fn decode_operation<'a>(reader: &mut Reader<'a>, limits: &Limits) -> Result<Op<'a>, Refusal> {
    let elements = reader.array().map_err(|problem| refuse("operation", problem))?;
    let kind = reader.unsigned().map_err(|problem| refuse("kind", problem))?;
    let kind = u8::try_from(kind).unwrap_or(0);
    let elements_expected = match kind {
        LEARN => 11,
        UPDATE => 9,
        DELETE => 2,
        ASSOCIATE => 10,
        DISSOCIATE => 5,
        NAMESPACE => 4,
        _ => return Err(Refusal::invalid("kind", "unknown kind of operation")),
    };
    if elements != elements_expected {
        let message = format!("{elements} elements instead of {elements_expected}");
        return Err(Refusal::invalid("operation", message));
    }
    let mut fields = FieldReader { reader, limits };
    match kind {
        LEARN => learn(&mut fields).map(Op::Learn),
        UPDATE => update(&mut fields).map(Op::Update),
        DELETE => fields.id("id").map(Op::Delete),
        ASSOCIATE => associate(&mut fields).map(Op::Associate),
        DISSOCIATE => edge_name(&mut fields).map(Op::Dissociate),
        _ => namespace(&mut fields),
    }
}

fn learn<'a>(fields: &mut FieldReader<'_, 'a>) -> Result<Learn<'a>, Refusal> {
    let id = fields.optional_id()?;
    let key = fields.optional_name("key")?;
    let identity = match (id, key) {
        (Some(_), Some(_)) => return Err(Refusal::invalid("key", "give an id or a key, not both")),
        (Some(id), None) => Identity::Id(id),
        (None, Some(key)) => Identity::Key(key),
        (None, None) => Identity::Content,
    };
    Ok(Learn {
        identity,
        namespace: fields.namespace()?,
        content: fields.content()?,
        vector: fields.vector()?,
        attributes: fields.attributes()?,
        strength: fields.fraction("strength")?,
        confidence: fields.fraction("confidence")?,
        validity: fields.validity()?,
    })
}

fn update<'a>(fields: &mut FieldReader<'_, 'a>) -> Result<Update<'a>, Refusal> {
    Ok(Update {
        id: fields.id("id")?,
        content: fields.optional_content()?,
        vector: fields.vector()?,
        attributes: fields.attributes()?,
        strength: fields.fraction("strength")?,
        confidence: fields.fraction("confidence")?,
        validity: fields.validity()?,
    })
}

fn edge_name<'a>(fields: &mut FieldReader<'_, 'a>) -> Result<EdgeName<'a>, Refusal> {
    Ok(EdgeName {
        source: fields.id("source")?,
        target: fields.id("target")?,
        class: fields.class()?,
        label: fields.optional_name("label")?,
    })
}

fn associate<'a>(fields: &mut FieldReader<'_, 'a>) -> Result<Associate<'a>, Refusal> {
    Ok(Associate {
        name: edge_name(fields)?,
        confidence: fields.fraction("confidence")?,
        weight: fields.finite("weight")?,
        attributes: fields.attributes()?,
        validity: fields.validity()?,
    })
}

fn namespace<'a>(fields: &mut FieldReader<'_, 'a>) -> Result<Op<'a>, Refusal> {
    let name = fields.namespace_name()?;
    let dimension = fields.unsigned("vectorDimension")?;
    let metric = fields.unsigned("metric")?;
    let dimension = u32::try_from(dimension)
        .ok()
        .filter(|dimension| (1..=VECTOR_DIMENSION_CONFIG_MAX).contains(dimension))
        .ok_or_else(|| {
            let message = format!("{dimension} is outside 1 to {VECTOR_DIMENSION_CONFIG_MAX}");
            Refusal::invalid("vectorDimension", message)
        })?;
    let metric = u8::try_from(metric)
        .ok()
        .and_then(Metric::from_number)
        .ok_or_else(|| Refusal::invalid("metric", format!("unknown metric {metric}")))?;
    Ok(Op::Namespace { name, dimension, metric })
}

#[cfg(test)]
mod tests;
