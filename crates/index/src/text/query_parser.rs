//! Reads the text of a query into clauses.

use super::analyzer::{Analyzer, QueryWord};
use super::query::{Clause, ClauseKind};
use hashbrown::HashMap;
use sutra_format::Refusal;

/// Different clauses of a query, and words of one phrase.
const CLAUSES_MAX: usize = 256;

pub(super) struct QueryParser<'p> {
    analyzer: &'p Analyzer,
    clauses: Vec<Clause>,
    /// Place of each clause.
    places: HashMap<ClauseKind, usize>,
}

impl<'p> QueryParser<'p> {
    pub(super) fn new(analyzer: &'p Analyzer) -> Self {
        Self { analyzer, clauses: Vec::new(), places: HashMap::new() }
    }

    pub(super) fn parse(mut self, text: &str) -> Result<Vec<Clause>, Refusal> {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('"') {
            self.plain(before)?;
            rest = after;
            if let Some((quoted, after)) = after.split_once('"') {
                let words = self.analyzer.query_words(quoted);
                self.phrase(words.into_iter().map(|word| word.word).collect())?;
                rest = after;
            }
        }
        self.plain(rest)?;
        Ok(self.clauses)
    }

    /// Text outside of quotes.
    fn plain(&mut self, text: &str) -> Result<(), Refusal> {
        let mut pieces = text.split('*').peekable();
        while let Some(piece) = pieces.next() {
            let mut words = self.analyzer.query_words(piece);
            let starred = pieces.peek().is_some() && ends_in_word(piece);
            // A star after a character that is a word has nothing to complete.
            let prefix = words.pop_if(|last| starred && !last.single);
            self.words(words)?;
            if let Some(prefix) = prefix {
                self.push(ClauseKind::Prefix(prefix.whole))?;
            }
        }
        Ok(())
    }

    /// Words, those of scripts without spaces in runs.
    fn words(&mut self, words: Vec<QueryWord>) -> Result<(), Refusal> {
        let mut run = Vec::new();
        for word in words {
            if !(word.single && word.joined) {
                self.phrase(std::mem::take(&mut run))?;
            }
            if word.single {
                run.push(word.word);
            } else {
                self.push(ClauseKind::Word(word.word))?;
            }
        }
        self.phrase(run)
    }

    /// Words in sequence. One is just a word.
    fn phrase(&mut self, mut words: Vec<Box<str>>) -> Result<(), Refusal> {
        Refusal::check_limit("text", words.len(), CLAUSES_MAX)?;
        if words.len() > 1 {
            return self.push(ClauseKind::Phrase(words));
        }
        words.pop().map_or(Ok(()), |word| self.push(ClauseKind::Word(word)))
    }

    fn push(&mut self, kind: ClauseKind) -> Result<(), Refusal> {
        let next = self.clauses.len();
        let place = *self.places.entry(kind.clone()).or_insert(next);
        if let Some(clause) = self.clauses.get_mut(place) {
            clause.boost = clause.boost.saturating_add(1);
            return Ok(());
        }
        Refusal::check_limit("text", next + 1, CLAUSES_MAX)?;
        self.clauses.push(Clause { kind, boost: 1 });
        Ok(())
    }
}

/// Whether the last character of a text belongs to a word.
fn ends_in_word(text: &str) -> bool {
    use unicode_normalization::char::is_combining_mark;
    text.chars().next_back().is_some_and(|last| last.is_alphanumeric() || is_combining_mark(last))
}

#[cfg(test)]
mod tests {
    use super::{Analyzer, Clause, ClauseKind, QueryParser};
    use crate::text::{Language, TextQuery};
    use proptest::prelude::*;
    use sutra_format::Refusal;

    /// Clauses as text: words in quotes for phrases, a star for prefixes, `^` and the boost.
    fn parsed(text: &str, language: Option<Language>) -> Vec<String> {
        let clauses = QueryParser::new(&Analyzer::new(language)).parse(text).unwrap();
        let show = |Clause { kind, boost }: Clause| match kind {
            ClauseKind::Word(word) => format!("{word}^{boost}"),
            ClauseKind::Phrase(words) => format!("\"{}\"^{boost}", words.join(" ")),
            ClauseKind::Prefix(prefix) => format!("{prefix}*^{boost}"),
        };
        clauses.into_iter().map(show).collect()
    }

    #[test]
    fn words_phrases_and_prefixes() {
        assert_eq!(parsed("Red apple", None), ["red^1", "apple^1"]);
        assert_eq!(parsed("a \"b c\"d", None), ["a^1", "\"b c\"^1", "d^1"]);
        assert_eq!(parsed("\"b\" \"\" \"c d", None), ["b^1", "c^1", "d^1"]);
        assert_eq!(parsed("foo-Bár* x * *y z**", None), ["foo^1", "bar*^1", "x^1", "y^1", "z*^1"]);
        assert_eq!(parsed(" *!\" ", None), Vec::<String>::new());
    }

    #[test]
    fn equal_clauses_become_one() {
        assert_eq!(parsed("a b A \"a\" a* a*", None), ["a^3", "b^1", "a*^2"]);
    }

    #[test]
    fn only_prefixes_are_not_reduced() {
        let english = Some(Language::English);
        assert_eq!(parsed("walking walking*", english), ["walk^1", "walking*^1"]);
        assert_eq!(parsed("\"walks home\"", english), ["\"walk home\"^1"]);
    }

    #[test]
    fn runs_without_spaces_are_phrases() {
        assert_eq!(parsed("東京 駅", None), ["\"東 京\"^1", "駅^1"]);
        assert_eq!(parsed("xy東京z 東京*", None), ["xy^1", "\"東 京\"^2", "z^1"]);
    }

    #[test]
    fn too_many_clauses_are_refused() {
        let text =
            |count: usize| (0..count).map(|n| format!("w{n} w{n}")).collect::<Vec<_>>().join(" ");
        assert!(TextQuery::parse(&text(256), &Analyzer::new(None)).is_ok());
        for text in [text(257), format!("\"{}\"", text(200))] {
            let refused = TextQuery::parse(&text, &Analyzer::new(None)).unwrap_err();
            assert!(matches!(refused, Refusal::Limit { field, limit: 256, .. } if field == "text"));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_query(text in "[a-c \"*東京\\u{300}\\PC]{0,80}") {
            prop_assert!(TextQuery::parse(&text, &Analyzer::new(None)).is_ok());
        }
    }
}
