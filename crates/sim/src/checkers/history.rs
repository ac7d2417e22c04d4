//! The store as of an earlier commit is what it was then, and is kept as long as promised.

use crate::failure::Failure;
use crate::model::State;

const CHECKER: &str = "history";

/// Compares what the store shows of an earlier commit with what it was then. `found` is nothing
/// when the store says that it does not keep it.
///
/// # Errors
/// They differ, or it had to be kept.
pub fn check(expected: &State, found: Option<&State>, must_be_kept: bool) -> Result<(), Failure> {
    let seqno = expected.commits;
    match found {
        Some(found) => match expected.difference(found) {
            Some(difference) => Err(Failure::new(CHECKER, format!("as of {seqno}: {difference}"))),
            None => Ok(()),
        },
        None if must_be_kept => {
            Err(Failure::new(CHECKER, format!("commit {seqno} had to be kept")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Fields, Operation, Slot, Text};
    use sutra_format::Metric;

    #[test]
    fn a_later_state_and_one_given_up_too_early_are_seen() {
        let learn = |version| {
            let text = Some(Text { version, bytes: 9 });
            Operation::Learn { slot: Slot(0), fields: Fields { text, ..Fields::default() } }
        };
        let first = State::default().after_commit(&[learn(1)], Metric::Dot).unwrap();
        let second = first.after_commit(&[learn(2)], Metric::Dot).unwrap();
        assert_eq!(check(&first, Some(&first), true), Ok(()));
        assert!(check(&first, Some(&second), false).is_err());
        assert!(check(&first, Some(&State::default()), false).is_err());
        assert_eq!(check(&first, None, false), Ok(()));
        assert!(check(&first, None, true).is_err());
    }
}
