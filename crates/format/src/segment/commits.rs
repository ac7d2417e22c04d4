//! Times of commits, as far as history is kept: seqno 8 | committed 8, in microseconds from 1970.

use crate::record_bytes::u64_at;

/// Length of an entry.
pub const COMMIT_ENTRY_BYTES: usize = 16;

/// Appends an entry.
pub fn append_commit(seqno: u64, committed_us: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(&seqno.to_le_bytes());
    to.extend_from_slice(&committed_us.to_le_bytes());
}

/// Entries in a section.
#[must_use]
pub fn count(section: &[u8]) -> usize {
    section.len() / COMMIT_ENTRY_BYTES
}

/// An entry by its index: seqno and time.
#[must_use]
pub fn entry(section: &[u8], index: usize) -> Option<(u64, u64)> {
    let at = index.checked_mul(COMMIT_ENTRY_BYTES)?;
    let bytes = section.get(at..)?.first_chunk::<COMMIT_ENTRY_BYTES>()?;
    Some((u64_at(bytes, 0), u64_at(bytes, size_of::<u64>())))
}

/// All entries.
pub fn entries(section: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    (0..count(section)).filter_map(move |index| entry(section, index))
}
