//! What a search must know of all documents before it can score one: the words that prefixes stand
//! for, and how many visible documents match each clause.

use super::bm25::Bm25;
use super::index::Term;
use super::loose::LooseText;
use super::phrase::{PhraseSource, Starts};
use super::postings::{Block, PostingsCursor};
use super::query::ClauseKind;
use super::search::{SearchedPart, Stop, TextSearch, TextSearchError};
use super::source::{Found, Scratch, Source, WINDOW_DOCUMENTS, WordSource};
use roaring::RoaringBitmap;
use std::collections::BTreeSet;
use sutra_format::DecodeError;

/// Words that a prefix stands for: the first in order.
const PREFIX_WORDS_MAX: usize = 1024;
/// Documents kept from counting for scoring, over all clauses. Beyond it they are found twice.
const KEPT_DOCUMENTS_MAX: usize = 1 << 20;
/// Steps from one dead document to the next that take as long as looking one up.
const LOOKUP_STEPS: u64 = 8;

/// A clause of which all is known.
pub(super) struct PlannedClause<'q> {
    words: Words<'q>,
    pub(super) weight: f64,
    /// Visible documents of each part, as far as they were kept.
    kept: Vec<Option<Found>>,
}

enum Words<'q> {
    One(&'q str),
    Sequence(&'q [Box<str>]),
    /// The prefix and its words, sorted.
    Any(&'q str, Vec<Box<str>>),
}

/// Plans the clauses of a query that match any visible document, in their order.
pub(super) fn plan<'q>(
    search: &TextSearch<'q>,
    bm25: &Bm25,
    stop: &Stop<'_>,
) -> Result<Vec<PlannedClause<'q>>, TextSearchError> {
    let mut planned = Vec::new();
    let mut room = KEPT_DOCUMENTS_MAX;
    let query = search.query;
    for clause in query.clauses() {
        let words = match &clause.kind {
            ClauseKind::Word(word) => Words::One(word),
            ClauseKind::Phrase(words) => Words::Sequence(words),
            ClauseKind::Prefix(prefix) => Words::Any(prefix, expand(prefix, search, stop)?),
        };
        let mut kept = Vec::with_capacity(search.parts.len());
        let mut count = 0;
        for (number, part) in search.parts.iter().enumerate() {
            let counted = words.count(part, search.namespace, room, stop);
            let (found, documents) = counted.map_err(|error| error.in_part(number))?;
            room = room.saturating_sub(documents.as_ref().map_or(0, Found::len));
            count += found;
            kept.push(documents);
        }
        for loose in search.loose {
            stop.check()?;
            count += u64::from(words.frequency(&loose.text) > 0);
        }
        if count > 0 {
            let weight = bm25.weight(count, clause.boost);
            planned.push(PlannedClause { words, weight, kept });
        }
    }
    Ok(planned)
}

impl PlannedClause<'_> {
    /// The documents of a part that match; dead ones may be among them.
    pub(super) fn source<'s, 'a: 's>(
        &'s self,
        number: usize,
        part: &SearchedPart<'a>,
        namespace: u32,
    ) -> Result<Option<Source<'s>>, DecodeError> {
        match self.kept.get(number) {
            Some(Some(found)) => Ok(Some(found.source())),
            _ => self.words.source(part, namespace),
        }
    }

    /// How often a loose document matches.
    pub(super) fn frequency(&self, text: &LooseText) -> u32 {
        self.words.frequency(text)
    }
}

