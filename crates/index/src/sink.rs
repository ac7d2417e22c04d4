//! Where the bytes of a part go: sections that are each written from the start to the end, several
//! at a time.

/// A section of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSection {
    /// Columns of the documents, see [`crate::DocTable`].
    Docs,
    /// One entry for each word of a namespace, sorted.
    TermEntries,
    /// The words.
    TermBytes,
    /// Documents of each word.
    Postings,
    /// Places of each word in its documents.
    Positions,
    /// One entry for each value of an attribute, sorted.
    ValueEntries,
    /// Paths and values.
    ValueBytes,
    /// Documents of each value.
    ValueDocs,
}

impl PartSection {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Docs,
        Self::TermEntries,
        Self::TermBytes,
        Self::Postings,
        Self::Positions,
        Self::ValueEntries,
        Self::ValueBytes,
        Self::ValueDocs,
    ];
}

/// Takes the bytes of sections.
pub trait PartSink {
    /// Why it may fail.
    type Error;

    /// Appends to a section.
    ///
    /// # Errors
    /// Whatever keeps the bytes from their place.
    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<(), Self::Error>;
}
