//! What of a version of a concept goes into an index.

use sutra_format::ConceptId;
use sutra_format::op_fields::Validity;

/// A version of a concept.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The concept.
    pub id: ConceptId,
    /// Commit that made the version.
    pub seqno: u64,
    /// Number of its operation in the commit.
    pub ordinal: u32,
    /// Number of its namespace.
    pub namespace: u32,
    /// Row of its vector, if it has one.
    pub row: Option<u32>,
    /// Its text, UTF-8.
    pub content: &'a [u8],
    /// Its attributes, a MessagePack map of JSON values.
    pub attributes: &'a [u8],
    /// Its key, empty if it has none.
    pub key: &'a [u8],
    /// When the concept was created, in microseconds from 1970.
    pub created_us: u64,
    /// When the version was made, in microseconds from 1970.
    pub updated_us: u64,
    /// From 0 to 1.
    pub strength: f64,
    /// From 0 to 1.
    pub confidence: f64,
    /// When it holds.
    pub validity: Validity,
}
