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
