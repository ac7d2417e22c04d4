//! What a segment knows of one concept.
//!
//! ```text
//! hash 8 | id 16 | record 8 | out: start 4, count 4 | in: start 4, count 4 |
//! out ends: start 4, count 4 | in ends: start 4, count 4 = 64 bytes
//! ```

use crate::id::ConceptId;
use crate::record_bytes::{id_at, u32_at, u64_at};

/// Length of a node: one cache line.
pub const NODE_BYTES: usize = IN_ENDS_AT + 8;

const ID_AT: usize = 8;
const RECORD_AT: usize = ID_AT + 16;
const OUT_AT: usize = RECORD_AT + 8;
const IN_AT: usize = OUT_AT + 8;
const OUT_ENDS_AT: usize = IN_AT + 8;
const IN_ENDS_AT: usize = OUT_ENDS_AT + 8;
const _: () = assert!(NODE_BYTES == 64);

/// A concept by hash and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Node {
    /// `ConceptId::hash64` of the id.
    pub hash: u64,
    /// The concept.
    pub id: ConceptId,
    /// Where the newest version in the file is, 0 for none.
    pub record: u64,
    /// First association that starts here.
    pub out_start: u32,
    /// How many there are.
    pub out_count: u32,
    /// First association that ends here.
    pub in_start: u32,
    /// How many there are.
    pub in_count: u32,
    /// First association of an older layer that starts here and was ended.
    pub out_ends_start: u32,
    /// How many there are.
    pub out_ends_count: u32,
    /// First association of an older layer that ends here and was ended.
    pub in_ends_start: u32,
    /// How many there are.
    pub in_ends_count: u32,
}

impl Node {
    /// The 64 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(NODE_BYTES);
        bytes.extend_from_slice(&self.hash.to_le_bytes());
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&self.record.to_le_bytes());
        let numbers = [
            self.out_start,
            self.out_count,
            self.in_start,
            self.in_count,
            self.out_ends_start,
            self.out_ends_count,
            self.in_ends_start,
            self.in_ends_count,
        ];
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    /// Reads a node. All bytes make one: what it names is checked where it is looked up.
    #[inline]
    #[must_use]
    pub fn decode(bytes: &[u8; NODE_BYTES]) -> Self {
        Self {
            hash: u64_at(bytes, 0),
            id: id_at(bytes, ID_AT),
            record: u64_at(bytes, RECORD_AT),
            out_start: u32_at(bytes, OUT_AT),
            out_count: u32_at(bytes, OUT_AT + 4),
            in_start: u32_at(bytes, IN_AT),
            in_count: u32_at(bytes, IN_AT + 4),
            out_ends_start: u32_at(bytes, OUT_ENDS_AT),
            out_ends_count: u32_at(bytes, OUT_ENDS_AT + 4),
            in_ends_start: u32_at(bytes, IN_ENDS_AT),
            in_ends_count: u32_at(bytes, IN_ENDS_AT + 4),
        }
    }
}