impl Words<'_> {
    fn source<'a>(
        &self,
        part: &SearchedPart<'a>,
        namespace: u32,
    ) -> Result<Option<Source<'a>>, DecodeError> {
        let source = |term| WordSource::new(PostingsCursor::new(term));
        match self {
            Self::One(word) => {
                Ok(part.text.find(namespace, word)?.map(|term| Source::Word(source(term))))
            }
            Self::Sequence(words) => {
                let mut terms = Vec::with_capacity(words.len());
                for word in *words {
                    let Some(term) = part.text.find(namespace, word)? else { return Ok(None) };
                    terms.push(term);
                }
                Ok(PhraseSource::new(&terms).map(|phrase| Source::Phrase(Box::new(phrase))))
            }
            Self::Any(_, words) => {
                let mut sources = Vec::new();
                for word in words {
                    sources.extend(part.text.find(namespace, word)?.map(source));
                }
                Ok((!sources.is_empty()).then_some(Source::AnyWord(sources)))
            }
        }
    }

    /// Number of visible documents that match. They are kept if they had to be found for that and
    /// there are no more of them than `room`.
    fn count(
        &self,
        part: &SearchedPart<'_>,
        namespace: u32,
        room: usize,
        stop: &Stop<'_>,
    ) -> Result<(u64, Option<Found>), TextSearchError> {
        if let Self::One(word) = self {
            stop.check()?;
            let Some(term) = part.text.find(namespace, word)? else { return Ok((0, None)) };
            let dead = part.dead.map_or(Ok(0), |dead| count_dead(term, dead))?;
            return Ok((u64::from(term.documents()).saturating_sub(dead), None));
        }
        let Some(mut source) = self.source(part, namespace)? else { return Ok((0, None)) };
        let mut kept = Some(Found::default());
        let mut count = 0_u64;
        let mut scratch = Scratch::new();
        let end = part.documents();
        while source.next() < end {
            stop.check()?;
            let range = source.next()..source.next().saturating_add(WINDOW_DOCUMENTS).min(end);
            source.window(&range, &mut scratch, &mut |documents, frequencies| {
                for (document, frequency) in documents.iter().zip(frequencies) {
                    if part.dead.is_some_and(|dead| dead.contains(*document)) {
                        continue;
                    }
                    count += 1;
                    if let Some(found) = kept.as_mut() {
                        found.push(*document, *frequency);
                    }
                }
            })?;
            kept = kept.filter(|found| found.len() <= room);
        }
        Ok((count, kept))
    }

    fn frequency(&self, text: &LooseText) -> u32 {
        match self {
            Self::One(word) => text.places(word).len() as u32,
            Self::Sequence(words) => {
                let mut starts = Starts::default();
                for (word, offset) in words.iter().zip(0_u32..) {
                    if offset == 0 {
                        starts.begin(offset, text.places(word));
                    } else {
                        starts.keep(offset, text.places(word));
                    }
                }
                starts.count()
            }
            Self::Any(prefix, words) => {
                let is_meant = |word: &str| words.binary_search_by(|one| (**one).cmp(word)).is_ok();
                let meant = text.with_prefix(prefix).filter(|(word, _)| is_meant(word));
                meant.map(|(_, count)| count as u32).sum()
            }
        }
    }
}

/// The first words of visible documents that start with a prefix.
fn expand(
    prefix: &str,
    search: &TextSearch<'_>,
    stop: &Stop<'_>,
) -> Result<Vec<Box<str>>, TextSearchError> {
    let mut words = BTreeSet::<Box<str>>::new();
    for (number, part) in search.parts.iter().enumerate() {
        let mut left = PREFIX_WORDS_MAX;
        for term in part.text.find_prefix(search.namespace, prefix) {
            stop.check()?;
            let word = term.and_then(|term| visible_word(term, part.dead));
            if let Some(word) = word.map_err(|error| TextSearchError::damaged(number, error))? {
                words.insert(word.into());
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
    }
    for loose in search.loose {
        stop.check()?;
        let more = loose.text.with_prefix(prefix).take(PREFIX_WORDS_MAX);
        words.extend(more.map(|(word, _)| Box::from(word)));
    }
    Ok(words.into_iter().take(PREFIX_WORDS_MAX).collect())
}

/// The word, if a document that is not dead has it.
fn visible_word<'a>(
    term: Term<'a>,
    dead: Option<&RoaringBitmap>,
) -> Result<Option<&'a str>, DecodeError> {
    let word = std::str::from_utf8(term.word());
    let word = word.map_err(|error| DecodeError::value(error.valid_up_to(), "word"))?;
    let Some(dead) = dead else { return Ok(Some(word)) };
    for posting in term.postings() {
        if !dead.contains(posting?.0) {
            return Ok(Some(word));
        }
    }
    Ok(None)
}

/// Number of dead documents that have a word.
fn count_dead(term: Term<'_>, dead: &RoaringBitmap) -> Result<u64, DecodeError> {
    let mut count = 0;
    if u64::from(term.documents()) < dead.len() / LOOKUP_STEPS {
        for posting in term.postings() {
            count += u64::from(dead.contains(posting?.0));
        }
        return Ok(count);
    }
    let mut cursor = PostingsCursor::new(term);
    let mut block = Block::new();
    let mut dead = dead.iter();
    let mut next = dead.next();
    while let Some(first) = next {
        // Blocks between two dead documents are not decoded.
        cursor.skip_to(first);
        if !cursor.read(&mut block)? {
            break;
        }
        for document in block.documents() {
            while next.is_some_and(|next| next < *document) {
                next = dead.next();
            }
            count += u64::from(next == Some(*document));
        }
    }
    Ok(count)
}
