//! How text becomes words.

use super::language::Language;
use super::scripts::{has_accents, is_without_spaces, plain_letters};
use rust_stemmers::Stemmer;
use std::borrow::Cow;
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfd_quick, is_nfkc_quick};

/// Rises whenever a text gives other words than before.
const VERSION: u32 = 1;
/// A longer word is cut: it is hardly a word, and would fill the index.
const WORD_BYTES_MAX: usize = 128;

/// How text becomes words.
///
/// Text is brought into the form NFKC and into small letters. A word is a run of letters and
/// digits of any script and the marks on them, cut after 128 bytes. Of scripts written without
/// spaces (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar) each character is a word. With a
/// language, words are reduced to their stems. At last, marks on Latin, Greek and Cyrillic letters
/// are left away: only after the stems, whose endings are told apart by such marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analyzer {
    language: Option<Language>,
}

/// A word as it stands in the text, but for its normal form and small letters.
#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    raw: &'t str,
    /// Of a script written without spaces.
    single: bool,
    /// Nothing stands between the token before and this one.
    joined: bool,
}

/// A word of a query.
#[derive(Debug)]
pub(super) struct QueryWord {
    /// As it stands in the index.
    pub(super) word: Box<str>,
    /// Not reduced to its stem.
    pub(super) whole: Box<str>,
    pub(super) single: bool,
    pub(super) joined: bool,
}

impl Analyzer {
    /// Reduces words to the stems of a language, or leaves them whole.
    #[must_use]
    pub fn new(language: Option<Language>) -> Self {
        Self { language }
    }

    /// The number in files. Equal numbers give equal words for equal text.
    #[must_use]
    pub fn number(&self) -> u32 {
        (VERSION << 16) | self.language.map_or(0, |language| u32::from(language.number()))
    }

    /// Gives each word with its position, counted in words from 0.
    pub fn words(&self, text: &str, visit: &mut dyn FnMut(&str, u32)) {
        let stemmer = self.stemmer();
        let mut position = 0_u32;
        let mut folded = String::new();
        tokens(text, &mut |token| {
            visit(finish(token, stemmer.as_ref(), &mut folded), position);
            position = position.saturating_add(1);
        });
    }

    /// The words of a query.
    pub(super) fn query_words(&self, text: &str) -> Vec<QueryWord> {
        let stemmer = self.stemmer();
        let mut folded = String::new();
        let mut words = Vec::new();
        tokens(text, &mut |token| {
            let whole = fold(token.raw, &mut folded).into();
            let word = finish(token, stemmer.as_ref(), &mut folded).into();
            words.push(QueryWord { word, whole, single: token.single, joined: token.joined });
        });
        words
    }

    fn stemmer(&self) -> Option<Stemmer> {
        self.language.map(|language| Stemmer::create(language.algorithm()))
    }
}

/// The word of a token. It is never empty.
fn finish<'t>(token: Token<'t>, stemmer: Option<&Stemmer>, folded: &'t mut String) -> &'t str {
    if token.single {
        return token.raw;
    }
    match stemmer {
        None => fold(token.raw, folded),
        Some(stemmer) => match stemmer.stem(token.raw) {
            Cow::Borrowed("") => fold(token.raw, folded),
            Cow::Borrowed(stem) => fold(stem, folded),
            Cow::Owned(stem) => {
                let stem = if stem.is_empty() { token.raw } else { &stem };
                fold_into(stem, folded);
                folded
            }
        },
    }
}

/// Leaves away marks and what else makes a letter of a plain one.
fn fold<'t>(raw: &'t str, folded: &'t mut String) -> &'t str {
    if raw.is_ascii() {
        return raw;
    }
    fold_into(raw, folded);
    folded
}

fn fold_into(raw: &str, folded: &mut String) {
    folded.clear();
    if raw.is_ascii() {
        folded.push_str(raw);
        return;
    }
    if is_nfd_quick(raw.chars()) == IsNormalized::Yes && !raw.contains(is_combining_mark) {
        // No letter has a mark, which is so for most words of most languages.
        push_plain(raw.chars(), folded);
    } else {
        push_plain(without_accents(raw).nfc(), folded);
    }
    while folded.len() > WORD_BYTES_MAX {
        folded.pop();
    }
}

