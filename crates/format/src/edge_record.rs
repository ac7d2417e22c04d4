//! A version of an association as it lies in memory.
//!
//! ```text
//! bytes 4 | kind 1 | zero 3 | seqno 8 | created 8 | confidence 8 | weight 8 | valid from 8 |
//! valid to 8 | source 16 | target 16 | label 4 | attributes bytes 4 | class 1 | zero 7 = 104,
//! then attributes and zeros up to a multiple of 8
//! ```

use crate::concept_record::KIND_EDGE;
use crate::id::ConceptId;
use crate::model::AssociationClass;
use crate::op_fields::Validity;
use crate::record_bytes::{append_validity, f64_at, id_at, slice_at, u32_at, u64_at, validity_at};

const SEQNO_AT: usize = 8;
const EDGE_CREATED_AT: usize = 16;
const EDGE_CONFIDENCE_AT: usize = 24;
const EDGE_WEIGHT_AT: usize = 32;
const EDGE_FROM_AT: usize = 40;
const EDGE_TO_AT: usize = 48;
const EDGE_SOURCE_AT: usize = 56;
const EDGE_TARGET_AT: usize = 72;
const EDGE_LABEL_AT: usize = 88; // u32
const EDGE_ATTRIBUTES_BYTES_AT: usize = 92; // u32
const EDGE_CLASS_AT: usize = 96; // u8, then seven bytes free
const EDGE_HEADER_BYTES: usize = 104;

/// Everything of a version of an association.
#[derive(Debug, Clone, Copy)]
pub struct EdgeVersion<'a> {
    /// Commit that made it.
    pub seqno: u64,
    /// When it was first made, in microseconds from 1970.
    pub created_us: u64,
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its class.
    pub class: AssociationClass,
    /// Number of its label, 0 for none.
    pub label: u32,
    /// 0 to 1.
    pub confidence: f64,
    /// Its weight.
    pub weight: f64,
    /// Its attributes, as MessagePack.
    pub attributes: &'a [u8],
    /// When it holds.
    pub validity: Validity,
}

impl EdgeVersion<'_> {
    /// Appends the record to a block under construction.
    pub fn append(&self, block: &mut Vec<u8>) {
        let start = block.len();
        let bytes = (EDGE_HEADER_BYTES + self.attributes.len()).next_multiple_of(8);
        block.reserve(bytes);
        block.extend_from_slice(&(bytes as u32).to_le_bytes());
        block.extend_from_slice(&[KIND_EDGE, 0, 0, 0]);
        block.extend_from_slice(&self.seqno.to_le_bytes());
        block.extend_from_slice(&self.created_us.to_le_bytes());
        block.extend_from_slice(&self.confidence.to_le_bytes());
        block.extend_from_slice(&self.weight.to_le_bytes());
        append_validity(self.validity, block);
        block.extend_from_slice(&self.source.0);
        block.extend_from_slice(&self.target.0);
        block.extend_from_slice(&self.label.to_le_bytes());
        block.extend_from_slice(&(self.attributes.len() as u32).to_le_bytes());
        block.extend_from_slice(&[self.class.number(), 0, 0, 0, 0, 0, 0, 0]);
        block.extend_from_slice(self.attributes);
        block.resize(start + bytes, 0);
    }
}

/// A version of an association, borrowed from memory.
#[derive(Clone, Copy)]
pub struct EdgeRecord<'a> {
    bytes: &'a [u8],
}

impl<'a> EdgeRecord<'a> {
    /// The record at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Commit that made this version.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        u64_at(self.bytes, SEQNO_AT)
    }

    /// When it was first made, in microseconds from 1970.
    #[must_use]
    pub fn created_us(&self) -> u64 {
        u64_at(self.bytes, EDGE_CREATED_AT)
    }

    /// Where it starts.
    #[must_use]
    pub fn source(&self) -> ConceptId {
        id_at(self.bytes, EDGE_SOURCE_AT)
    }

    /// Where it ends.
    #[must_use]
    pub fn target(&self) -> ConceptId {
        id_at(self.bytes, EDGE_TARGET_AT)
    }

    /// Its class.
    #[must_use]
    pub fn class(&self) -> AssociationClass {
        let number = self.bytes.get(EDGE_CLASS_AT).copied().unwrap_or_default();
        AssociationClass::from_number(number).unwrap_or(AssociationClass::Semantic)
    }

    /// Number of its label, 0 for none.
    #[must_use]
    pub fn label(&self) -> u32 {
        u32_at(self.bytes, EDGE_LABEL_AT)
    }

    /// Its confidence, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        f64_at(self.bytes, EDGE_CONFIDENCE_AT)
    }

    /// Its weight.
    #[must_use]
    pub fn weight(&self) -> f64 {
        f64_at(self.bytes, EDGE_WEIGHT_AT)
    }

    /// When it holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        validity_at(self.bytes, EDGE_FROM_AT, EDGE_TO_AT)
    }

    /// Its attributes: a MessagePack map, or empty when it has none.
    #[must_use]
    pub fn attributes(&self) -> &'a [u8] {
        let length = u32_at(self.bytes, EDGE_ATTRIBUTES_BYTES_AT) as usize;
        slice_at(self.bytes, EDGE_HEADER_BYTES, length)
    }
}

#[cfg(test)]
mod tests;
