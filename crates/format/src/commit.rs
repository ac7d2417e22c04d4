//! Body of a commit record: MessagePack `[committed_us, operations]`, where the operations are the
//! client's bytes as they came.

use crate::batch::{Op, decode_operations};
use crate::decode_error::DecodeError;
use crate::limits::Limits;
use crate::msgpack::Reader;

/// Array of two, then a 64-bit number.
const ARRAY_OF_TWO: u8 = 0x92;
const UINT64: u8 = 0xcf;

/// Bytes of a commit's body before its operations.
pub const COMMIT_PREFIX_BYTES: usize = 2 + size_of::<u64>();

/// One commit as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit<'a> {
    /// When it was committed, in microseconds from 1970.
    pub committed_us: u64,
    /// What it does.
    pub operations: Vec<Op<'a>>,
}

/// What stands before a batch's bytes in the body of its record.
#[must_use]
pub fn commit_prefix(committed_us: u64) -> [u8; COMMIT_PREFIX_BYTES] {
    let mut prefix = [ARRAY_OF_TWO, UINT64, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Some(number) = prefix.get_mut(2..) {
        number.copy_from_slice(&committed_us.to_be_bytes());
    }
    prefix
}

impl<'a> Commit<'a> {
    /// Reads the body of a commit record.
    ///
    /// # Errors
    /// `Value` when it is not what [`commit_prefix`] and a checked batch make.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(body);
        let (Ok(2), Ok(committed_us)) = (reader.array(), reader.unsigned()) else {
            return Err(DecodeError::value(0, "commit time"));
        };
        let start = reader.offset();
        let operations = body.get(start..).unwrap_or_default();
        let operations = decode_operations(operations, &Limits::CEILING)
            .map_err(|_| DecodeError::value(start, "commit operations"))?;
        Ok(Self { committed_us, operations })
    }
}

#[cfg(test)]
mod tests;
