//! Header of a log record.
//!
//! ```text
//! checksum 4 | body bytes 4 | seqno 8 | durable seqno 8 | epoch 8 | segment number 4 | kind 1 |
//! zero 3 = 40 bytes, little-endian, then the body, then zeros up to a multiple of 8
//! ```
//!
//! The checksum covers everything of the record behind it. Segment number and epoch are in it, so
//! the bytes that a recycled file or a crashed run left behind do not read as records. `durable
//! seqno` is what was known to be on disk when the record was written: it tells a record that was
//! lost after it had been acknowledged (damage) from one that never was (a torn tail).

use crate::checksum::crc32c;
use crate::commit::COMMIT_PREFIX_BYTES;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};
use crate::limits::Limits;

/// Bytes before the body.
pub const RECORD_HEADER_BYTES: usize = 40;
/// Records start at multiples of this.
pub const RECORD_ALIGNMENT: usize = 8;
/// Longest body that is ever written.
pub const BODY_BYTES_MAX: usize = Limits::CEILING.frame_bytes_max + COMMIT_PREFIX_BYTES;

const BODY_BYTES_AT: usize = size_of::<u32>();
const SEQNO_AT: usize = BODY_BYTES_AT + size_of::<u32>();
const DURABLE_AT: usize = SEQNO_AT + size_of::<u64>();
const EPOCH_AT: usize = DURABLE_AT + size_of::<u64>();
const SEGMENT_AT: usize = EPOCH_AT + size_of::<u64>();
const KIND_AT: usize = SEGMENT_AT + size_of::<u32>();
const _: () = assert!(KIND_AT + 4 == RECORD_HEADER_BYTES);
const _: () = assert!(RECORD_HEADER_BYTES.is_multiple_of(RECORD_ALIGNMENT));

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// A commit; its body is a [`crate::Commit`]; its seqno is one more than the one before.
    Commit = 1,
    /// A process run begins: its epoch holds from here on. The body is the epoch before, 8 bytes.
    Open = 2,
    /// The store was closed in order: everything before is on disk. No body.
    Close = 3,
    /// The last record of a segment, written once the next segment exists and before anything is
    /// written there: a log whose newest file is missing does not pass for a shorter log. No body.
    Seal = 4,
}

/// Everything of a record but its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Its own seqno for a commit, that of the last commit for the other kinds.
    pub seqno: u64,
    /// All commits up to this one were on disk when this was written.
    pub durable_seqno: u64,
    /// Random number of the process run that wrote it.
    pub epoch: u64,
    /// Number of the segment it was written for.
    pub segment_number: u32,
    /// What it is.
    pub kind: RecordKind,
}

/// A record found in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// Its body.
    pub body: &'a [u8],
    /// Bytes it takes, padding included.
    pub bytes: usize,
}

/// Bytes a record with a body of this length takes.
#[must_use]
pub fn record_bytes(body_bytes: usize) -> usize {
    RECORD_HEADER_BYTES
        .saturating_add(body_bytes)
        .checked_next_multiple_of(RECORD_ALIGNMENT)
        .unwrap_or(usize::MAX)
}

impl RecordHeader {
    /// The fields at the start of `bytes` without comparing the checksum: a cheap look at whether
    /// a record may stand there at all.
    #[must_use]
    pub fn peek(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        cursor.take(SEQNO_AT).ok()?;
        Self::decode(&mut cursor).ok()
    }

    fn decode(cursor: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seqno: cursor.u64()?,
            durable_seqno: cursor.u64()?,
            epoch: cursor.u64()?,
            segment_number: cursor.u32()?,
            kind: decode_kind(cursor)?,
        })
    }

    /// Appends the record with a body of the given parts. `out` must hold whole records only.
    ///
    /// # Panics
    /// When the body is longer than [`BODY_BYTES_MAX`] or `out` ends inside a record: what would be
    /// written then could not be read again.
    pub fn append(&self, body: &[&[u8]], out: &mut Vec<u8>) {
        let body_bytes: usize = body.iter().map(|part| part.len()).sum();
        let start = out.len();
        assert!(body_bytes <= BODY_BYTES_MAX, "a record body of {body_bytes} bytes");
        assert!(start.is_multiple_of(RECORD_ALIGNMENT), "a record at byte {start}");
        out.reserve(record_bytes(body_bytes));
        out.extend_from_slice(&[0; size_of::<u32>()]);
        out.extend_from_slice(&(body_bytes as u32).to_le_bytes());
        out.extend_from_slice(&self.seqno.to_le_bytes());
        out.extend_from_slice(&self.durable_seqno.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.segment_number.to_le_bytes());
        out.extend_from_slice(&[self.kind as u8, 0, 0, 0]);
        for part in body {
            out.extend_from_slice(part);
        }
        out.resize(start + record_bytes(body_bytes), 0);
        let checksum = record_checksum(out.get(start..).unwrap_or_default());
        if let Some(stored) = out.get_mut(start..start + BODY_BYTES_AT) {
            stored.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

fn record_checksum(record: &[u8]) -> u32 {
    crc32c(record.get(BODY_BYTES_AT..).unwrap_or_default())
}

impl<'a> Record<'a> {
    /// Reads the record at the start of `bytes`.
    ///
    /// # Errors
    /// Anything but what [`RecordHeader::append`] makes. Nothing is allocated.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_checked(bytes, true)
    }

    /// As [`Record::decode`], but takes any checksum for right.
    ///
    /// # Errors
    /// As [`Record::decode`], but for the checksum.
    #[cfg(feature = "planted-bugs")]
    pub fn decode_unchecked(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_checked(bytes, false)
    }

    fn decode_checked(bytes: &'a [u8], compare_checksum: bool) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let stored = cursor.u32()?;
        let body_bytes = cursor.u32()? as usize;
        if body_bytes > BODY_BYTES_MAX {
            return Err(DecodeError::value(BODY_BYTES_AT, "record length"));
        }
        let length = record_bytes(body_bytes);
        let record = bytes.get(..length).ok_or_else(|| {
            DecodeError::truncated(bytes.len(), length.saturating_sub(bytes.len()))
        })?;
        let computed = record_checksum(record);
        if compare_checksum && stored != computed {
            let problem = Problem::Checksum { stored, computed };
            return Err(DecodeError { offset: 0, problem });
        }
        let header = RecordHeader::decode(&mut cursor)?;
        let body = cursor.take(body_bytes)?;
        if record.get(cursor.offset()..).unwrap_or_default().iter().any(|byte| *byte != 0) {
            return Err(DecodeError::value(cursor.offset(), "record padding"));
        }
        Ok(Self { header, body, bytes: length })
    }
}

fn decode_kind(cursor: &mut Cursor<'_>) -> Result<RecordKind, DecodeError> {
    match cursor.array::<4>()? {
        [1, 0, 0, 0] => Ok(RecordKind::Commit),
        [2, 0, 0, 0] => Ok(RecordKind::Open),
        [3, 0, 0, 0] => Ok(RecordKind::Close),
        [4, 0, 0, 0] => Ok(RecordKind::Seal),
        _ => Err(DecodeError::value(KIND_AT, "record kind")),
    }
}

#[cfg(test)]
mod tests;
