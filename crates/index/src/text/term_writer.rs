//! Writes words with their documents, one after the other in order, into the four sections.

use super::term_list::TermList;
use crate::sink::{PartSection, PartSink};

/// Entry of a word: where its bytes, postings and positions start, 8 each; documents 4;
/// namespace 4. They end where those of the next entry start.
pub(super) const ENTRY_BYTES: usize = 3 * size_of::<u64>() + 2 * size_of::<u32>();
/// Namespace in the entry after the last word.
pub(super) const END_NAMESPACE: u32 = u32::MAX;

pub(super) struct TermWriter<'s, S> {
    sink: &'s mut S,
    word_at: u64,
    postings_at: u64,
    positions_at: u64,
}

impl<'s, S: PartSink> TermWriter<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self { sink, word_at: 0, postings_at: 0, positions_at: 0 }
    }

    /// Adds a word after all those before it in the order of namespaces, then bytes.
    pub(super) fn term(
        &mut self,
        namespace: u32,
        word: &[u8],
        list: &TermList,
    ) -> Result<(), S::Error> {
        let (closed, open) = list.postings();
        self.entry(list.documents(), namespace)?;
        self.sink.append(PartSection::TermBytes, word)?;
        for bytes in [list.skips(), closed, &open] {
            self.sink.append(PartSection::Postings, bytes)?;
            self.postings_at += bytes.len() as u64;
        }
        self.sink.append(PartSection::Positions, list.positions())?;
        self.word_at += word.len() as u64;
        self.positions_at += list.positions().len() as u64;
        Ok(())
    }

    /// Adds the entry that ends the last word.
    pub(super) fn finish(mut self) -> Result<(), S::Error> {
        self.entry(0, END_NAMESPACE)
    }

    fn entry(&mut self, documents: u32, namespace: u32) -> Result<(), S::Error> {
        let mut bytes = Vec::with_capacity(ENTRY_BYTES);
        bytes.extend(self.word_at.to_le_bytes());
        bytes.extend(self.postings_at.to_le_bytes());
        bytes.extend(self.positions_at.to_le_bytes());
        bytes.extend(documents.to_le_bytes());
        bytes.extend(namespace.to_le_bytes());
        self.sink.append(PartSection::TermEntries, &bytes)
    }
}
