//! The documents of a part that match a clause, given in windows of rising documents.

use super::phrase::PhraseSource;
use super::postings::{Block, PostingsCursor};
use std::ops::Range;
use sutra_format::DecodeError;

/// Documents in a window. Its scores fit into the cache of a core.
pub(super) const WINDOW_DOCUMENTS: u32 = 16_384;

/// Documents, rising, and how often each matches.
#[derive(Debug, Default)]
pub(super) struct Found {
    documents: Vec<u32>,
    frequencies: Vec<u32>,
}

impl Found {
    pub(super) fn push(&mut self, document: u32, frequency: u32) {
        self.documents.push(document);
        self.frequencies.push(frequency);
    }

    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The same documents, to be given in windows.
    pub(super) fn source(&self) -> Source<'_> {
        Source::Kept { documents: &self.documents, frequencies: &self.frequencies }
    }

    fn clear(&mut self) {
        self.documents.clear();
        self.frequencies.clear();
    }
}

/// Memory that sources share, since they are asked one after the other.
#[derive(Debug)]
pub(super) struct Scratch {
    block: Block,
    sums: Vec<u32>,
    found: Found,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { block: Block::new(), sums: Vec::new(), found: Found::default() }
    }
}

/// The documents that match a clause.
#[derive(Debug)]
pub(super) enum Source<'a> {
    Word(WordSource<'a>),
    /// Documents with any of the words.
    AnyWord(Vec<WordSource<'a>>),
    Phrase(Box<PhraseSource<'a>>),
    /// Found before.
    Kept {
        documents: &'a [u32],
        frequencies: &'a [u32],
    },
}

impl Source<'_> {
    /// No document before it is left; `u32::MAX` if none is left at all.
    pub(super) fn next(&self) -> u32 {
        match self {
            Self::Word(word) => word.next,
            Self::AnyWord(words) => words.iter().map(|word| word.next).min().unwrap_or(u32::MAX),
            Self::Phrase(phrase) => phrase.next(),
            Self::Kept { documents, .. } => documents.first().copied().unwrap_or(u32::MAX),
        }
    }

    /// Gives the documents in a range of at most a window, and how often each matches, in one or
    /// more slices. Ranges rise from call to call.
    pub(super) fn window(
        &mut self,
        range: &Range<u32>,
        scratch: &mut Scratch,
        give: &mut dyn FnMut(&[u32], &[u32]),
    ) -> Result<(), DecodeError> {
        let Scratch { block, sums, found } = scratch;
        found.clear();
        match self {
            Self::Word(word) => return word.window(range, block, give),
            Self::AnyWord(words) => union(words, range, block, sums, found)?,
            Self::Phrase(phrase) => phrase.window(range, found)?,
            Self::Kept { documents, frequencies } => {
                let start = documents.partition_point(|document| *document < range.start);
                let end = documents.partition_point(|document| *document < range.end);
                let within = (documents.get(start..end), frequencies.get(start..end));
                let (Some(some), Some(counts)) = within else { return Ok(()) };
                give(some, counts);
                *documents = documents.get(end..).unwrap_or_default();
                *frequencies = frequencies.get(end..).unwrap_or_default();
                return Ok(());
            }
        }
        give(&found.documents, &found.frequencies);
        Ok(())
    }
}

/// Documents with any of some words, and how often they have all of them together.
fn union(
    words: &mut [WordSource<'_>],
    range: &Range<u32>,
    block: &mut Block,
    sums: &mut Vec<u32>,
    found: &mut Found,
) -> Result<(), DecodeError> {
    sums.resize(WINDOW_DOCUMENTS as usize, 0);
    for word in words {
        word.window(range, block, &mut |documents, frequencies| {
            for (document, frequency) in documents.iter().zip(frequencies) {
                let at = document.wrapping_sub(range.start) as usize;
                if let Some(sum) = sums.get_mut(at) {
                    *sum = sum.saturating_add(*frequency);
                }
            }
        })?;
    }
    for (document, sum) in range.clone().zip(sums) {
        if *sum > 0 {
            found.push(document, std::mem::take(sum));
        }
    }
    Ok(())
}

/// The documents with a word.
#[derive(Debug)]
pub(super) struct WordSource<'a> {
    cursor: PostingsCursor<'a>,
    next: u32,
}

impl<'a> WordSource<'a> {
    pub(super) fn new(cursor: PostingsCursor<'a>) -> Self {
        Self { cursor, next: 0 }
    }

    fn window(
        &mut self,
        range: &Range<u32>,
        block: &mut Block,
        give: &mut dyn FnMut(&[u32], &[u32]),
    ) -> Result<(), DecodeError> {
        if self.next >= range.end {
            return Ok(());
        }
        self.cursor.skip_to(range.start);
        loop {
            let before = self.cursor;
            if !self.cursor.read(block)? {
                self.next = u32::MAX;
                return Ok(());
            }
            let documents = block.documents();
            let start = documents.partition_point(|document| *document < range.start);
            let end = documents.partition_point(|document| *document < range.end);
            if let (Some(some), Some(counts)) =
                (documents.get(start..end), block.frequencies().get(start..end))
            {
                give(some, counts);
            }
            if let Some(next) = documents.get(end) {
                // The block reaches into the next window, which decodes it again.
                self.next = *next;
                self.cursor = before;
                return Ok(());
            }
        }
    }
}
