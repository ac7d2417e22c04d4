//! Each batch is whole or absent, and a later one is never there without the earlier ones.

use crate::failure::Failure;
use crate::ledger::Candidate;
use crate::model::State;

/// Finds the one allowed state that is exactly what was found, by content and by seqno.
///
/// # Errors
/// There is none: a batch is there in part, or out of order.
pub fn check(found: &State, seqno: u64, candidates: &[Candidate]) -> Result<usize, Failure> {
    let exact = candidates.iter().position(|one| one.seqno == seqno && one.state == *found);
    exact.ok_or_else(|| {
        let allowed: Vec<_> = candidates.iter().map(|one| one.seqno).collect();
        let nearest = candidates.iter().find(|one| one.seqno == seqno);
        let nearest = nearest.and_then(|one| one.state.difference(found));
        let difference = nearest.unwrap_or_else(|| "no such seqno".into());
        Failure::new("atomicity", format!("found seqno {seqno} of {allowed:?}: {difference}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Fields, Operation, Slot, Text};
    use sutra_format::Metric;

    #[test]
    fn half_a_batch_a_later_one_alone_and_a_wrong_seqno_are_seen() {
        let learn = |slot| {
            let text = Some(Text { version: 1, bytes: 9 });
            Operation::Learn { slot: Slot(slot), fields: Fields { text, ..Fields::default() } }
        };
        let after =
            |state: &State, batch: &[Operation]| state.after_commit(batch, Metric::Dot).unwrap();
        let empty = State::default();
        let first = after(&empty, &[learn(0), learn(1)]);
        let second = after(&first, &[learn(2)]);
        let states = [empty.clone(), first.clone(), second];
        let candidates: Vec<_> =
            states.into_iter().zip(0..).map(|(state, seqno)| Candidate { state, seqno }).collect();
        assert_eq!(check(&first, 1, &candidates), Ok(1));
        assert!(check(&first, 2, &candidates).is_err());
        assert!(check(&after(&empty, &[learn(0)]), 1, &candidates).is_err());
        assert!(check(&after(&empty, &[learn(2)]), 1, &candidates).is_err());
    }
}
