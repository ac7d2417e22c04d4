//! Finds the documents that answer a query best, in parts and outside of them.
//!
//! Scores are made of the visible documents only and are summed in the order of the clauses: they
//! are the same to the last bit however the documents are spread over parts.

use super::bm25::{Bm25, Corpus};
use super::index::TextIndex;
use super::loose::LooseDocument;
use super::query::TextQuery;
use super::search_plan::{PlannedClause, plan};
use super::source::{Scratch, Source, WINDOW_DOCUMENTS};
use super::top_hits::{Place, TextHit, TopHits};
use roaring::RoaringBitmap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_format::DecodeError;

/// Documents that are looked at together to see whether any of them has a score.
const GROUP_DOCUMENTS: usize = 64;

/// A part to be searched.
#[derive(Debug, Clone, Copy)]
pub struct SearchedPart<'a> {
    /// Its words.
    pub text: TextIndex<'a>,
    /// Number of words of each document, 4 bytes little-endian each.
    pub lengths: &'a [u8],
    /// Documents that are not visible.
    pub dead: Option<&'a RoaringBitmap>,
    /// Documents that may be hits, if not all. The others count in the statistics.
    pub allowed: Option<&'a RoaringBitmap>,
}

/// A search over the visible documents of a namespace. Documents of a part come before those of
/// the next part, and loose ones come last: of equal scores, earlier documents are better.
#[derive(Debug, Clone, Copy)]
pub struct TextSearch<'a> {
    /// What to look for.
    pub query: &'a TextQuery,
    /// Number of the namespace.
    pub namespace: u32,
    /// Where to look.
    pub parts: &'a [SearchedPart<'a>],
    /// Visible documents of the namespace that are in no part.
    pub loose: &'a [LooseDocument],
    /// All visible documents of the namespace, those in parts and the loose ones.
    pub corpus: Corpus,
    /// Number of hits, at most.
    pub k: usize,
}

/// Why a search ended without hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSearchError {
    /// It was told to stop.
    Cancelled,
    /// A part makes no sense.
    Damaged {
        /// Number of the part, from 0.
        part: usize,
        /// What is wrong in it.
        error: DecodeError,
    },
}

impl TextSearchError {
    pub(super) fn damaged(part: usize, error: DecodeError) -> Self {
        Self::Damaged { part, error }
    }

    /// The same error, with the part that it is about.
    pub(super) fn in_part(self, part: usize) -> Self {
        match self {
            Self::Damaged { error, .. } => Self::Damaged { part, error },
            Self::Cancelled => Self::Cancelled,
        }
    }
}

impl From<DecodeError> for TextSearchError {
    fn from(error: DecodeError) -> Self {
        Self::damaged(0, error)
    }
}

impl fmt::Display for TextSearchError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => out.write_str("the search was cancelled"),
            Self::Damaged { part, error } => write!(out, "part {part}: {error}"),
        }
    }
}

impl std::error::Error for TextSearchError {}

/// Whether to stop.
pub(super) struct Stop<'s>(&'s AtomicBool);

impl Stop<'_> {
    pub(super) fn check(&self) -> Result<(), TextSearchError> {
        if self.0.load(Ordering::Relaxed) { Err(TextSearchError::Cancelled) } else { Ok(()) }
    }
}

impl TextSearch<'_> {
    /// The best hits, best first.
    ///
    /// # Errors
    /// `Cancelled` soon after `cancelled` is set; `Damaged` for bytes that make no sense.
    pub fn run(&self, cancelled: &AtomicBool) -> Result<Vec<TextHit>, TextSearchError> {
        let stop = Stop(cancelled);
        let bm25 = Bm25::new(self.corpus);
        let mut top = TopHits::new(self.k);
        if self.k == 0 {
            return Ok(Vec::new());
        }
        let clauses = plan(self, &bm25, &stop)?;
        let mut window = Window::new(bm25);
        for (number, part) in self.parts.iter().enumerate() {
            self.score_part(number, part, &clauses, &mut window, &mut top, &stop)
                .map_err(|error| error.in_part(number))?;
        }
        for (number, loose) in self.loose.iter().enumerate() {
            stop.check()?;
            let score = if loose.allowed { score_loose(loose, &clauses, &bm25) } else { 0.0 };
            if score > 0.0 {
                top.push(TextHit { place: Place::Loose(number), score });
            }
        }
        Ok(top.into_hits())
    }

    fn score_part(
        &self,
        number: usize,
        part: &SearchedPart<'_>,
        clauses: &[PlannedClause<'_>],
        window: &mut Window,
        top: &mut TopHits,
        stop: &Stop<'_>,
    ) -> Result<(), TextSearchError> {
        let mut sources = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let source = clause.source(number, part, self.namespace)?;
            sources.extend(source.map(|source| (clause.weight, source)));
        }
        let mut from = 0;
        while let Some(range) = part.next_window(from, &sources) {
            stop.check()?;
            for (weight, source) in &mut sources {
                window.add(*weight, source, part, &range)?;
            }
            window.take(&range, top.to_beat(), |document, score| {
                if part.may_be_hit(document) {
                    top.push(TextHit { place: Place::Part { part: number, document }, score });
                }
                top.to_beat()
            });
            from = range.end;
        }
        Ok(())
    }
}

