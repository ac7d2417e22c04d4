//! Fixed fields of records: numbers at known places. Bytes that end before give zeros; whoever
//! takes bytes from disk has checked their length.

use crate::id::ConceptId;
use crate::op_fields::Validity;

/// No time given.
pub(crate) const NO_TIME: i64 = i64::MIN;

#[inline]
pub(crate) fn slice_at(bytes: &[u8], start: usize, length: usize) -> &[u8] {
    bytes.get(start..start + length).unwrap_or_default()
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<8>());
    number.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let number = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    number.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

pub(crate) fn f64_at(bytes: &[u8], at: usize) -> f64 {
    f64::from_bits(u64_at(bytes, at))
}

pub(crate) fn id_at(bytes: &[u8], at: usize) -> ConceptId {
    let id = bytes.get(at..).and_then(|bytes| bytes.first_chunk::<16>());
    ConceptId(id.copied().unwrap_or_default())
}

pub(crate) fn validity_at(bytes: &[u8], from_at: usize, to_at: usize) -> Validity {
    let time = |at| Some(u64_at(bytes, at).cast_signed()).filter(|time| *time != NO_TIME);
    Validity { from_ms: time(from_at), to_ms: time(to_at) }
}

pub(crate) fn append_validity(validity: Validity, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&validity.from_ms.unwrap_or(NO_TIME).to_le_bytes());
    bytes.extend_from_slice(&validity.to_ms.unwrap_or(NO_TIME).to_le_bytes());
}
