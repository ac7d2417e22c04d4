//! Records of concepts and associations as they lie in memory.
//!
//! A commit's records lie one after the other in a block that never changes, those of a large
//! commit in several. A location names a block and a byte in it; 0 names nothing. This is no file
//! format: it never outlives the process.

use super::Delta;
use sutra_format::op_fields::Validity;
use sutra_format::{AssociationClass, ConceptId};

/// Place of a record: number of its block, from 1, then the byte in it.
#[must_use]
pub fn location(block: u32, offset: usize) -> u64 {
    u64::from(block) << 32 | offset as u64
}

/// Block number and byte of a location.
#[must_use]
pub fn split(location: u64) -> (u32, usize) {
    ((location >> 32) as u32, (location as u32) as usize)
}

/// What kind of record stands somewhere in a block.
pub const KIND_CONCEPT: u8 = 1;
/// An association's record.
pub const KIND_EDGE: u8 = 2;
/// A concept that was deleted.
pub const KIND_TOMBSTONE: u8 = 3;

/// No time given.
const NO_TIME: i64 = i64::MIN;
/// No vector.
const NO_ROW: u32 = u32::MAX;

const BYTES_AT: usize = 0; // length of the whole record, u32
const KIND_AT: usize = 4; // u8, then one byte free
const KEY_BYTES_AT: usize = 6; // u16
const SEQNO_AT: usize = 8;
const PREVIOUS_AT: usize = 16;
const ID_AT: usize = 24;
const CREATED_AT: usize = 40;
const UPDATED_AT: usize = 48;
const STRENGTH_AT: usize = 56;
const CONFIDENCE_AT: usize = 64;
const FROM_AT: usize = 72;
const TO_AT: usize = 80;
const CONTENT_BYTES_AT: usize = 88; // u32
const ATTRIBUTES_BYTES_AT: usize = 92; // u32
const NAMESPACE_AT: usize = 96; // u32
const ROW_AT: usize = 100; // u32
const CELL_AT: usize = 104; // u32, then four bytes free
const CONTENT_AT: usize = 112; // location of the record that has the content, 0 for this one
const ATTRIBUTES_AT: usize = 120; // the same for the attributes
const CONCEPT_HEADER_BYTES: usize = 128;

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

/// Content or attributes of a version.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// New ones.
    Given(&'a [u8]),
    /// Those of an older version, in the record at this location. They are not copied: a small
    /// change of a large concept must stay small.
    Kept(u64),
}

impl<'a> Text<'a> {
    fn inline(self) -> &'a [u8] {
        match self {
            Self::Given(bytes) => bytes,
            Self::Kept(_) => &[],
        }
    }

    fn kept_at(self) -> u64 {
        match self {
            Self::Given(_) => 0,
            Self::Kept(location) => location,
        }
    }
}

/// Everything of a version of a concept.
#[derive(Debug, Clone, Copy)]
pub struct ConceptVersion<'a> {
    pub seqno: u64,
    /// Location of the version before, 0 for none.
    pub previous: u64,
    pub id: ConceptId,
    pub cell: u32,
    pub namespace: u32,
    pub key: &'a [u8],
    pub content: Text<'a>,
    pub attributes: Text<'a>,
    pub row: Option<u32>,
    pub created_us: u64,
    pub updated_us: u64,
    pub strength: f64,
    pub confidence: f64,
    pub validity: Validity,
}

impl ConceptVersion<'_> {
    /// Appends the record to a block under construction.
    pub fn append(&self, kind: u8, block: &mut Vec<u8>) {
        let start = block.len();
        let (content, attributes) = (self.content.inline(), self.attributes.inline());
        let text_bytes = content.len() + attributes.len() + self.key.len();
        let bytes = (CONCEPT_HEADER_BYTES + text_bytes).next_multiple_of(8);
        block.reserve(bytes);
        block.extend_from_slice(&(bytes as u32).to_le_bytes());
        block.extend_from_slice(&[kind, 0]);
        block.extend_from_slice(&(self.key.len() as u16).to_le_bytes());
        block.extend_from_slice(&self.seqno.to_le_bytes());
        block.extend_from_slice(&self.previous.to_le_bytes());
        block.extend_from_slice(&self.id.0);
        block.extend_from_slice(&self.created_us.to_le_bytes());
        block.extend_from_slice(&self.updated_us.to_le_bytes());
        block.extend_from_slice(&self.strength.to_le_bytes());
        block.extend_from_slice(&self.confidence.to_le_bytes());
        append_validity(self.validity, block);
        block.extend_from_slice(&(content.len() as u32).to_le_bytes());
        block.extend_from_slice(&(attributes.len() as u32).to_le_bytes());
        block.extend_from_slice(&self.namespace.to_le_bytes());
        block.extend_from_slice(&self.row.unwrap_or(NO_ROW).to_le_bytes());
        block.extend_from_slice(&self.cell.to_le_bytes());
        block.extend_from_slice(&[0; 4]);
        block.extend_from_slice(&self.content.kept_at().to_le_bytes());
        block.extend_from_slice(&self.attributes.kept_at().to_le_bytes());
        block.extend_from_slice(content);
        block.extend_from_slice(attributes);
        block.extend_from_slice(self.key);
        block.resize(start + bytes, 0);
    }
}

