//! Languages whose words are reduced to their stems.

use rust_stemmers::Algorithm;

/// A language whose words are reduced to their stems, so that `walks` finds `walking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the name of a language")]
pub enum Language {
    Arabic,
    Danish,
    Dutch,
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

impl Language {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 18] = [
        Self::Arabic,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hungarian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Spanish,
        Self::Swedish,
        Self::Tamil,
        Self::Turkish,
    ];

    /// Its English name in small letters.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The language of a name in small letters.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// Written into files: it never changes. 0 is no language.
    pub(super) fn number(self) -> u16 {
        self.row().1
    }

    pub(super) fn algorithm(self) -> Algorithm {
        self.row().2
    }

    fn row(self) -> (&'static str, u16, Algorithm) {
        match self {
            Self::Arabic => ("arabic", 1, Algorithm::Arabic),
            Self::Danish => ("danish", 2, Algorithm::Danish),
            Self::Dutch => ("dutch", 3, Algorithm::Dutch),
            Self::English => ("english", 4, Algorithm::English),
            Self::Finnish => ("finnish", 5, Algorithm::Finnish),
            Self::French => ("french", 6, Algorithm::French),
            Self::German => ("german", 7, Algorithm::German),
            Self::Greek => ("greek", 8, Algorithm::Greek),
            Self::Hungarian => ("hungarian", 9, Algorithm::Hungarian),
            Self::Italian => ("italian", 10, Algorithm::Italian),
            Self::Norwegian => ("norwegian", 11, Algorithm::Norwegian),
            Self::Portuguese => ("portuguese", 12, Algorithm::Portuguese),
            Self::Romanian => ("romanian", 13, Algorithm::Romanian),
            Self::Russian => ("russian", 14, Algorithm::Russian),
            Self::Spanish => ("spanish", 15, Algorithm::Spanish),
            Self::Swedish => ("swedish", 16, Algorithm::Swedish),
            Self::Tamil => ("tamil", 17, Algorithm::Tamil),
            Self::Turkish => ("turkish", 18, Algorithm::Turkish),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn names_lead_back_to_languages_and_numbers_differ() {
        for (at, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(Language::from_name(language.name()), Some(language));
            assert_eq!(usize::from(language.number()), at + 1);
        }
        assert_eq!(Language::from_name("English"), None);
    }
}