fn without_accents(raw: &str) -> impl Iterator<Item = char> {
    let mut bare = false;
    raw.nfd().filter(move |character| {
        let mark = is_combining_mark(*character);
        if !mark {
            bare = has_accents(*character);
        }
        !(mark && bare)
    })
}

fn push_plain(letters: impl Iterator<Item = char>, folded: &mut String) {
    for character in letters {
        match plain_letters(character) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(character),
        }
    }
}

/// Gives the words of a text before stems and folding.
fn tokens(text: &str, visit: &mut impl FnMut(Token<'_>)) {
    let mut word = String::with_capacity(WORD_BYTES_MAX);
    if text.is_ascii() {
        return ascii_tokens(text, &mut word, visit);
    }
    // Nothing joins with a space, so what stands between spaces can be taken for itself.
    for piece in text.split(|character: char| character <= ' ') {
        if piece.is_ascii() {
            ascii_tokens(piece, &mut word, visit);
        } else {
            any_tokens(piece, &mut word, visit);
        }
    }
}

fn ascii_tokens(text: &str, word: &mut String, visit: &mut impl FnMut(Token<'_>)) {
    let mut rest = text;
    while let Some(start) = rest.bytes().position(|byte| byte.is_ascii_alphanumeric()) {
        let Some(tail) = rest.get(start..) else { return };
        let end = tail.bytes().position(|byte| !byte.is_ascii_alphanumeric());
        let end = end.unwrap_or(tail.len());
        let Some(run) = tail.get(..end.min(WORD_BYTES_MAX)) else { return };
        let raw = if run.bytes().any(|byte| byte.is_ascii_uppercase()) {
            word.clear();
            word.push_str(run);
            word.make_ascii_lowercase();
            word.as_str()
        } else {
            run
        };
        visit(Token { raw, single: false, joined: false });
        rest = tail.get(end..).unwrap_or_default();
    }
}

fn any_tokens(text: &str, word: &mut String, visit: &mut impl FnMut(Token<'_>)) {
    word.clear();
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => normal_tokens(text.chars(), word, visit),
        _ => normal_tokens(text.nfkc(), word, visit),
    }
}

/// Gives the words of a text in the form NFKC.
fn normal_tokens(
    text: impl Iterator<Item = char>,
    word: &mut String,
    visit: &mut impl FnMut(Token<'_>),
) {
    let mut run = Run { word, joined: false, full: false };
    for character in text.flat_map(small_letters) {
        let alphanumeric = character.is_alphanumeric();
        if alphanumeric && is_without_spaces(character) {
            run.end(visit);
            let joined = run.joined;
            visit(Token { raw: character.encode_utf8(&mut [0; 4]), single: true, joined });
            run.joined = true;
        } else if alphanumeric {
            run.push(character);
        } else if !is_combining_mark(character) {
            run.end(visit);
            run.joined = false;
        } else if !run.word.is_empty() {
            run.push(character);
        }
    }
    run.end(visit);
}

/// A word that is being collected.
struct Run<'w> {
    word: &'w mut String,
    /// The word before ends where this one starts.
    joined: bool,
    /// The rest of the word is passed over.
    full: bool,
}

impl Run<'_> {
    fn push(&mut self, character: char) {
        self.full = self.full || self.word.len() + character.len_utf8() > WORD_BYTES_MAX;
        if !self.full {
            self.word.push(character);
        }
    }

    fn end(&mut self, visit: &mut impl FnMut(Token<'_>)) {
        if !self.word.is_empty() {
            visit(Token { raw: self.word, single: false, joined: self.joined });
            self.joined = true;
            self.word.clear();
        }
        self.full = false;
    }
}

/// The small letters of a character.
fn small_letters(character: char) -> impl Iterator<Item = char> {
    // The first would get a mark of its own, the second stands only at the end of words.
    let small = match character {
        'İ' => 'i',
        'ς' => 'σ',
        other => other,
    };
    small.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{Analyzer, Language, any_tokens, tokens};
    use proptest::prelude::*;

    fn words(text: &str, language: Option<Language>) -> Vec<String> {
        let mut found = Vec::new();
        Analyzer::new(language).words(text, &mut |word, position| {
            assert_eq!(position as usize, found.len());
            assert!(!word.is_empty() && word.len() <= 128);
            found.push(word.to_owned());
        });
        found
    }

    /// Raw words by the path that takes any text, and by the one that looks for plain ones first.
    fn both(text: &str) -> [Vec<(String, bool, bool)>; 2] {
        let mut found = [Vec::new(), Vec::new()];
        let [any, fast] = &mut found;
        any_tokens(text, &mut String::new(), &mut |token| {
            any.push((token.raw.to_owned(), token.single, token.joined));
        });
        tokens(text, &mut |token| fast.push((token.raw.to_owned(), token.single, token.joined)));
        found
    }

    proptest! {
        #[test]
        fn plain_text_has_the_words_of_the_general_path(text in "[ -~\\n\\t]{0,400}") {
            let [any, fast] = both(&text);
            prop_assert_eq!(any, fast);
        }

        #[test]
        fn any_text_has_the_words_of_the_general_path(
            text in "[a-c  .\u{300}éßΣİ東京か\u{3099}\\PC]{0,60}",
        ) {
            let [any, fast] = both(&text);
            prop_assert_eq!(any, fast);
        }

        /// Stemmers cut words by bytes: each gets many words of letters that it knows.
        #[test]
        fn any_text_in_any_language_gives_words(
            text in prop_oneof![
                "[a-zäöüßéèêçğşıîâățåøæñáíóúőű ]{0,200}",
                "([sedringtlyiu]{1,9} ){0,40}",
                "[α-ωάέήίόύώϊϋΐΰ ]{0,200}",
                "[а-яё ]{0,200}",
                "[ء-يً-ْ ]{0,200}",
                "[\u{B82}-\u{BCD} ]{0,200}",
                "\\PC{0,60}",
            ],
        ) {
            for language in Language::ALL {
                let (stems, plain) = (words(&text, Some(language)), words(&text, None));
                prop_assert_eq!(stems.is_empty(), plain.is_empty());
            }
        }
    }

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(words("Don't stop, R2-D2!", None), ["don", "t", "stop", "r2", "d2"]);
        assert_eq!(words(" ", None), Vec::<String>::new());
        assert_eq!(words("ﬁnd ①", None), ["find", "1"]);
    }

    #[test]
    fn marks_and_cases_do_not_tell_words_apart() {
        assert_eq!(words("Café CAFE\u{301} ŁÓDŹ", None), ["cafe", "cafe", "lodz"]);
        assert_eq!(words("ΟΔΌΣ οδός", None), ["οδοσ", "οδοσ"]);
        assert_eq!(words("İstanbul Ёлка Straße", None), ["istanbul", "елка", "strasse"]);
        assert_eq!(words("नमस्ते が か\u{3099}", None), ["नमस्ते", "が", "が"]);
    }

    #[test]
    fn scripts_without_spaces_give_their_characters() {
        assert_eq!(words("東京tower ไทย", None), ["東", "京", "tower", "ไ", "ท", "ย"]);
    }

    #[test]
    fn stems_are_taken_before_marks_are_left_away() {
        assert_eq!(words("Walking walks", Some(Language::English)), ["walk", "walk"]);
        assert_eq!(words("Häuser Haus", Some(Language::German)), ["haus", "haus"]);
        let russian = words("новый новая", Some(Language::Russian));
        assert_eq!(russian[0], russian[1]);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(words(&"x".repeat(300), None), ["x".repeat(128)]);
        assert_eq!(
            words(&format!("a{}b c", "я".repeat(80)), None)[0],
            format!("a{}", "я".repeat(63))
        );
    }

    #[test]
    fn numbers_differ_by_language() {
        let mut numbers: Vec<_> =
            Language::ALL.iter().map(|language| Analyzer::new(Some(*language)).number()).collect();
        numbers.push(Analyzer::new(None).number());
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 19);
    }
}
