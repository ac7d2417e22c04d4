//! The sections of a part of the index of texts and attributes that are of fixed form.
//!
//! ```text
//! meta: analyzer 4 | documents 4 | after seqno 8 | last seqno 8 | zero 8 = 32
//! ends, by commit: ended at 8 | seqno 8 | ordinal 4 | zero 4 = 24 each
//! totals, by namespace: namespace 4 | documents 4 | words 8 = 16 each
//! ```

use crate::cursor::Cursor;
use crate::decode_error::DecodeError;

/// Length of the first section.
pub const TEXT_META_BYTES: usize = 32;
/// Length of an entry of the ends.
pub const END_BYTES: usize = 24;
/// Length of an entry of the totals.
pub const TOTAL_BYTES: usize = 16;

/// What a part covers, and how its texts were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextMeta {
    /// Number of what read the texts.
    pub analyzer: u32,
    /// How many versions of concepts are in it.
    pub documents: u32,
    /// The commits covered are those after this one,
    pub after_seqno: u64,
    /// up to this one.
    pub last_seqno: u64,
}

/// A version of a concept that another one, or the end of the concept, took the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Commit since which it is not seen.
    pub ended_at: u64,
    /// Commit that made the version.
    pub seqno: u64,
    /// Number of its operation in that commit.
    pub ordinal: u32,
}

/// What a part has of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// Number of the namespace.
    pub namespace: u32,
    /// Documents.
    pub documents: u32,
    /// Words in them.
    pub words: u64,
}

impl TextMeta {
    /// The 32 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TEXT_META_BYTES);
        bytes.extend_from_slice(&self.analyzer.to_le_bytes());
        bytes.extend_from_slice(&self.documents.to_le_bytes());
        bytes.extend_from_slice(&self.after_seqno.to_le_bytes());
        bytes.extend_from_slice(&self.last_seqno.to_le_bytes());
        bytes.resize(TEXT_META_BYTES, 0);
        bytes
    }

    /// Reads the section.
    ///
    /// # Errors
    /// Anything but what [`TextMeta::encode`] made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let (analyzer, documents) = (cursor.u32()?, cursor.u32()?);
        let (after_seqno, last_seqno) = (cursor.u64()?, cursor.u64()?);
        let rest_at = cursor.offset();
        if cursor.u64()? != 0 || cursor.remaining() != 0 {
            return Err(DecodeError::value(rest_at, "length of the section"));
        }
        if last_seqno <= after_seqno {
            return Err(DecodeError::value(rest_at - 8, "last seqno"));
        }
        Ok(Self { analyzer, documents, after_seqno, last_seqno })
    }
}

impl End {
    /// Appends the 24 bytes.
    pub fn append(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.ended_at.to_le_bytes());
        bytes.extend_from_slice(&self.seqno.to_le_bytes());
        bytes.extend_from_slice(&u64::from(self.ordinal).to_le_bytes());
    }

    /// Reads all of a section, one after the other; bytes at the end that are too few for one are
    /// left out.
    pub fn all(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let (entries, _) = bytes.as_chunks::<END_BYTES>();
        entries.iter().filter_map(|entry| {
            let mut cursor = Cursor::new(entry);
            let (ended_at, seqno) = (cursor.u64().ok()?, cursor.u64().ok()?);
            Some(Self { ended_at, seqno, ordinal: cursor.u32().ok()? })
        })
    }
}

impl Total {
    /// Appends the 16 bytes.
    pub fn append(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.namespace.to_le_bytes());
        bytes.extend_from_slice(&self.documents.to_le_bytes());
        bytes.extend_from_slice(&self.words.to_le_bytes());
    }

    /// Reads all of a section, as [`End::all`].
    pub fn all(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let (entries, _) = bytes.as_chunks::<TOTAL_BYTES>();
        entries.iter().filter_map(|entry| {
            let mut cursor = Cursor::new(entry);
            let (namespace, documents) = (cursor.u32().ok()?, cursor.u32().ok()?);
            Some(Self { namespace, documents, words: cursor.u64().ok()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{END_BYTES, End, TEXT_META_BYTES, TOTAL_BYTES, TextMeta, Total};

    #[test]
    fn what_was_encoded_is_read_and_nothing_else() {
        let meta = TextMeta { analyzer: 7, documents: 9, after_seqno: 3, last_seqno: 1 << 40 };
        let bytes = meta.encode();
        assert_eq!(bytes.len(), TEXT_META_BYTES);
        assert_eq!(TextMeta::decode(&bytes), Ok(meta));
        for length in 0..TEXT_META_BYTES {
            assert!(TextMeta::decode(&bytes[..length]).is_err());
        }
        for (at, value) in [(8, 255), (13, 255), (24, 1), (31, 1)] {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            let is_refused = TextMeta::decode(&bytes).is_err();
            assert_eq!(is_refused, at != 8, "{value} at {at}");
        }
    }

    #[test]
    fn entries_come_back_in_order() {
        let ends = [1, 2].map(|n| End { ended_at: n + 10, seqno: n, ordinal: n as u32 });
        let mut bytes = Vec::new();
        for end in ends {
            end.append(&mut bytes);
        }
        assert_eq!(bytes.len(), 2 * END_BYTES);
        assert!(End::all(&bytes).eq(ends));
        assert_eq!(End::all(&bytes[..END_BYTES + 5]).count(), 1);
        let total = Total { namespace: 3, documents: 4, words: 5 };
        let mut bytes = Vec::new();
        total.append(&mut bytes);
        assert_eq!(bytes.len(), TOTAL_BYTES);
        assert!(Total::all(&bytes).eq([total]));
    }
}
