//! The end of an association that an older layer holds.
//!
//! ```text
//! other 16 | names 4 | zero 4 | end 8 = 32 bytes
//! ```

use crate::id::ConceptId;
use crate::record_bytes::{id_at, u32_at, u64_at};

/// Length of an entry.
pub const END_ENTRY_BYTES: usize = END_AT + 8;

const NAMES_AT: usize = 16;
const END_AT: usize = NAMES_AT + 8;
const _: () = assert!(END_ENTRY_BYTES == 32);

/// The version in an older layer is not visible from a commit on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndEntry {
    /// The concept at the other end.
    pub other: ConceptId,
    /// Label and class: `label << 8 | class`.
    pub names: u32,
    /// That commit.
    pub end: u64,
}

impl EndEntry {
    /// The 32 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(END_ENTRY_BYTES);
        bytes.extend_from_slice(&self.other.0);
        bytes.extend_from_slice(&self.names.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.end.to_le_bytes());
        bytes
    }

    /// Reads an entry. All bytes make one.
    #[inline]
    #[must_use]
    pub fn decode(bytes: &[u8; END_ENTRY_BYTES]) -> Self {
        Self { other: id_at(bytes, 0), names: u32_at(bytes, NAMES_AT), end: u64_at(bytes, END_AT) }
    }
}
