//! Documents that have some words one after the other.

use super::index::Term;
use super::postings::{Block, PostingsCursor};
use super::source::Found;
use super::varint;
use std::ops::Range;
use sutra_format::DecodeError;

/// Places at which a phrase may start: all the words looked at so far are where they should be.
#[derive(Debug, Default)]
pub(super) struct Starts {
    kept: Vec<u32>,
}

impl Starts {
    /// Looks at the first word: the one `offset` words after the start of the phrase.
    pub(super) fn begin(&mut self, offset: u32, places: &[u32]) {
        self.kept.clear();
        self.kept.extend(places.iter().filter_map(|place| place.checked_sub(offset)));
    }

    /// Looks at another word.
    pub(super) fn keep(&mut self, offset: u32, places: &[u32]) {
        let mut places = places.iter().filter_map(|place| place.checked_sub(offset)).peekable();
        self.kept.retain(|start| {
            while places.next_if(|place| place < start).is_some() {}
            places.peek() == Some(start)
        });
    }

    /// Number of times the phrase is there, once all words were looked at.
    pub(super) fn count(&self) -> u32 {
        self.kept.len() as u32
    }
}

/// The documents with a phrase.
#[derive(Debug)]
pub(super) struct PhraseSource<'a> {
    /// Rarest word first: it leads the others.
    lead: Slot<'a>,
    others: Vec<Slot<'a>>,
    /// No document before it is left.
    next: u32,
    starts: Starts,
    places: Vec<u32>,
}

impl<'a> PhraseSource<'a> {
    /// The words in their order. Nothing if there are none.
    pub(super) fn new(terms: &[Term<'a>]) -> Option<Self> {
        let slots = terms.iter().zip(0_u32..);
        let mut slots: Vec<_> = slots.map(|(term, offset)| Slot::new(*term, offset)).collect();
        slots.sort_by_key(|slot| slot.cursor.term().documents());
        let mut slots = slots.into_iter();
        let (lead, others) = (slots.next()?, slots.collect());
        let (starts, places) = (Starts::default(), Vec::new());
        Some(Self { lead, others, next: 0, starts, places })
    }

    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Finds the documents in a range. Ranges rise from call to call.
    pub(super) fn window(
        &mut self,
        range: &Range<u32>,
        found: &mut Found,
    ) -> Result<(), DecodeError> {
        let mut target = self.next.max(range.start);
        while target < range.end {
            let candidate = self.candidate(target)?;
            self.next = candidate.map_or(u32::MAX, |(document, _)| document);
            if self.next >= range.end {
                return Ok(());
            }
            if candidate.is_some_and(|(_, agreed)| agreed) {
                let count = self.occurrences()?;
                if count > 0 {
                    found.push(self.next, count);
                }
                self.next += 1;
            }
            target = self.next;
        }
        Ok(())
    }

    /// The next document from `target` on that has the rarest word, and whether it has all of
    /// them. If not, it is the one that the word it lacks goes on with. Nothing at the end.
    fn candidate(&mut self, target: u32) -> Result<Option<(u32, bool)>, DecodeError> {
        let Some(document) = self.lead.seek(target)? else { return Ok(None) };
        for slot in &mut self.others {
            match slot.seek(document)? {
                None => return Ok(None),
                Some(after) if after > document => return Ok(Some((after, false))),
                Some(_) => {}
            }
        }
        Ok(Some((document, true)))
    }

    /// How often the document at which all words stand has the phrase.
    fn occurrences(&mut self) -> Result<u32, DecodeError> {
        self.lead.places(&mut self.places)?;
        self.starts.begin(self.lead.offset, &self.places);
        for slot in &mut self.others {
            if self.starts.count() == 0 {
                break;
            }
            slot.places(&mut self.places)?;
            self.starts.keep(slot.offset, &self.places);
        }
        Ok(self.starts.count())
    }
}

/// A word of a phrase and the document at which it stands.
#[derive(Debug)]
struct Slot<'a> {
    /// Words before it in the phrase.
    offset: u32,
    cursor: PostingsCursor<'a>,
    block: Box<Block>,
    at: usize,
    /// Bytes of places of documents that were not passed over.
    rest: &'a [u8],
    /// Places to pass over before those of the document.
    owed: u64,
}

impl<'a> Slot<'a> {
    fn new(term: Term<'a>, offset: u32) -> Self {
        let (cursor, block) = (PostingsCursor::new(term), Box::new(Block::new()));
        Self { offset, cursor, block, at: 0, rest: term.positions, owed: 0 }
    }

    /// Goes on to the first document that is not before `target`.
    fn seek(&mut self, target: u32) -> Result<Option<u32>, DecodeError> {
        loop {
            while let Some((document, frequency)) = self.block.get(self.at) {
                if document >= target {
                    return Ok(Some(document));
                }
                self.owed += u64::from(frequency);
                self.at += 1;
            }
            self.at = 0;
            if let Some(positions) = self.cursor.skip_to(target) {
                let start = usize::try_from(positions).unwrap_or(usize::MAX);
                let rest = self.cursor.term().positions.get(start..);
                self.rest = rest.ok_or_else(|| DecodeError::value(start, "list of skips"))?;
                self.owed = 0;
            }
            if !self.cursor.read(&mut self.block)? {
                return Ok(None);
            }
        }
    }

    /// Places of the word in the document. They stay to be read again.
    fn places(&mut self, places: &mut Vec<u32>) -> Result<(), DecodeError> {
        places.clear();
        let count = self.block.get(self.at).map_or(0, |(_, frequency)| frequency);
        self.read_places(count, places).ok_or_else(|| {
            let offset = self.cursor.term().positions.len() - self.rest.len();
            DecodeError::value(offset, "positions")
        })
    }

    fn read_places(&mut self, count: u32, places: &mut Vec<u32>) -> Option<()> {
        varint::skip(&mut self.rest, self.owed)?;
        self.owed = 0;
        let mut bytes = self.rest;
        let mut place = 0_u32;
        for _ in 0..count {
            let distance = varint::take(&mut bytes)?;
            place = place.checked_add(u32::try_from(distance).ok()?)?;
            places.push(place);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Starts;

    #[test]
    fn starts_are_kept_where_all_words_are_in_their_places() {
        let mut starts = Starts::default();
        starts.begin(1, &[0, 1, 4, 9]);
        assert_eq!(starts.kept, [0, 3, 8]);
        starts.keep(0, &[0, 1, 3]);
        assert_eq!(starts.kept, [0, 3]);
        starts.keep(2, &[2, 4]);
        assert_eq!(starts.count(), 1);
        starts.keep(3, &[]);
        assert_eq!(starts.count(), 0);
    }
}
