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
