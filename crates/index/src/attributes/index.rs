//! The written index: sorted keys, and the documents of each. The keys are described in
//! `value_key`.
//!
//! An entry: start of the key in the section of the keys u64, start of its documents in the section
//! of the documents u64 counted in documents, number of documents u32, zero u32. After the last
//! entry stands one whose starts are the ends of both sections, with no documents.

use crate::docs::SectionWriter;
use crate::sink::{PartSection, PartSink};
use std::ops::Range;
use sutra_format::{Cursor, DecodeError};

/// Bytes of an entry.
const ENTRY_BYTES: usize = 24;
/// Bytes of a document in the list of a value.
const DOCUMENT_BYTES: usize = size_of::<u32>();

/// Where a key and its documents start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    key_at: u64,
    documents_at: u64,
    documents: u32,
}

impl Entry {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        Ok(Self { key_at: cursor.u64()?, documents_at: cursor.u64()?, documents: cursor.u32()? })
    }

    fn encode(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let fields = [self.key_at, self.documents_at, u64::from(self.documents)];
        for (place, field) in bytes.chunks_exact_mut(size_of::<u64>()).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }
}

/// The attributes of the documents of a part.
#[derive(Debug, Clone, Copy)]
pub struct AttributeIndex<'a> {
    entries: &'a [[u8; ENTRY_BYTES]],
    keys: &'a [u8],
    documents: &'a [u8],
}

impl<'a> AttributeIndex<'a> {
    /// Takes the bytes of [`PartSection::ValueEntries`], [`PartSection::ValueBytes`] and
    /// [`PartSection::ValueDocs`]. Looks at the last entry only; the others are checked when they
    /// are used.
    ///
    /// # Errors
    /// When the sections do not end where the last entry says.
    pub fn open(
        entries: &'a [u8],
        keys: &'a [u8],
        documents: &'a [u8],
    ) -> Result<Self, DecodeError> {
        let (whole, rest) = entries.as_chunks::<ENTRY_BYTES>();
        let Some((last, before)) = whole.split_last() else {
            return Err(DecodeError::truncated(0, ENTRY_BYTES));
        };
        if !rest.is_empty() {
            return Err(DecodeError::truncated(entries.len(), ENTRY_BYTES - rest.len()));
        }
        let documents_count = (documents.len() / DOCUMENT_BYTES) as u64;
        let end = Entry { key_at: keys.len() as u64, documents_at: documents_count, documents: 0 };
        let is_whole = documents.len().is_multiple_of(DOCUMENT_BYTES);
        if !is_whole || last != &end.encode() {
            return Err(DecodeError::value(before.len() * ENTRY_BYTES, "end of the values"));
        }
        Ok(Self { entries: whole, keys, documents })
    }

    /// Number of values, those of each path apart.
    #[must_use]
    pub fn values(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    /// Indices of the entries whose keys are in a range.
    ///
    /// # Errors
    /// When a key that is looked at is outside the section of the keys.
    pub(crate) fn find(&self, keys: Range<&[u8]>) -> Result<Range<usize>, DecodeError> {
        let start = self.lower_bound(keys.start, 0)?;
        let end = self.lower_bound(keys.end, start)?;
        Ok(start..end)
    }

    /// The documents of all entries of a range, u32 each; those of one entry rise.
    ///
    /// # Errors
    /// When they are outside the section of the documents.
    pub(crate) fn documents_of(
        &self,
        entries: Range<usize>,
    ) -> Result<&'a [[u8; DOCUMENT_BYTES]], DecodeError> {
        let wrong = |field| DecodeError::value(entries.start * ENTRY_BYTES, field);
        let first = self.entry(entries.start)?;
        let starts_at = usize::try_from(first.documents_at).ok();
        let ends_at = usize::try_from(self.entry(entries.end)?.documents_at).ok();
        let (documents, _) = self.documents.as_chunks::<DOCUMENT_BYTES>();
        let range = starts_at.zip(ends_at);
        let found = range.and_then(|(start, end)| documents.get(start..end));
        let found = found.ok_or_else(|| wrong("start of the documents of a value"))?;
        if entries.len() == 1 && found.len() != first.documents as usize {
            return Err(wrong("number of the documents of a value"));
        }
        Ok(found)
    }

    /// The key of an entry.
    ///
    /// # Errors
    /// When it is outside the section of the keys.
    pub(crate) fn key(&self, entry: usize) -> Result<&'a [u8], DecodeError> {
        let starts_at = usize::try_from(self.entry(entry)?.key_at).ok();
        let ends_at = usize::try_from(self.entry(entry + 1)?.key_at).ok();
        let range = starts_at.zip(ends_at);
        range
            .and_then(|(start, end)| self.keys.get(start..end))
            .ok_or_else(|| DecodeError::value(entry * ENTRY_BYTES, "start of the key of a value"))
    }

    /// The first entry from `start` on whose key is not less than a key.
    fn lower_bound(&self, key: &[u8], start: usize) -> Result<usize, DecodeError> {
        let (mut low, mut high) = (start, self.values());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle)? < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn entry(&self, index: usize) -> Result<Entry, DecodeError> {
        let missing = || DecodeError::truncated(index * ENTRY_BYTES, ENTRY_BYTES);
        Entry::decode(self.entries.get(index).ok_or_else(missing)?)
    }
}

/// Writes the three sections of the values, key by key.
pub(crate) struct EntryWriter {
    entries: SectionWriter,
    keys: SectionWriter,
    documents: SectionWriter,
    next: Entry,
}

impl EntryWriter {
    pub(crate) fn new() -> Self {
        Self {
            entries: SectionWriter::new(PartSection::ValueEntries),
            keys: SectionWriter::new(PartSection::ValueBytes),
            documents: SectionWriter::new(PartSection::ValueDocs),
            next: Entry { key_at: 0, documents_at: 0, documents: 0 },
        }
    }

    /// Keys come in rising order, each with its documents in rising order.
    pub(crate) fn push<S: PartSink>(
        &mut self,
        sink: &mut S,
        key: &[u8],
        documents: &[u32],
    ) -> Result<(), S::Error> {
        let entry = Entry { documents: documents.len() as u32, ..self.next };
        self.entries.push(sink, &entry.encode())?;
        self.keys.push(sink, key)?;
        for document in documents {
            self.documents.push(sink, &document.to_le_bytes())?;
        }
        self.next.key_at += key.len() as u64;
        self.next.documents_at += documents.len() as u64;
        Ok(())
    }

    /// Writes the last entry and what is left in the buffers.
    pub(crate) fn finish<S: PartSink>(mut self, sink: &mut S) -> Result<(), S::Error> {
        self.entries.push(sink, &self.next.encode())?;
        self.entries.finish(sink)?;
        self.keys.finish(sink)?;
        self.documents.finish(sink)
    }
}
