//! What is known of an association besides its ends.

use sutra_format::AssociationClass;
use sutra_format::edge_record::EdgeRecord;
use sutra_format::op_fields::Validity;

/// A version of an association, its attributes borrowed from memory or from a mapped file.
#[derive(Debug, Clone, Copy)]
pub struct EdgeFields<'a> {
    /// Commit that made this version.
    pub seqno: u64,
    /// When it was first made, in microseconds from 1970.
    pub created_us: u64,
    /// Its class.
    pub class: AssociationClass,
    /// Number of its label, 0 for none.
    pub label: u32,
    /// Its confidence, 0 to 1.
    pub confidence: f64,
    /// Its weight.
    pub weight: f64,
    /// When it holds.
    pub validity: Validity,
    /// Its attributes: a MessagePack map, or empty when it has none.
    pub attributes: &'a [u8],
}

impl<'a> EdgeFields<'a> {
    /// Of a record in memory.
    #[must_use]
    pub(crate) fn of(record: &EdgeRecord<'a>) -> Self {
        Self {
            seqno: record.seqno(),
            created_us: record.created_us(),
            class: record.class(),
            label: record.label(),
            confidence: record.confidence(),
            weight: record.weight(),
            validity: record.validity(),
            attributes: record.attributes(),
        }
    }
}