fn score_loose(loose: &LooseDocument, clauses: &[PlannedClause<'_>], bm25: &Bm25) -> f64 {
    let mut score = 0.0;
    for clause in clauses {
        let frequency = clause.frequency(&loose.text);
        if frequency > 0 {
            score += bm25.score(clause.weight, frequency, loose.text.length());
        }
    }
    score
}

impl SearchedPart<'_> {
    /// Number of documents in it.
    pub(super) fn documents(&self) -> u32 {
        u32::try_from(self.lengths.len() / size_of::<u32>()).unwrap_or(u32::MAX)
    }

    /// The documents to look at next, from `from` on: those before have no words or are no hits.
    fn next_window(&self, from: u32, sources: &[(f64, Source<'_>)]) -> Option<Range<u32>> {
        let next = sources.iter().map(|(_, source)| source.next()).min()?;
        let mut start = from.max(next);
        if let Some(allowed) = self.allowed {
            start = allowed.range(start..).next()?;
        }
        let end = start.saturating_add(WINDOW_DOCUMENTS).min(self.documents());
        (start < end).then_some(start..end)
    }

    fn may_be_hit(&self, document: u32) -> bool {
        let allowed = self.allowed.is_none_or(|allowed| allowed.contains(document));
        allowed && !self.dead.is_some_and(|dead| dead.contains(document))
    }
}

/// Scores of the documents in a window.
struct Window {
    bm25: Bm25,
    scratch: Scratch,
    scores: Vec<f64>,
    /// Groups of documents in which one has a score.
    touched: Vec<bool>,
}

impl Window {
    fn new(bm25: Bm25) -> Self {
        let documents = WINDOW_DOCUMENTS as usize;
        let touched = vec![false; documents / GROUP_DOCUMENTS];
        Self { bm25, scratch: Scratch::new(), scores: vec![0.0; documents], touched }
    }

    /// Adds what a clause gives to the scores.
    fn add(
        &mut self,
        weight: f64,
        source: &mut Source<'_>,
        part: &SearchedPart<'_>,
        range: &Range<u32>,
    ) -> Result<(), DecodeError> {
        let Self { bm25, scratch, scores, touched } = self;
        let lengths = part.lengths.as_chunks().0;
        let lengths = lengths.get(range.start as usize..range.end as usize).unwrap_or_default();
        source.window(range, scratch, &mut |documents, frequencies| {
            for (document, frequency) in documents.iter().zip(frequencies) {
                let at = document.wrapping_sub(range.start) as usize;
                let places = (scores.get_mut(at), lengths.get(at));
                let (Some(score), Some(length)) = places else { continue };
                *score += bm25.score(weight, *frequency, u32::from_le_bytes(*length));
                if let Some(touched) = touched.get_mut(at / GROUP_DOCUMENTS) {
                    *touched = true;
                }
            }
        })
    }

    /// Gives the documents with a score over a least one, in order, and makes the window empty.
    /// Each answer is the least one from there on.
    fn take(&mut self, range: &Range<u32>, least: f64, mut give: impl FnMut(u32, f64) -> f64) {
        let mut least = least;
        let groups = self.scores.chunks_exact_mut(GROUP_DOCUMENTS).zip(&mut self.touched);
        for (group, (scores, touched)) in groups.enumerate() {
            if !std::mem::take(touched) {
                continue;
            }
            let first = range.start.saturating_add((group * GROUP_DOCUMENTS) as u32);
            // Few groups have such a score, and without an early exit this is compiled to SIMD.
            if scores.iter().map(|score| u64::from(*score > least)).sum::<u64>() > 0 {
                for (score, document) in scores.iter().zip(first..) {
                    if *score > least {
                        least = give(document, *score);
                    }
                }
            }
            scores.fill(0.0);
        }
    }
}
