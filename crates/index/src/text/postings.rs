//! The documents of a word, decoded in blocks of 128.

use super::index::Term;
use super::term_list::{BLOCK_DOCUMENTS, SKIP_BYTES};
use super::varint;
use sutra_format::DecodeError;

const BLOCK: usize = BLOCK_DOCUMENTS as usize;

/// Documents decoded from a list, rising, and how often each has the word.
#[derive(Debug, Clone)]
pub(super) struct Block {
    documents: [u32; BLOCK],
    frequencies: [u32; BLOCK],
    count: usize,
}

impl Block {
    pub(super) fn new() -> Self {
        Self { documents: [0; BLOCK], frequencies: [0; BLOCK], count: 0 }
    }

    pub(super) fn documents(&self) -> &[u32] {
        self.documents.get(..self.count).unwrap_or_default()
    }

    pub(super) fn frequencies(&self) -> &[u32] {
        self.frequencies.get(..self.count).unwrap_or_default()
    }

    /// Document and frequency at a place.
    pub(super) fn get(&self, at: usize) -> Option<(u32, u32)> {
        Some((*self.documents().get(at)?, *self.frequencies().get(at)?))
    }
}

/// A place in the documents of a word, between two blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostingsCursor<'a> {
    term: Term<'a>,
    /// Byte at which the next block starts, documents before it and the last of them.
    at: usize,
    passed: u32,
    last: u32,
}

impl<'a> PostingsCursor<'a> {
    pub(super) fn new(term: Term<'a>) -> Self {
        Self { term, at: 0, passed: 0, last: 0 }
    }

    pub(super) fn term(&self) -> Term<'a> {
        self.term
    }

    /// Decodes the next block. False at the end; the block is empty then.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<bool, DecodeError> {
        block.count = 0;
        let left = self.term.documents().saturating_sub(self.passed);
        let count = left.min(BLOCK_DOCUMENTS - self.passed % BLOCK_DOCUMENTS);
        if count == 0 {
            return Ok(false);
        }
        self.decode(block, count).ok_or_else(|| DecodeError::value(self.at, "postings"))?;
        Ok(true)
    }

    fn decode(&mut self, block: &mut Block, count: u32) -> Option<()> {
        let rest = self.term.postings.get(self.at..)?;
        let mut bytes = rest;
        let mut last = u64::from(self.last);
        // Looked at once after the block, which keeps the loop short. It cannot overflow there.
        let mut rising = true;
        // Only the very first document can be as far as 0 from where counting starts.
        let mut distance_min = u64::from(self.passed > 0);
        let places = block.documents.iter_mut().zip(&mut block.frequencies);
        for (document, frequency) in places.take(count as usize) {
            let code = varint::take(&mut bytes)?;
            let distance = code >> 1;
            rising &= distance >= distance_min;
            last += distance;
            *document = last as u32;
            *frequency = if code & 1 == 1 {
                1
            } else {
                u32::try_from(varint::take(&mut bytes)?).ok().filter(|times| *times > 0)?
            };
            distance_min = 1;
        }
        self.last = u32::try_from(last).ok().filter(|_| rising)?;
        block.count = count as usize;
        self.at += rest.len() - bytes.len();
        self.passed += count;
        Some(())
    }

    /// Goes on to the block with the first document that is not before `target`, as far as the
    /// list of skips tells. If that is not the next block, gives where its positions start.
    pub(super) fn skip_to(&mut self, target: u32) -> Option<u64> {
        let skips = self.term.skips;
        let passed = (self.passed / BLOCK_DOCUMENTS) as usize;
        let ahead = skips.get(passed..)?;
        let before = ahead.partition_point(|skip| {
            skip.first_chunk().is_some_and(|last| u32::from_le_bytes(*last) < target)
        });
        let skip = ahead.get(before.checked_sub(1)?)?;
        let (last, postings, positions) = decode_skip(skip)?;
        self.passed = (passed + before) as u32 * BLOCK_DOCUMENTS;
        self.last = last;
        // An offset beyond all memory is damage, found when the block is read.
        self.at = usize::try_from(postings).unwrap_or(usize::MAX);
        Some(positions)
    }
}

fn decode_skip(skip: &[u8; SKIP_BYTES]) -> Option<(u32, u64, u64)> {
    let (last, rest) = skip.split_first_chunk()?;
    let (postings, positions) = rest.split_first_chunk()?;
    let positions = u64::from_le_bytes(*positions.first_chunk()?);
    Some((u32::from_le_bytes(*last), u64::from_le_bytes(*postings), positions))
}

/// Documents of a word and how often each has it. Ends after an error.
#[derive(Debug)]
pub struct Postings<'a> {
    cursor: PostingsCursor<'a>,
    block: Box<Block>,
    at: usize,
    over: bool,
}

impl<'a> Postings<'a> {
    pub(super) fn new(cursor: PostingsCursor<'a>) -> Self {
        Self { cursor, block: Box::new(Block::new()), at: 0, over: false }
    }
}

impl Iterator for Postings<'_> {
    type Item = Result<(u32, u32), DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(found) = self.block.get(self.at) {
            self.at += 1;
            return Some(Ok(found));
        }
        if self.over {
            return None;
        }
        self.at = 1;
        match self.cursor.read(&mut self.block) {
            Ok(true) => self.block.get(0).map(Ok),
            Ok(false) => {
                self.over = true;
                None
            }
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }
}
