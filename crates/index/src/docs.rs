//! Columns of the documents of a part: what a filter and a ranking need of each version, in the
//! order of the documents. All columns have the same number of values, one column after the other.

mod merge;
mod section_writer;

pub(crate) use merge::DROPPED;
pub use merge::merge_docs;
pub(crate) use section_writer::SectionWriter;

use crate::document::Document;
use crate::sink::{PartSection, PartSink};
use sutra_format::id::ID_BYTES;
use sutra_format::op_fields::Validity;
use sutra_format::{ConceptId, DecodeError};

/// Stands for a document without a vector.
const ROW_NONE: u32 = u32::MAX;
/// Stands for a validity without a start.
const FROM_NONE: i64 = i64::MIN;
/// Stands for a validity without an end.
const TO_NONE: i64 = i64::MAX;

/// A column: bytes of one value, and bytes of a value of all columns before it.
#[derive(Debug, Clone, Copy)]
struct Column {
    width: usize,
    before: usize,
}

const fn first(width: usize) -> Column {
    Column { width, before: 0 }
}

const fn after(column: Column, width: usize) -> Column {
    Column { width, before: column.before + column.width }
}

const SEQNO: Column = first(size_of::<u64>());
const CREATED_US: Column = after(SEQNO, size_of::<u64>());
const UPDATED_US: Column = after(CREATED_US, size_of::<u64>());
const VALID_FROM_MS: Column = after(UPDATED_US, size_of::<i64>());
const VALID_TO_MS: Column = after(VALID_FROM_MS, size_of::<i64>());
const STRENGTH: Column = after(VALID_TO_MS, size_of::<f64>());
const CONFIDENCE: Column = after(STRENGTH, size_of::<f64>());
const ID: Column = after(CONFIDENCE, ID_BYTES);
const ORDINAL: Column = after(ID, size_of::<u32>());
const NAMESPACE: Column = after(ORDINAL, size_of::<u32>());
const ROW: Column = after(NAMESPACE, size_of::<u32>());
const WORDS: Column = after(ROW, size_of::<u32>());

/// The columns in their order in the section.
const COLUMNS: [Column; 12] = [
    SEQNO,
    CREATED_US,
    UPDATED_US,
    VALID_FROM_MS,
    VALID_TO_MS,
    STRENGTH,
    CONFIDENCE,
    ID,
    ORDINAL,
    NAMESPACE,
    ROW,
    WORDS,
];

/// Bytes of one document in all columns.
const DOCUMENT_BYTES: usize = WORDS.before + WORDS.width;
const _: () = assert!(DOCUMENT_BYTES == 88);

/// The columns of the documents of a part. Documents are in rising order of (seqno, ordinal).
#[derive(Debug, Clone, Copy)]
pub struct DocTable<'a> {
    bytes: &'a [u8],
    documents: u32,
}

impl<'a> DocTable<'a> {
    /// Takes the bytes of [`PartSection::Docs`] of a part with so many documents.
    ///
    /// # Errors
    /// When the bytes are not as long as the columns of so many documents.
    pub fn open(bytes: &'a [u8], documents: u32) -> Result<Self, DecodeError> {
        let needed = (documents as usize).saturating_mul(DOCUMENT_BYTES);
        if bytes.len() < needed {
            return Err(DecodeError::truncated(bytes.len(), needed - bytes.len()));
        }
        if bytes.len() > needed {
            return Err(DecodeError::value(needed, "documents"));
        }
        Ok(Self { bytes, documents })
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.documents
    }

    /// Commit that made the version.
    #[must_use]
    pub fn seqno(&self, document: u32) -> Option<u64> {
        self.value(SEQNO, document).map(u64::from_le_bytes)
    }

    /// Number of its operation in the commit.
    #[must_use]
    pub fn ordinal(&self, document: u32) -> Option<u32> {
        self.value(ORDINAL, document).map(u32::from_le_bytes)
    }

    /// When the concept was created, in microseconds from 1970.
    #[must_use]
    pub fn created_us(&self, document: u32) -> Option<u64> {
        self.value(CREATED_US, document).map(u64::from_le_bytes)
    }

    /// When the version was made, in microseconds from 1970.
    #[must_use]
    pub fn updated_us(&self, document: u32) -> Option<u64> {
        self.value(UPDATED_US, document).map(u64::from_le_bytes)
    }

