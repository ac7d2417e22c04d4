//! One index from several: words of the same bytes come together, documents get new numbers and
//! those that are dropped are left out.

use super::index::{Term, TextIndex};
use super::term_list::TermList;
use super::term_writer::{ENTRY_BYTES, TermWriter};
use super::varint;
use crate::merge_error::MergeError;
use crate::sink::PartSink;
use sutra_format::DecodeError;

/// An index to be merged.
#[derive(Debug, Clone, Copy)]
pub struct TextInput<'a> {
    /// Its words.
    pub text: TextIndex<'a>,
    /// New number of each document; `u32::MAX` of those that are dropped. They rise, and are all
    /// over those of the inputs before.
    pub documents: &'a [u32],
}

/// Merges indexes into the bytes that building anew from the documents that stay would give. Holds
/// the documents of one word in memory. Equal inputs give equal bytes, so a first run can measure.
///
/// # Errors
/// `Damaged` when an input makes no sense or its new numbers do not rise; what the sink refuses.
pub fn merge_text<S: PartSink>(
    inputs: &[TextInput<'_>],
    sink: &mut S,
) -> Result<(), MergeError<S::Error>> {
    let mut sources = Vec::with_capacity(inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        let mut source = Source { input, number, next: 0, term: None };
        source.advance().map_err(|error| source.damaged(error))?;
        sources.push(source);
    }
    let mut writer = TermWriter::new(sink);
    let mut list = TermList::default();
    while let Some((namespace, word)) = sources.iter().filter_map(Source::key).min() {
        list.clear();
        for source in &mut sources {
            if source.key() == Some((namespace, word)) {
                source.take(&mut list).map_err(|error| source.damaged(error))?;
            }
        }
        if list.documents() > 0 {
            writer.term(namespace, word, &list).map_err(MergeError::Sink)?;
        }
    }
    writer.finish().map_err(MergeError::Sink)
}

/// An input and the word it stands at.
struct Source<'i, 'a> {
    input: &'i TextInput<'a>,
    number: usize,
    next: usize,
    term: Option<Term<'a>>,
}

impl<'a> Source<'_, 'a> {
    fn key(&self) -> Option<(u32, &'a [u8])> {
        self.term.as_ref().map(Term::key)
    }

    fn damaged<E>(&self, error: DecodeError) -> MergeError<E> {
        MergeError::Damaged { input: self.number, error }
    }

    /// Goes on to the next word.
    fn advance(&mut self) -> Result<(), DecodeError> {
        let before = self.key();
        self.term = self.input.text.term(self.next)?;
        if self.term.is_some() && self.key() <= before {
            return Err(DecodeError::value(self.next * ENTRY_BYTES, "order of the terms"));
        }
        self.next += 1;
        Ok(())
    }

    /// Appends the documents of the word and goes on.
    fn take(&mut self, list: &mut TermList) -> Result<(), DecodeError> {
        if let Some(term) = self.term {
            let mut positions = term.positions;
            for posting in term.postings() {
                let (document, frequency) = posting?;
                let at = term.positions.len() - positions.len();
                let places = varint::skip(&mut positions, u64::from(frequency));
                let places = places.ok_or_else(|| DecodeError::value(at, "positions"))?;
                let renumbered = self.input.documents.get(document as usize).copied();
                match renumbered {
                    Some(u32::MAX) => {}
                    Some(new) if list.last().is_none_or(|last| last < new) => {
                        list.push_encoded(new, frequency, places);
                    }
                    _ => return Err(DecodeError::value(at, "document")),
                }
            }
        }
        self.advance()
    }
}
