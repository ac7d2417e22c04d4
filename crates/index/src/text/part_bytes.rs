//! The four sections of texts in memory, for the tests.

use super::index::TextIndex;
use crate::sink::{PartSection, PartSink};
use std::convert::Infallible;
use sutra_format::DecodeError;

/// Sections of texts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartBytes {
    pub entries: Vec<u8>,
    pub words: Vec<u8>,
    pub postings: Vec<u8>,
    pub positions: Vec<u8>,
}

impl PartBytes {
    pub fn open(&self) -> Result<TextIndex<'_>, DecodeError> {
        TextIndex::open(&self.entries, &self.words, &self.postings, &self.positions)
    }

    pub fn sections(&mut self) -> [&mut Vec<u8>; 4] {
        [&mut self.entries, &mut self.words, &mut self.postings, &mut self.positions]
    }
}

impl PartSink for PartBytes {
    type Error = Infallible;

    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<(), Infallible> {
        match section {
            PartSection::TermEntries => self.entries.extend_from_slice(bytes),
            PartSection::TermBytes => self.words.extend_from_slice(bytes),
            PartSection::Postings => self.postings.extend_from_slice(bytes),
            PartSection::Positions => self.positions.extend_from_slice(bytes),
            _ => panic!("{section:?} is not of texts"),
        }
        Ok(())
    }
}