/// Everything of a version of an association.
#[derive(Debug, Clone, Copy)]
pub struct EdgeVersion<'a> {
    pub seqno: u64,
    pub created_us: u64,
    pub source: ConceptId,
    pub target: ConceptId,
    pub class: AssociationClass,
    pub label: u32,
    pub confidence: f64,
    pub weight: f64,
    pub attributes: &'a [u8],
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

fn append_validity(validity: Validity, block: &mut Vec<u8>) {
    block.extend_from_slice(&validity.from_ms.unwrap_or(NO_TIME).to_le_bytes());
    block.extend_from_slice(&validity.to_ms.unwrap_or(NO_TIME).to_le_bytes());
}

/// Length and kind of the record at the start of `bytes`.
#[must_use]
pub fn length_and_kind(bytes: &[u8]) -> Option<(usize, u8)> {
    Some((u32_at(bytes, BYTES_AT) as usize, *bytes.get(KIND_AT)?)).filter(|(bytes, _)| *bytes > 0)
}

/// A version of a concept, borrowed from memory.
#[derive(Clone, Copy)]
pub struct ConceptRef<'a> {
    bytes: &'a [u8],
    location: u64,
    /// Where the records of older versions are.
    delta: &'a Delta,
}

impl<'a> ConceptRef<'a> {
    /// The record at the start of `bytes`, which stand at `location` of the delta.
    #[must_use]
    pub(super) fn new(bytes: &'a [u8], location: u64, delta: &'a Delta) -> Self {
        Self { bytes, location, delta }
    }

    /// Where the record is.
    #[must_use]
    pub fn location(&self) -> u64 {
        self.location
    }

    /// Commit that made this version.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        u64_at(self.bytes, SEQNO_AT)
    }

    /// Location of the version before, 0 for none.
    #[must_use]
    pub fn previous(&self) -> u64 {
        u64_at(self.bytes, PREVIOUS_AT)
    }

    /// Whether this version says that the concept was deleted.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.bytes.get(KIND_AT) == Some(&KIND_TOMBSTONE)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ConceptId {
        id_at(self.bytes, ID_AT)
    }

    /// Dense number of the concept in this shard.
    #[must_use]
    pub fn cell(&self) -> u32 {
        u32_at(self.bytes, CELL_AT)
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
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        match u64_at(self.bytes, CONTENT_AT) {
            0 => slice_at(self.bytes, CONCEPT_HEADER_BYTES, self.content_bytes()),
            kept => self.delta.concept_at(kept).map_or(&[], |older| older.content()),
        }
    }

    /// Its attributes: a MessagePack map.
    #[must_use]
    pub fn attributes(&self) -> &'a [u8] {
        match u64_at(self.bytes, ATTRIBUTES_AT) {
            0 => {
                let start = CONCEPT_HEADER_BYTES + self.content_bytes();
                slice_at(self.bytes, start, self.attributes_bytes())
            }
            kept => self.delta.concept_at(kept).map_or(&[], |older| older.attributes()),
        }
    }

    /// The content for a newer version that keeps it. Names the record that has it, so that a chain
    /// of versions is one step long.
    pub(super) fn keep_content(&self) -> Text<'static> {
        let kept = Some(u64_at(self.bytes, CONTENT_AT)).filter(|at| *at > 0);
        Text::Kept(kept.unwrap_or(self.location))
    }

    /// The attributes for a newer version that keeps them.
    pub(super) fn keep_attributes(&self) -> Text<'static> {
        let kept = Some(u64_at(self.bytes, ATTRIBUTES_AT)).filter(|at| *at > 0);
        Text::Kept(kept.unwrap_or(self.location))
    }

    /// The caller's key; empty when it was not named by one.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        let start = CONCEPT_HEADER_BYTES + self.content_bytes() + self.attributes_bytes();
        let length = self.bytes.get(KEY_BYTES_AT..).and_then(|bytes| bytes.first_chunk::<2>());
        slice_at(self.bytes, start, length.map_or(0, |b| usize::from(u16::from_le_bytes(*b))))
    }

    fn content_bytes(&self) -> usize {
        u32_at(self.bytes, CONTENT_BYTES_AT) as usize
    }

    fn attributes_bytes(&self) -> usize {
        u32_at(self.bytes, ATTRIBUTES_BYTES_AT) as usize
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

#[inline]
fn slice_at(bytes: &[u8], start: usize, length: usize) -> &[u8] {
    bytes.get(start..start + length).unwrap_or_default()
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<8>());
    number.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    number.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn f64_at(bytes: &[u8], at: usize) -> f64 {
    f64::from_bits(u64_at(bytes, at))
}

fn id_at(bytes: &[u8], at: usize) -> ConceptId {
    let id = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<16>());
    ConceptId(id.copied().unwrap_or_default())
}

fn validity_at(bytes: &[u8], from_at: usize, to_at: usize) -> Validity {
    let time = |at| Some(u64_at(bytes, at).cast_signed()).filter(|time| *time != NO_TIME);
    Validity { from_ms: time(from_at), to_ms: time(to_at) }
}
