//! Scripts that are split or folded in a way of their own, as ranges of characters.

use std::ops::RangeInclusive;

/// Thai, Lao, Myanmar, Khmer, Hiragana, Katakana and Han: written without spaces.
const WITHOUT_SPACES: [RangeInclusive<char>; 16] = [
    '\u{0E00}'..='\u{0E7F}',
    '\u{0E80}'..='\u{0EFF}',
    '\u{1000}'..='\u{109F}',
    '\u{1780}'..='\u{17FF}',
    '\u{2E80}'..='\u{2FDF}',
    '\u{3005}'..='\u{3007}',
    '\u{3021}'..='\u{3029}',
    '\u{3040}'..='\u{30FF}',
    '\u{31F0}'..='\u{31FF}',
    '\u{3400}'..='\u{4DBF}',
    '\u{4E00}'..='\u{9FFF}',
    '\u{A9E0}'..='\u{A9FF}',
    '\u{AA60}'..='\u{AA7F}',
    '\u{F900}'..='\u{FAFF}',
    '\u{1B000}'..='\u{1B16F}',
    '\u{20000}'..='\u{3FFFD}',
];

/// Latin, Greek and Cyrillic: their marks do not tell words apart.
const WITH_ACCENTS: [RangeInclusive<char>; 10] = [
    'A'..='Z',
    'a'..='z',
    '\u{00AA}'..='\u{02AF}',
    '\u{0370}'..='\u{03FF}',
    '\u{0400}'..='\u{052F}',
    '\u{1C80}'..='\u{1C8F}',
    '\u{1E00}'..='\u{1FFF}',
    '\u{2C60}'..='\u{2C7F}',
    '\u{A640}'..='\u{A69F}',
    '\u{A720}'..='\u{A7FF}',
];

/// Whether a character is of a script written without spaces.
pub(super) fn is_without_spaces(character: char) -> bool {
    character >= '\u{0E00}' && WITHOUT_SPACES.iter().any(|range| range.contains(&character))
}

/// Whether marks on a character are left away.
pub(super) fn has_accents(character: char) -> bool {
    WITH_ACCENTS.iter().any(|range| range.contains(&character))
}

/// Small letters that are an ASCII letter with something added, though not by a mark of Unicode.
pub(super) fn plain_letters(character: char) -> Option<&'static str> {
    match character {
        'ß' => Some("ss"),
        'æ' => Some("ae"),
        'œ' => Some("oe"),
        'ø' => Some("o"),
        'đ' | 'ð' => Some("d"),
        'ł' => Some("l"),
        'ħ' => Some("h"),
        'ı' => Some("i"),
        'ŧ' => Some("t"),
        'þ' => Some("th"),
        _ => None,
    }
}
