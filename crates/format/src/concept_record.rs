//! A version of a concept, as it lies in memory and in segments.
//!
//! ```text
//! bytes 4 | kind 1 | zero 1 | key bytes 2 | seqno 8 | previous 8 | id 16 | created 8 | updated 8 |
//! strength 8 | confidence 8 | valid from 8 | valid to 8 | content bytes 4 | attributes bytes 4 |
//! namespace 4 | row 4 | cell 4 | ordinal 4 | content at 8 | attributes at 8 = 128 bytes, then
//! content, attributes, key, and zeros up to a multiple of 8
//! ```
//!
//! Positions are places of records in the same layer: a delta or a segment file.

use crate::decode_error::DecodeError;
use crate::id::ConceptId;
use crate::op_fields::Validity;
use crate::record_bytes::{append_validity, f64_at, id_at, slice_at, u32_at, u64_at, validity_at};

/// What kind of record this is.
pub const KIND_CONCEPT: u8 = 1;
/// An association's record.
pub const KIND_EDGE: u8 = 2;
/// A concept that was deleted.
pub const KIND_TOMBSTONE: u8 = 3;

/// Length of the fixed fields.
pub const CONCEPT_HEADER_BYTES: usize = ATTRIBUTES_AT + size_of::<u64>();

/// No vector.
const NO_ROW: u32 = u32::MAX;
/// The text is that of the newest version in an older layer.
const KEPT_BELOW: u64 = u64::MAX;

const BYTES_AT: usize = 0;
const KIND_AT: usize = BYTES_AT + size_of::<u32>();
const KEY_BYTES_AT: usize = KIND_AT + 2;
const SEQNO_AT: usize = KEY_BYTES_AT + size_of::<u16>();
const PREVIOUS_AT: usize = SEQNO_AT + size_of::<u64>();
const ID_AT: usize = PREVIOUS_AT + size_of::<u64>();
const CREATED_AT: usize = ID_AT + 16;
const UPDATED_AT: usize = CREATED_AT + size_of::<u64>();
const STRENGTH_AT: usize = UPDATED_AT + size_of::<u64>();
const CONFIDENCE_AT: usize = STRENGTH_AT + size_of::<f64>();
const FROM_AT: usize = CONFIDENCE_AT + size_of::<f64>();
const TO_AT: usize = FROM_AT + size_of::<i64>();
const CONTENT_BYTES_AT: usize = TO_AT + size_of::<i64>();
const ATTRIBUTES_BYTES_AT: usize = CONTENT_BYTES_AT + size_of::<u32>();
const NAMESPACE_AT: usize = ATTRIBUTES_BYTES_AT + size_of::<u32>();
const ROW_AT: usize = NAMESPACE_AT + size_of::<u32>();
const CELL_AT: usize = ROW_AT + size_of::<u32>();
const ORDINAL_AT: usize = CELL_AT + size_of::<u32>();
const CONTENT_AT: usize = ORDINAL_AT + size_of::<u32>();
const ATTRIBUTES_AT: usize = CONTENT_AT + size_of::<u64>();
const _: () = assert!(CONCEPT_HEADER_BYTES == 128);

/// Content or attributes of a version that is written.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// New ones.
    Given(&'a [u8]),
    /// Those of an older version, in the record at this position. They are not copied: a small
    /// change of a large concept must stay small.
    KeptAt(u64),
    /// Those of the newest version in an older layer.
    KeptBelow,
}

/// Content or attributes of a version that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRef<'a> {
    /// Here.
    Inline(&'a [u8]),
    /// In the record at this position.
    At(u64),
    /// In the newest version in an older layer.
    Below,
}

impl<'a> Text<'a> {
    fn inline(self) -> &'a [u8] {
        match self {
            Self::Given(bytes) => bytes,
            Self::KeptAt(_) | Self::KeptBelow => &[],
        }
    }

    fn kept_at(self) -> u64 {
        match self {
            Self::Given(_) => 0,
            Self::KeptAt(position) => position,
            Self::KeptBelow => KEPT_BELOW,
        }
    }
}