    /// When it holds.
    #[must_use]
    pub fn validity(&self, document: u32) -> Option<Validity> {
        let from_ms = i64::from_le_bytes(self.value(VALID_FROM_MS, document)?);
        let to_ms = i64::from_le_bytes(self.value(VALID_TO_MS, document)?);
        Some(Validity {
            from_ms: (from_ms != FROM_NONE).then_some(from_ms),
            to_ms: (to_ms != TO_NONE).then_some(to_ms),
        })
    }

    /// From 0 to 1.
    #[must_use]
    pub fn strength(&self, document: u32) -> Option<f64> {
        self.value(STRENGTH, document).map(f64::from_le_bytes)
    }

    /// From 0 to 1.
    #[must_use]
    pub fn confidence(&self, document: u32) -> Option<f64> {
        self.value(CONFIDENCE, document).map(f64::from_le_bytes)
    }

    /// The concept.
    #[must_use]
    pub fn id(&self, document: u32) -> Option<ConceptId> {
        self.value(ID, document).map(ConceptId)
    }

    /// Number of its namespace.
    #[must_use]
    pub fn namespace(&self, document: u32) -> Option<u32> {
        self.value(NAMESPACE, document).map(u32::from_le_bytes)
    }

    /// Row of its vector; nothing when it has none, too.
    #[must_use]
    pub fn row(&self, document: u32) -> Option<u32> {
        self.value(ROW, document).map(u32::from_le_bytes).filter(|row| *row != ROW_NONE)
    }

    /// Words of its text.
    #[must_use]
    pub fn words(&self, document: u32) -> Option<u32> {
        self.value(WORDS, document).map(u32::from_le_bytes)
    }

    /// Words of the texts of all documents, 4 bytes little-endian each.
    #[must_use]
    pub fn all_words(&self) -> &'a [u8] {
        self.column(WORDS)
    }

    /// The document that is the version made by an operation, if the part has it.
    #[must_use]
    pub fn find(&self, seqno: u64, ordinal: u32) -> Option<u32> {
        let (mut low, mut high) = (0, self.documents);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = (self.seqno(middle)?, self.ordinal(middle)?);
            match found.cmp(&(seqno, ordinal)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The documents of a namespace, rising.
    pub(crate) fn in_namespace(&self, namespace: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (numbers, _) = self.column(NAMESPACE).as_chunks::<4>();
        (0..self.documents)
            .zip(numbers)
            .filter(move |(_, number)| u32::from_le_bytes(**number) == namespace)
            .map(|(document, _)| document)
    }

    /// All values of a column.
    fn column(&self, column: Column) -> &'a [u8] {
        let documents = self.documents as usize;
        let start = documents * column.before;
        self.bytes.get(start..start + documents * column.width).unwrap_or_default()
    }

    fn value<const N: usize>(&self, column: Column, document: u32) -> Option<[u8; N]> {
        if document >= self.documents {
            return None;
        }
        let start = self.documents as usize * column.before + document as usize * column.width;
        self.bytes.get(start..)?.first_chunk().copied()
    }
}

/// Collects the columns of documents that come in rising order of (seqno, ordinal).
#[derive(Debug, Clone, Default)]
pub struct DocTableBuilder {
    /// One buffer a column, in the order of [`COLUMNS`].
    columns: [Vec<u8>; COLUMNS.len()],
    documents: u32,
}

impl DocTableBuilder {
    /// No documents yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next document; `words` counts the words of its text.
    pub fn add(&mut self, document: &Document<'_>, words: u32) {
        let values: [&[u8]; COLUMNS.len()] = [
            &document.seqno.to_le_bytes(),
            &document.created_us.to_le_bytes(),
            &document.updated_us.to_le_bytes(),
            &document.validity.from_ms.unwrap_or(FROM_NONE).to_le_bytes(),
            &document.validity.to_ms.unwrap_or(TO_NONE).to_le_bytes(),
            &document.strength.to_le_bytes(),
            &document.confidence.to_le_bytes(),
            &document.id.0,
            &document.ordinal.to_le_bytes(),
            &document.namespace.to_le_bytes(),
            &document.row.unwrap_or(ROW_NONE).to_le_bytes(),
            &words.to_le_bytes(),
        ];
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.extend_from_slice(value);
        }
        self.documents += 1;
    }

    /// Documents added.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.documents
    }

    /// Bytes of memory held.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(Vec::capacity).sum()
    }

    /// Writes the section [`PartSection::Docs`].
    ///
    /// # Errors
    /// When the sink fails.
    pub fn write<S: PartSink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let mut writer = SectionWriter::new(PartSection::Docs);
        for column in &self.columns {
            writer.push(sink, column)?;
        }
        writer.finish(sink)
    }
}

#[cfg(test)]
mod tests;
