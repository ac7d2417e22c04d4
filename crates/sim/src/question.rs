//! What searches by words and by conditions ask for.

use crate::dice::Dice;
use crate::model::Concept;
use crate::operation::WORDS;

/// A word of a question, or several.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// This word.
    Word(String),
    /// These words, one behind the other.
    Phrase([String; 2]),
    /// Words that begin with this.
    Prefix(String),
}

/// What is asked of a concept besides its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// Its number is below this one.
    Below(u8),
    /// It has this number.
    Is(u8),
    /// It has no number.
    Missing,
    /// Its strength is below this.
    Weaker(f64),
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What the text is to have: one of them is enough.
    pub clauses: Vec<Clause>,
    /// What else must hold.
    pub condition: Option<Condition>,
    /// Best hits asked for.
    pub k: usize,
}

impl Question {
    /// One left to the dice.
    #[must_use]
    pub fn any(dice: &mut Dice) -> Self {
        let clauses = (0..=dice.below(2)).map(|_| Clause::any(dice)).collect();
        let condition = match dice.below(6) {
            0 | 1 => None,
            2 => Some(Condition::Below(dice.below(128) as u8)),
            3 => Some(Condition::Is(dice.below(128) as u8)),
            4 => Some(Condition::Missing),
            _ => Some(Condition::Weaker(dice.below(17) as f64 / 16.0)),
        };
        Self { clauses, condition, k: dice.index(4) + 1 }
    }

    /// As a caller writes it.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.clauses.iter().map(|clause| match clause {
            Clause::Word(word) => word.clone(),
            Clause::Phrase([first, second]) => format!("\"{first} {second}\""),
            Clause::Prefix(prefix) => format!("{prefix}*"),
        });
        texts.collect::<Vec<_>>().join(" ")
    }

    /// Whether a concept meets the condition.
    #[must_use]
    pub fn holds(&self, concept: &Concept) -> bool {
        self.condition.is_none_or(|condition| condition.holds(concept))
    }
}

impl Clause {
    fn any(dice: &mut Dice) -> Self {
        let word = |dice: &mut Dice| match dice.below(8) {
            0 => "text".to_owned(),
            1 => "slot".to_owned(),
            2 => dice.below(40).to_string(),
            _ => dice.pick(&WORDS).to_owned(),
        };
        match dice.below(6) {
            0 => Self::Phrase([word(dice), word(dice)]),
            1 => Self::Prefix(dice.pick(&["re", "red", "app", "s", "1", "te"]).to_owned()),
            _ => Self::Word(word(dice)),
        }
    }

    /// How often a text has it.
    #[must_use]
    pub fn count_in(&self, words: &[String]) -> usize {
        match self {
            Self::Word(word) => words.iter().filter(|other| *other == word).count(),
            Self::Phrase(phrase) => words.windows(2).filter(|pair| pair == phrase).count(),
            Self::Prefix(prefix) => words.iter().filter(|word| word.starts_with(prefix)).count(),
        }
    }
}

impl Condition {
    /// Whether a concept meets it.
    #[must_use]
    pub fn holds(self, concept: &Concept) -> bool {
        // The last byte of the encoded map is the number.
        let number = concept.attributes.as_ref().and_then(|bytes| bytes.last().copied());
        match self {
            Self::Below(end) => number.is_some_and(|number| number < end),
            Self::Is(wanted) => number == Some(wanted),
            Self::Missing => number.is_none(),
            Self::Weaker(end) => concept.strength < end,
        }
    }

    /// As the engine reads it.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        match self {
            Self::Below(end) => map("n", &map("$lt", &[end])),
            Self::Is(wanted) => map("n", &[wanted]),
            Self::Missing => map("n", &map("$exists", &[0xc2])),
            Self::Weaker(end) => {
                let mut number = vec![0xcb];
                number.extend(end.to_be_bytes());
                map("strength", &map("$lt", &number))
            }
        }
    }
}

/// The map of one short name and a value.
fn map(name: &str, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x81, 0xa0 | name.len() as u8];
    bytes.extend(name.as_bytes());
    bytes.extend(value);
    bytes
}
