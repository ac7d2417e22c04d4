//! Concepts are given in the order in which they were changed, each once, newest first.

use sutra_format::ConceptId;

use crate::failure::Failure;
use crate::model::State;

/// The last change of a concept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// The concept.
    pub id: ConceptId,
    /// The commit, and the number of the operation in it.
    pub at: (u64, u32),
}

/// Compares the concepts given with those that exist.
///
/// # Errors
/// One is missing, given twice, in the wrong place, or does not exist.
pub fn check(state: &State, found: &[Change]) -> Result<(), Failure> {
    let concepts = state.concepts.iter();
    let mut expected: Vec<_> =
        concepts.map(|(id, concept)| Change { id: *id, at: concept.changed }).collect();
    expected.sort_by_key(|change| std::cmp::Reverse(change.at));
    if expected == found {
        return Ok(());
    }
    let message = format!("changes are {found:?}; expected {expected:?}");
    Err(Failure::new("recent", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Fields, Operation, Slot, Text};
    use sutra_format::Metric;

    #[test]
    fn missing_repeated_and_misplaced_concepts_are_seen() {
        let learn = |slot| {
            let text = Some(Text { version: 1, bytes: 9 });
            Operation::Learn { slot: Slot(slot), fields: Fields { text, ..Fields::default() } }
        };
        let after =
            |state: &State, batch: &[Operation]| state.after_commit(batch, Metric::Dot).unwrap();
        let first = after(&State::default(), &[learn(0), learn(1), learn(2)]);
        let state = after(&first, &[learn(0)]);
        let change = |slot: u8, at| Change { id: Slot(slot).id(), at };
        let right = [change(0, (2, 0)), change(2, (1, 2)), change(1, (1, 1))];
        assert_eq!(check(&state, &right), Ok(()));
        assert!(check(&state, &right[..2]).is_err());
        assert!(check(&state, &[right[0], right[2], right[1]]).is_err());
        assert!(check(&state, &[right[0], right[1], right[2], change(0, (1, 0))]).is_err());
        assert!(check(&state, &[change(0, (1, 0)), right[1], right[2]]).is_err());
    }
}
