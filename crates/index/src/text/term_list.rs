//! The documents of one word and its places in them, encoded while they come.
//!
//! A document is the distance to the one before times 2, plus 1 if it has the word once; else the
//! number of times follows. Places are the distances to the one before, from 0 in each document.
//! After each 128 documents that others follow comes an entry in the list of skips.

use super::varint;

/// Documents between two entries of the list of skips.
pub(super) const BLOCK_DOCUMENTS: u32 = 128;
/// Entry of the list of skips: last document 4, end of its postings 8, end of its positions 8.
pub(super) const SKIP_BYTES: usize = size_of::<u32>() + 2 * size_of::<u64>();

/// Documents of one word. The last one is open until another starts.
#[derive(Debug, Default)]
pub(super) struct TermList {
    documents: u32,
    /// The last document that is encoded.
    closed: u32,
    /// The open document, how often it has the word and where last.
    open: u32,
    frequency: u32,
    position: u32,
    skips: Vec<u8>,
    postings: Vec<u8>,
    positions: Vec<u8>,
}

impl TermList {
    /// Adds a place. Documents rise, and so do the places in each.
    pub(super) fn push(&mut self, document: u32, position: u32) {
        if self.frequency == 0 || self.open != document {
            self.start(document);
        }
        let distance = position.saturating_sub(self.position);
        varint::put(&mut self.positions, u64::from(distance));
        self.position = position;
        self.frequency = self.frequency.saturating_add(1);
    }

    /// Adds a document with its places as they stand in another list.
    pub(super) fn push_encoded(&mut self, document: u32, frequency: u32, positions: &[u8]) {
        self.start(document);
        self.frequency = frequency;
        self.positions.extend_from_slice(positions);
    }

    /// The last document, if there is any.
    pub(super) fn last(&self) -> Option<u32> {
        (self.documents > 0).then_some(self.open)
    }

    pub(super) fn documents(&self) -> u32 {
        self.documents
    }

    /// Bytes of places. They grow with each place.
    pub(super) fn encoded_bytes(&self) -> usize {
        self.skips.len() + self.postings.len() + self.positions.len()
    }

    pub(super) fn skips(&self) -> &[u8] {
        &self.skips
    }

    /// Documents without the open one, and the open one.
    pub(super) fn postings(&self) -> (&[u8], Vec<u8>) {
        let mut last = Vec::new();
        self.encode_open(&mut last);
        (&self.postings, last)
    }

    pub(super) fn positions(&self) -> &[u8] {
        &self.positions
    }

    /// Makes the list empty and keeps its memory.
    pub(super) fn clear(&mut self) {
        let Self { skips, postings, positions, .. } = std::mem::take(self);
        *self = Self { skips, postings, positions, ..Self::default() };
        self.skips.clear();
        self.postings.clear();
        self.positions.clear();
    }

    fn start(&mut self, document: u32) {
        self.close();
        self.documents += 1;
        self.open = document;
        self.frequency = 0;
        self.position = 0;
    }

    fn close(&mut self) {
        if self.frequency == 0 {
            return;
        }
        let mut postings = std::mem::take(&mut self.postings);
        self.encode_open(&mut postings);
        self.postings = postings;
        self.closed = self.open;
        if self.documents.is_multiple_of(BLOCK_DOCUMENTS) {
            self.skips.extend(self.closed.to_le_bytes());
            self.skips.extend((self.postings.len() as u64).to_le_bytes());
            self.skips.extend((self.positions.len() as u64).to_le_bytes());
        }
    }

    fn encode_open(&self, out: &mut Vec<u8>) {
        let distance = u64::from(self.open.saturating_sub(self.closed));
        varint::put(out, distance << 1 | u64::from(self.frequency == 1));
        if self.frequency != 1 {
            varint::put(out, u64::from(self.frequency));
        }
    }
}
