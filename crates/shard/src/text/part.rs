//! A part of the index: what the commits of a range brought, in memory or in a file.

use crate::error::{Error, Result};
use crate::segment::MappedFile;
use hashbrown::HashMap;
use std::path::Path;
use sutra_format::decode_error::DecodeError;
use sutra_format::sealed_file::SectionKind;
use sutra_format::sealed_layout::Section;
use sutra_format::text_file::{End, TextMeta, Total};
use sutra_index::{AttributeIndex, DocTable, PartSection, PartSink, TextIndex};

/// What of a namespace is somewhere: documents, and words in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Held {
    pub(crate) documents: u64,
    pub(crate) words: u64,
}

/// By number of the namespace.
pub(crate) type Totals = HashMap<u32, Held>;

/// The sections of a part after its first one, in the order of a file.
pub(super) const SECTIONS: [SectionKind; 10] = [
    SectionKind::Docs,
    SectionKind::TermEntries,
    SectionKind::TermBytes,
    SectionKind::Postings,
    SectionKind::Positions,
    SectionKind::ValueEntries,
    SectionKind::ValueBytes,
    SectionKind::ValueDocs,
    SectionKind::Ends,
    SectionKind::Totals,
];

/// An immutable part.
pub(crate) struct Part {
    meta: TextMeta,
    bytes: PartBytes,
    totals: Totals,
}

enum PartBytes {
    Memory(Box<[Vec<u8>; 10]>),
    File { file: MappedFile, sections: Box<[Section; 10]> },
}

/// The bytes of a part under construction, in memory.
#[derive(Default)]
pub(super) struct PartMemory(pub(super) Box<[Vec<u8>; 10]>);

impl PartSink for PartMemory {
    type Error = std::convert::Infallible;

    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<(), Self::Error> {
        self.section(kind_of(section)).extend_from_slice(bytes);
        Ok(())
    }
}

impl PartMemory {
    #[expect(clippy::indexing_slicing, reason = "a place among the ten sections")]
    pub(super) fn section(&mut self, kind: SectionKind) -> &mut Vec<u8> {
        &mut self.0[number_of(kind)]
    }
}

/// The section of a file that has a section of a part.
pub(super) fn kind_of(section: PartSection) -> SectionKind {
    match section {
        PartSection::Docs => SectionKind::Docs,
        PartSection::TermEntries => SectionKind::TermEntries,
        PartSection::TermBytes => SectionKind::TermBytes,
        PartSection::Postings => SectionKind::Postings,
        PartSection::Positions => SectionKind::Positions,
        PartSection::ValueEntries => SectionKind::ValueEntries,
        PartSection::ValueBytes => SectionKind::ValueBytes,
        PartSection::ValueDocs => SectionKind::ValueDocs,
    }
}

impl Part {
    pub(super) fn in_memory(meta: TextMeta, bytes: PartMemory) -> Self {
        let totals = bytes.0.last().map_or_else(Totals::new, |bytes| read_totals(bytes));
        Self { meta, bytes: PartBytes::Memory(bytes.0), totals }
    }

    /// Of a file whose checksums were all compared.
    ///
    /// # Errors
    /// `Corrupt`: not what a part must be.
    pub(super) fn in_file(file: MappedFile, meta: TextMeta) -> Result<Self> {
        let mut sections = Vec::with_capacity(SECTIONS.len());
        for kind in SECTIONS {
            sections.push(file.section(kind)?);
        }
        let Ok(sections) = <[Section; 10]>::try_from(sections) else {
            return Err(Error::corrupt(file.path(), 0, "sections are missing"));
        };
        let bytes = PartBytes::File { file, sections: Box::new(sections) };
        let mut part = Self { meta, bytes, totals: Totals::new() };
        part.totals = read_totals(part.section(SectionKind::Totals)?);
        part.docs()?;
        part.text()?;
        part.attributes()?;
        Ok(part)
    }

    pub(super) fn meta(&self) -> &TextMeta {
        &self.meta
    }

