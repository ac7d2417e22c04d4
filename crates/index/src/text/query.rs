//! What a search for words asks for.

use super::analyzer::Analyzer;
use super::query_parser::QueryParser;
use hashbrown::HashSet;
use sutra_format::Refusal;

/// Clauses of which a document must match one. More and rarer ones give a better score.
///
/// - `red apple`: words, reduced to stems like those of documents.
/// - `"red apple"`: words one after the other. Without the second quote it is two words.
/// - `app*`: words that start with these letters. The words are the stems in the index and the
///   letters are not reduced: with English, `walking*` does not find `walking`, stored as `walk`.
/// - Characters of a script written without spaces, such as `東京`: as if they stood in quotes.
#[derive(Debug, Clone, Default)]
pub struct TextQuery {
    clauses: Vec<Clause>,
    /// Words of the clauses but for prefixes.
    words: HashSet<Box<str>>,
}

/// A clause and how often it stands in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) kind: ClauseKind,
    pub(super) boost: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum ClauseKind {
    Word(Box<str>),
    /// At least two words.
    Phrase(Vec<Box<str>>),
    Prefix(Box<str>),
}

impl TextQuery {
    /// Reads a query. Any text is one.
    ///
    /// # Errors
    /// `Limit` naming `text` for more than 256 different clauses, or words in a phrase.
    pub fn parse(text: &str, analyzer: &Analyzer) -> Result<Self, Refusal> {
        let clauses = QueryParser::new(analyzer).parse(text)?;
        let mut words = HashSet::new();
        for clause in &clauses {
            match &clause.kind {
                ClauseKind::Word(word) => drop(words.insert(word.clone())),
                ClauseKind::Phrase(phrase) => words.extend(phrase.iter().cloned()),
                ClauseKind::Prefix(_) => {}
            }
        }
        Ok(Self { clauses, words })
    }

    /// Whether it has no words, so that it matches nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    pub(super) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Whether a word of a document matters to it.
    pub(super) fn asks_for(&self, word: &str) -> bool {
        let starts = |clause: &Clause| match &clause.kind {
            ClauseKind::Prefix(prefix) => word.starts_with(&**prefix),
            _ => false,
        };
        self.words.contains(word) || self.clauses.iter().any(starts)
    }
}
