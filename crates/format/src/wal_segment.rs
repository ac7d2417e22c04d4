//! Header of a log segment file.
//!
//! ```text
//! magic 8 | version 4 | segment number 4 | store id 16 | epoch 8 | first seqno 8 | file bytes 8 |
//! checksum 4 | zero 4 = 64 bytes, little-endian; the checksum covers the 56 bytes before it
//! ```

use crate::FORMAT_VERSION;
use crate::checksum::crc32c;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};

/// First bytes of every log segment. The line ends catch a transfer that changed them.
pub const MAGIC: [u8; 8] = *b"SUTLOG\r\n";
/// Bytes of the header; records start here.
pub const SEGMENT_HEADER_BYTES: usize = 64;

const VERSION_AT: usize = MAGIC.len();
const NUMBER_AT: usize = VERSION_AT + size_of::<u32>();
const STORE_ID_AT: usize = NUMBER_AT + size_of::<u32>();
const EPOCH_AT: usize = STORE_ID_AT + 16;
const FIRST_SEQNO_AT: usize = EPOCH_AT + size_of::<u64>();
const FILE_BYTES_AT: usize = FIRST_SEQNO_AT + size_of::<u64>();
const CHECKSUM_AT: usize = FILE_BYTES_AT + size_of::<u64>();
const _: () = assert!(CHECKSUM_AT + 2 * size_of::<u32>() == SEGMENT_HEADER_BYTES);

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Position in the log, from 1. Part of every record, so that what a recycled file held
    /// before does not read as data.
    pub number: u32,
    /// The store it belongs to: a segment copied from elsewhere is told apart.
    pub store_id: [u8; 16],
    /// Random number of the process run that began the segment.
    pub epoch: u64,
    /// Seqno of the first commit in it, whether or not it is there yet.
    pub first_seqno: u64,
    /// Length of the file.
    pub file_bytes: u64,
}

impl SegmentHeader {
    /// The 64 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.store_id);
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.first_seqno.to_le_bytes());
        bytes.extend_from_slice(&self.file_bytes.to_le_bytes());
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        let mut header = [0; SEGMENT_HEADER_BYTES];
        for (to, from) in header.iter_mut().zip(bytes) {
            *to = from;
        }
        header
    }

    /// Reads a header.
    ///
    /// # Errors
    /// Anything but what [`SegmentHeader::encode`] of this or an older format version made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.array::<8>()? != MAGIC {
            return Err(DecodeError { offset: 0, problem: Problem::Magic });
        }
        let version = cursor.u32()?;
        let header = Self {
            number: cursor.u32()?,
            store_id: cursor.array()?,
            epoch: cursor.u64()?,
            first_seqno: cursor.u64()?,
            file_bytes: cursor.u64()?,
        };
        check_checksum(bytes, &mut cursor)?;
        check_version(VERSION_AT, version)?;
        if cursor.u32()? != 0 {
            return Err(DecodeError::value(CHECKSUM_AT + size_of::<u32>(), "segment padding"));
        }
        Ok(header)
    }
}

/// Compares the checksum at the cursor with the bytes before it.
pub(crate) fn check_checksum(bytes: &[u8], cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    let offset = cursor.offset();
    let computed = crc32c(bytes.get(..offset).unwrap_or_default());
    let stored = cursor.u32()?;
    if stored == computed {
        return Ok(());
    }
    Err(DecodeError { offset, problem: Problem::Checksum { stored, computed } })
}

/// The version is looked at after the checksum: a flipped bit in it is damage, not news.
pub(crate) fn check_version(offset: usize, found: u32) -> Result<(), DecodeError> {
    match found {
        FORMAT_VERSION => Ok(()),
        0 => Err(DecodeError::value(offset, "format version")),
        _ => {
            let problem = Problem::NewerVersion { found, supported: FORMAT_VERSION };
            Err(DecodeError { offset, problem })
        }
    }
}

#[cfg(test)]
mod tests;