    pub(crate) fn documents(&self) -> u32 {
        self.meta.documents
    }

    /// What it has of each namespace.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The file it is in, if it is in one.
    pub(crate) fn file(&self) -> Option<&MappedFile> {
        match &self.bytes {
            PartBytes::Memory(_) => None,
            PartBytes::File { file, .. } => Some(file),
        }
    }

    /// Bytes of memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let bytes = match &self.bytes {
            PartBytes::Memory(sections) => sections.iter().map(|bytes| bytes.len() as u64).sum(),
            PartBytes::File { file, .. } => file.memory_bytes(),
        };
        bytes + size_of::<Self>() as u64
    }

    /// Columns of its documents.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn docs(&self) -> Result<DocTable<'_>> {
        let bytes = self.section(SectionKind::Docs)?;
        DocTable::open(bytes, self.meta.documents).map_err(|error| self.undecodable(&error))
    }

    /// Words of its documents.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn text(&self) -> Result<TextIndex<'_>> {
        let section = |kind| self.section(kind);
        let (entries, terms) =
            (section(SectionKind::TermEntries)?, section(SectionKind::TermBytes)?);
        let (postings, positions) =
            (section(SectionKind::Postings)?, section(SectionKind::Positions)?);
        let opened = TextIndex::open(entries, terms, postings, positions);
        opened.map_err(|error| self.undecodable(&error))
    }

    /// Attributes of its documents.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn attributes(&self) -> Result<AttributeIndex<'_>> {
        let section = |kind| self.section(kind);
        let entries = section(SectionKind::ValueEntries)?;
        let (bytes, docs) = (section(SectionKind::ValueBytes)?, section(SectionKind::ValueDocs)?);
        AttributeIndex::open(entries, bytes, docs).map_err(|error| self.undecodable(&error))
    }

    /// Versions that its commits brought to an end, by commit.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn ends(&self) -> Result<impl Iterator<Item = End>> {
        Ok(End::all(self.section(SectionKind::Ends)?))
    }

    /// The same with more ends, in memory.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn with_ends(&self, ends: &[End]) -> Result<Self> {
        let mut bytes = PartMemory::default();
        for kind in SECTIONS {
            bytes.section(kind).extend_from_slice(self.section(kind)?);
        }
        let section = bytes.section(SectionKind::Ends);
        for end in ends {
            end.append(section);
        }
        Ok(Self::in_memory(self.meta, bytes))
    }

    #[expect(clippy::indexing_slicing, reason = "a place among the ten sections")]
    pub(super) fn section(&self, kind: SectionKind) -> Result<&[u8]> {
        let number = number_of(kind);
        match &self.bytes {
            PartBytes::Memory(sections) => Ok(&sections[number]),
            PartBytes::File { file, sections } => file.all(&sections[number]),
        }
    }

    /// What is wrong with it.
    pub(super) fn undecodable(&self, error: &DecodeError) -> Error {
        let path = self.file().map_or(Path::new(""), MappedFile::path);
        Error::undecodable(path, 0, error)
    }
}

/// Place of a section among [`SECTIONS`].
fn number_of(kind: SectionKind) -> usize {
    SECTIONS.iter().position(|section| *section == kind).unwrap_or_default()
}

fn read_totals(bytes: &[u8]) -> Totals {
    let totals = Total::all(bytes);
    totals
        .map(|total| {
            let held = Held { documents: total.documents.into(), words: total.words };
            (total.namespace, held)
        })
        .collect()
}

/// The section of the totals, by namespace.
pub(super) fn write_totals(totals: &Totals) -> Vec<u8> {
    let mut entries: Vec<_> = totals.iter().filter(|(_, held)| held.documents > 0).collect();
    entries.sort_unstable_by_key(|(namespace, _)| **namespace);
    let mut bytes = Vec::new();
    for (namespace, held) in entries {
        let documents = held.documents as u32;
        Total { namespace: *namespace, documents, words: held.words }.append(&mut bytes);
    }
    bytes
}
