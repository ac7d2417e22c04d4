//! Words and their documents, read from the four sections.
//!
//! Checksums are checked before, so only lengths are checked here at first. All else is checked
//! where it is read: bytes that make no sense give an error or an end.

use super::postings::{Postings, PostingsCursor};
use super::term_list::{BLOCK_DOCUMENTS, SKIP_BYTES};
use super::term_writer::{END_NAMESPACE, ENTRY_BYTES};
use sutra_format::DecodeError;

/// Words of documents. Offsets in errors are those in a section, or of a word in it.
#[derive(Debug, Clone, Copy)]
pub struct TextIndex<'a> {
    /// Entries of the words and one more, which ends the last.
    entries: &'a [[u8; ENTRY_BYTES]],
    words: &'a [u8],
    postings: &'a [u8],
    positions: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    word_at: u64,
    postings_at: u64,
    positions_at: u64,
    documents: u32,
    namespace: u32,
}

/// A word of a namespace.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    namespace: u32,
    word: &'a [u8],
    documents: u32,
    pub(super) skips: &'a [[u8; SKIP_BYTES]],
    pub(super) postings: &'a [u8],
    pub(super) positions: &'a [u8],
}

impl<'a> TextIndex<'a> {
    /// Takes the sections of a part.
    ///
    /// # Errors
    /// When their lengths do not agree.
    pub fn open(
        entries: &'a [u8],
        words: &'a [u8],
        postings: &'a [u8],
        positions: &'a [u8],
    ) -> Result<Self, DecodeError> {
        let (entries, rest) = entries.as_chunks::<ENTRY_BYTES>();
        let end = entries.last().and_then(Entry::decode).filter(|_| rest.is_empty());
        let end = end.ok_or_else(|| DecodeError::value(0, "length of the term entries"))?;
        let found = [words.len(), postings.len(), positions.len()].map(|bytes| bytes as u64);
        let expected = [end.word_at, end.postings_at, end.positions_at];
        if found != expected || end.documents != 0 || end.namespace != END_NAMESPACE {
            let offset = (entries.len() - 1) * ENTRY_BYTES;
            return Err(DecodeError::value(offset, "last term entry"));
        }
        Ok(Self { entries, words, postings, positions })
    }

    /// Number of words, each counted once in each namespace.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.entries.len().saturating_sub(1)
    }

    /// A word by its number in the order of namespaces, then bytes; nothing after the last.
    ///
    /// # Errors
    /// When its entry makes no sense.
    pub fn term(&self, number: usize) -> Result<Option<Term<'a>>, DecodeError> {
        if number >= self.terms() {
            return Ok(None);
        }
        let damaged = || DecodeError::value(number * ENTRY_BYTES, "term entry");
        self.decode_term(number).ok_or_else(damaged).map(Some)
    }

    /// A word of a namespace, as the analyzer gives it.
    ///
    /// # Errors
    /// When an entry on the way makes no sense.
    pub fn find(&self, namespace: u32, word: &str) -> Result<Option<Term<'a>>, DecodeError> {
        let number = self.first_from(namespace, word.as_bytes())?;
        let found = self.term(number)?;
        Ok(found.filter(|term| term.key() == (namespace, word.as_bytes())))
    }

    /// The words of a namespace that start with some bytes, in order.
    #[must_use]
    pub fn find_prefix<'p>(&self, namespace: u32, prefix: &'p str) -> TermsByPrefix<'a, 'p> {
        TermsByPrefix { index: *self, namespace, prefix, next: None, over: false }
    }

    /// Number of the first word that is not before a word.
    fn first_from(&self, namespace: u32, word: &[u8]) -> Result<usize, DecodeError> {
        let (mut low, mut high) = (0, self.terms());
        while low < high {
            let middle = low + (high - low) / 2;
            let key = self.key(middle);
            let damaged = || DecodeError::value(middle * ENTRY_BYTES, "term entry");
            if key.ok_or_else(damaged)? < (namespace, word) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn key(&self, number: usize) -> Option<(u32, &'a [u8])> {
        let entry = Entry::decode(self.entries.get(number)?)?;
        let next = Entry::decode(self.entries.get(number + 1)?)?;
        Some((entry.namespace, range(self.words, entry.word_at, next.word_at)?))
    }

    fn decode_term(&self, number: usize) -> Option<Term<'a>> {
        let entry = Entry::decode(self.entries.get(number)?)?;
        let next = Entry::decode(self.entries.get(number + 1)?)?;
        let bytes = range(self.postings, entry.postings_at, next.postings_at)?;
        let skips = entry.documents.checked_sub(1)? / BLOCK_DOCUMENTS;
        let (skips, postings) = bytes.split_at_checked(skips as usize * SKIP_BYTES)?;
        // Each document takes a byte, so that no count of them can be beyond all measure.
        (postings.len() >= entry.documents as usize).then_some(())?;
        Some(Term {
            namespace: entry.namespace,
            word: range(self.words, entry.word_at, next.word_at)?,
            documents: entry.documents,
            skips: skips.as_chunks().0,
            postings,
            positions: range(self.positions, entry.positions_at, next.positions_at)?,
        })
    }
}

impl Entry {
    fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let (word_at, rest) = bytes.split_first_chunk()?;
        let (postings_at, rest) = rest.split_first_chunk()?;
        let (positions_at, rest) = rest.split_first_chunk()?;
        let (documents, namespace) = rest.split_first_chunk()?;
        Some(Self {
            word_at: u64::from_le_bytes(*word_at),
            postings_at: u64::from_le_bytes(*postings_at),
            positions_at: u64::from_le_bytes(*positions_at),
            documents: u32::from_le_bytes(*documents),
            namespace: u32::from_le_bytes(*namespace.first_chunk()?),
        })
    }
}

fn range(bytes: &[u8], start: u64, end: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

impl<'a> Term<'a> {
    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> u32 {
        self.namespace
    }

    /// Its bytes, UTF-8.
    #[must_use]
    pub fn word(&self) -> &'a [u8] {
        self.word
    }

    /// Documents that have it.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.documents
    }

    /// The documents that have it, and how often each does.
    #[must_use]
    pub fn postings(&self) -> Postings<'a> {
        Postings::new(PostingsCursor::new(*self))
    }

    pub(super) fn key(&self) -> (u32, &'a [u8]) {
        (self.namespace, self.word)
    }
}

/// The words that start with some bytes. Ends after an error.
#[derive(Debug)]
pub struct TermsByPrefix<'a, 'p> {
    index: TextIndex<'a>,
    namespace: u32,
    prefix: &'p str,
    /// Number of the next word, once the first is looked up.
    next: Option<usize>,
    over: bool,
}

impl<'a> TermsByPrefix<'a, '_> {
    fn step(&mut self) -> Result<Option<Term<'a>>, DecodeError> {
        let number = match self.next {
            Some(number) => number,
            None => self.index.first_from(self.namespace, self.prefix.as_bytes())?,
        };
        self.next = Some(number + 1);
        let found = self.index.term(number)?;
        Ok(found.filter(|term| {
            term.namespace == self.namespace && term.word.starts_with(self.prefix.as_bytes())
        }))
    }
}

impl<'a> Iterator for TermsByPrefix<'a, '_> {
    type Item = Result<Term<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let found = self.step().transpose();
        self.over = !matches!(found, Some(Ok(_)));
        found
    }
}
