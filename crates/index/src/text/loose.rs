//! Documents that are in no part yet.

use super::analyzer::Analyzer;
use super::query::TextQuery;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The words of a document that a query asks for.
#[derive(Debug, Clone, Default)]
pub struct LooseText {
    places: BTreeMap<Box<str>, Vec<u32>>,
    length: u32,
}

/// A visible document of the searched namespace that is in no part.
#[derive(Debug, Clone)]
pub struct LooseDocument {
    /// Its words.
    pub text: LooseText,
    /// Whether it may be a hit. It counts in the statistics either way.
    pub allowed: bool,
}

impl LooseText {
    /// Takes the words of a text that matter to a query; only that query finds all of them.
    #[must_use]
    pub fn new(text: &str, analyzer: &Analyzer, query: &TextQuery) -> Self {
        let mut loose = Self::default();
        analyzer.words(text, &mut |word, position| {
            loose.length = position.saturating_add(1);
            if !query.asks_for(word) {
                return;
            }
            if let Some(places) = loose.places.get_mut(word) {
                places.push(position);
            } else {
                loose.places.insert(word.into(), vec![position]);
            }
        });
        loose
    }

    /// Number of all its words.
    #[must_use]
    pub fn length(&self) -> u32 {
        self.length
    }

    /// Places of a word.
    pub(super) fn places(&self, word: &str) -> &[u32] {
        self.places.get(word).map(Vec::as_slice).unwrap_or_default()
    }

    /// Words that start with a prefix, in order, and how often each stands in the text.
    pub(super) fn with_prefix(&self, prefix: &str) -> impl Iterator<Item = (&str, usize)> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let words = self.places.range::<str, _>(from);
        words
            .take_while(move |(word, _)| word.starts_with(prefix))
            .map(|(word, places)| (&**word, places.len()))
    }
}
