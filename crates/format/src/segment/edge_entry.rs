//! An association at one of its ends. Both ends hold all of it, so reading it is one access and
//! `check` can compare them.
//!
//! ```text
//! other 16 | begin 8 | end 8 | names 4 | attributes bytes 4 | attributes 8 | confidence 8 |
//! weight 8 | created 8 | valid from 8 | valid to 8 = 88 bytes
//! ```

use crate::id::ConceptId;
use crate::op_fields::Validity;
use crate::record_bytes::{append_validity, f64_at, id_at, u32_at, u64_at, validity_at};

/// Length of an entry.
pub const EDGE_ENTRY_BYTES: usize = TO_AT + 8;

const BEGIN_AT: usize = 16;
const END_AT: usize = BEGIN_AT + 8;
const NAMES_AT: usize = END_AT + 8;
const ATTRIBUTE_BYTES_AT: usize = NAMES_AT + 4;
const ATTRIBUTES_AT: usize = ATTRIBUTE_BYTES_AT + 4;
const CONFIDENCE_AT: usize = ATTRIBUTES_AT + 8;
const WEIGHT_AT: usize = CONFIDENCE_AT + 8;
const CREATED_AT: usize = WEIGHT_AT + 8;
const FROM_AT: usize = CREATED_AT + 8;
const TO_AT: usize = FROM_AT + 8;
const _: () = assert!(EDGE_ENTRY_BYTES == 88);

/// A version of an association.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeEntry {
    /// The concept at the other end.
    pub other: ConceptId,
    /// Commit that made this version.
    pub begin: u64,
    /// First commit that does not see it any more, `u64::MAX` if none in this file ended it.
    pub end: u64,
    /// Label and class: `label << 8 | class`.
    pub names: u32,
    /// Length of its attributes.
    pub attribute_bytes: u32,
    /// Where they are in the file.
    pub attributes: u64,
    /// 0 to 1.
    pub confidence: f64,
    /// Its weight.
    pub weight: f64,
    /// When it was first made, in microseconds from 1970.
    pub created_us: u64,
    /// When it holds.
    pub validity: Validity,
}

impl EdgeEntry {
    /// The 88 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(EDGE_ENTRY_BYTES);
        bytes.extend_from_slice(&self.other.0);
        bytes.extend_from_slice(&self.begin.to_le_bytes());
        bytes.extend_from_slice(&self.end.to_le_bytes());
        bytes.extend_from_slice(&self.names.to_le_bytes());
        bytes.extend_from_slice(&self.attribute_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.attributes.to_le_bytes());
        bytes.extend_from_slice(&self.confidence.to_le_bytes());
        bytes.extend_from_slice(&self.weight.to_le_bytes());
        bytes.extend_from_slice(&self.created_us.to_le_bytes());
        append_validity(self.validity, &mut bytes);
        bytes
    }

    /// Reads an entry. All bytes make one: what it names is checked where it is looked up.
    #[inline]
    #[must_use]
    pub fn decode(bytes: &[u8; EDGE_ENTRY_BYTES]) -> Self {
        Self {
            other: id_at(bytes, 0),
            begin: u64_at(bytes, BEGIN_AT),
            end: u64_at(bytes, END_AT),
            names: u32_at(bytes, NAMES_AT),
            attribute_bytes: u32_at(bytes, ATTRIBUTE_BYTES_AT),
            attributes: u64_at(bytes, ATTRIBUTES_AT),
            confidence: f64_at(bytes, CONFIDENCE_AT),
            weight: f64_at(bytes, WEIGHT_AT),
            created_us: u64_at(bytes, CREATED_AT),
            validity: validity_at(bytes, FROM_AT, TO_AT),
        }
    }
}