/// Everything of a version of a concept.
#[derive(Debug, Clone, Copy)]
pub struct ConceptVersion<'a> {
    /// Commit that made it.
    pub seqno: u64,
    /// Position of the version before, 0 for none in this layer.
    pub previous: u64,
    /// The concept.
    pub id: ConceptId,
    /// Number of the concept in a delta; number of the version in a segment.
    pub cell: u32,
    /// Number of the operation in its commit.
    pub ordinal: u32,
    /// Number of the namespace.
    pub namespace: u32,
    /// The caller's key, empty for none.
    pub key: &'a [u8],
    /// Its text.
    pub content: Text<'a>,
    /// Its attributes, as MessagePack.
    pub attributes: Text<'a>,
    /// Row of its vector in the namespace.
    pub row: Option<u32>,
    /// When the concept was first learned, in microseconds from 1970.
    pub created_us: u64,
    /// When this version was committed, in microseconds from 1970.
    pub updated_us: u64,
    /// 0 to 1.
    pub strength: f64,
    /// 0 to 1.
    pub confidence: f64,
    /// When it holds.
    pub validity: Validity,
}

impl ConceptVersion<'_> {
    /// Appends the record.
    pub fn append(&self, kind: u8, to: &mut Vec<u8>) {
        let start = to.len();
        let (content, attributes) = (self.content.inline(), self.attributes.inline());
        let text_bytes = content.len() + attributes.len() + self.key.len();
        let bytes = (CONCEPT_HEADER_BYTES + text_bytes).next_multiple_of(8);
        to.reserve(bytes);
        to.extend_from_slice(&(bytes as u32).to_le_bytes());
        to.extend_from_slice(&[kind, 0]);
        to.extend_from_slice(&(self.key.len() as u16).to_le_bytes());
        to.extend_from_slice(&self.seqno.to_le_bytes());
        to.extend_from_slice(&self.previous.to_le_bytes());
        to.extend_from_slice(&self.id.0);
        to.extend_from_slice(&self.created_us.to_le_bytes());
        to.extend_from_slice(&self.updated_us.to_le_bytes());
        to.extend_from_slice(&self.strength.to_le_bytes());
        to.extend_from_slice(&self.confidence.to_le_bytes());
        append_validity(self.validity, to);
        to.extend_from_slice(&(content.len() as u32).to_le_bytes());
        to.extend_from_slice(&(attributes.len() as u32).to_le_bytes());
        to.extend_from_slice(&self.namespace.to_le_bytes());
        to.extend_from_slice(&self.row.unwrap_or(NO_ROW).to_le_bytes());
        to.extend_from_slice(&self.cell.to_le_bytes());
        to.extend_from_slice(&self.ordinal.to_le_bytes());
        to.extend_from_slice(&self.content.kept_at().to_le_bytes());
        to.extend_from_slice(&self.attributes.kept_at().to_le_bytes());
        to.extend_from_slice(content);
        to.extend_from_slice(attributes);
        to.extend_from_slice(self.key);
        to.resize(start + bytes, 0);
    }
}

/// Length and kind of the record at the start of `bytes`.
#[must_use]
pub fn length_and_kind(bytes: &[u8]) -> Option<(usize, u8)> {
    Some((u32_at(bytes, BYTES_AT) as usize, *bytes.get(KIND_AT)?)).filter(|(bytes, _)| *bytes > 0)
}

/// A version of a concept, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct ConceptRecord<'a> {
    bytes: &'a [u8],
}

impl<'a> ConceptRecord<'a> {
    /// The record at the start of `bytes`, which this process wrote.
    #[inline]
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The record that is all of `bytes`, which come from disk.
    ///
    /// # Errors
    /// It is none, or its lengths are not those of what is there.
    #[inline]
    pub fn check(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let record = Self { bytes };
        if bytes.len() < CONCEPT_HEADER_BYTES {
            return Err(DecodeError::truncated(bytes.len(), CONCEPT_HEADER_BYTES));
        }
        if u32_at(bytes, BYTES_AT) as usize != bytes.len() {
            return Err(DecodeError::value(BYTES_AT, "length of the record"));
        }
        if !matches!(bytes.get(KIND_AT), Some(&(KIND_CONCEPT | KIND_TOMBSTONE))) {
            return Err(DecodeError::value(KIND_AT, "kind of the record"));
        }
        let text_bytes = record.content_bytes() as u64
            + record.attributes_bytes() as u64
            + record.key_bytes() as u64;
        let expected = (CONCEPT_HEADER_BYTES as u64 + text_bytes).next_multiple_of(8);
        if expected != bytes.len() as u64 {
            return Err(DecodeError::value(CONTENT_BYTES_AT, "length of the texts"));
        }
        Ok(record)
    }

