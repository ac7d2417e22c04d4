//! A view taken earlier still answers the same, whatever was written since.

use crate::failure::Failure;
use crate::model::State;

/// Compares what a view answers now with what it had to answer when it was taken.
///
/// # Errors
/// They differ.
pub fn check(seqno: u64, expected: &State, found: &State) -> Result<(), Failure> {
    match expected.difference(found) {
        Some(difference) => {
            Err(Failure::new("snapshots", format!("view at {seqno}: {difference}")))
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
    fn a_view_that_shows_a_later_write_is_seen() {
        let text = Some(Text { version: 1, bytes: 9 });
        let fields = Fields { text, ..Fields::default() };
        let learn = Operation::Learn { slot: Slot(0), fields };
        let before = State::default();
        let later = before.after_commit(&[learn], Metric::Dot).unwrap();
        assert_eq!(check(0, &before, &before), Ok(()));
        assert!(check(0, &before, &later).unwrap_err().message.contains("should not be there"));
    }
}