    /// Commit that made this version.
    #[inline]
    #[must_use]
    pub fn seqno(&self) -> u64 {
        u64_at(self.bytes, SEQNO_AT)
    }

    /// Position of the version before, 0 for none in this layer.
    #[inline]
    #[must_use]
    pub fn previous(&self) -> u64 {
        u64_at(self.bytes, PREVIOUS_AT)
    }

    /// Whether this version says that the concept was deleted.
    #[inline]
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.bytes.get(KIND_AT) == Some(&KIND_TOMBSTONE)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ConceptId {
        id_at(self.bytes, ID_AT)
    }

    /// Number of the concept in a delta; number of the version in a segment.
    #[must_use]
    pub fn cell(&self) -> u32 {
        u32_at(self.bytes, CELL_AT)
    }

    /// Number of the operation in its commit.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        u32_at(self.bytes, ORDINAL_AT)
    }

    /// Number of its namespace.
    #[must_use]
    pub fn namespace(&self) -> u32 {
        u32_at(self.bytes, NAMESPACE_AT)
    }

    /// Row of its vector in its namespace's vectors.
    #[must_use]
    pub fn row(&self) -> Option<u32> {
        Some(u32_at(self.bytes, ROW_AT)).filter(|row| *row != NO_ROW)
    }

    /// When it was first learned, in microseconds from 1970.
    #[must_use]
    pub fn created_us(&self) -> u64 {
        u64_at(self.bytes, CREATED_AT)
    }

    /// When this version was committed, in microseconds from 1970.
    #[must_use]
    pub fn updated_us(&self) -> u64 {
        u64_at(self.bytes, UPDATED_AT)
    }

    /// Its strength, 0 to 1.
    #[must_use]
    pub fn strength(&self) -> f64 {
        f64_at(self.bytes, STRENGTH_AT)
    }

    /// Its confidence, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        f64_at(self.bytes, CONFIDENCE_AT)
    }

    /// When it holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        validity_at(self.bytes, FROM_AT, TO_AT)
    }

    /// Its text: UTF-8, checked when it was written.
    #[inline]
    #[must_use]
    pub fn content(&self) -> TextRef<'a> {
        match u64_at(self.bytes, CONTENT_AT) {
            0 => TextRef::Inline(slice_at(self.bytes, CONCEPT_HEADER_BYTES, self.content_bytes())),
            kept => kept_text(kept),
        }
    }

    /// Its attributes: a MessagePack map.
    #[must_use]
    pub fn attributes(&self) -> TextRef<'a> {
        match u64_at(self.bytes, ATTRIBUTES_AT) {
            0 => {
                let start = CONCEPT_HEADER_BYTES + self.content_bytes();
                TextRef::Inline(slice_at(self.bytes, start, self.attributes_bytes()))
            }
            kept => kept_text(kept),
        }
    }

    /// The caller's key; empty when it was not named by one.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        let start = CONCEPT_HEADER_BYTES + self.content_bytes() + self.attributes_bytes();
        slice_at(self.bytes, start, self.key_bytes())
    }

    fn content_bytes(&self) -> usize {
        u32_at(self.bytes, CONTENT_BYTES_AT) as usize
    }

    fn attributes_bytes(&self) -> usize {
        u32_at(self.bytes, ATTRIBUTES_BYTES_AT) as usize
    }

    fn key_bytes(&self) -> usize {
        let length = self.bytes.get(KEY_BYTES_AT..).and_then(|bytes| bytes.first_chunk::<2>());
        length.map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)))
    }
}

fn kept_text<'a>(kept: u64) -> TextRef<'a> {
    if kept == KEPT_BELOW { TextRef::Below } else { TextRef::At(kept) }
}

#[cfg(test)]
mod tests;
