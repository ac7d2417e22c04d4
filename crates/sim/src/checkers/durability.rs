//! Everything promised is there with the right content, and nothing is there that was never asked
//! for or was taken away.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::failure::Failure;
use crate::ledger::Candidate;
use crate::model::State;

const CHECKER: &str = "durability";

/// Compares what was found with what all states the store may be in have in common.
///
/// # Errors
/// Something that is in all of them is missing or different, or something is in none of them.
pub fn check(found: &State, candidates: &[Candidate]) -> Result<(), Failure> {
    let concepts: Vec<_> = candidates.iter().map(|one| &one.state.concepts).collect();
    let edges: Vec<_> = candidates.iter().map(|one| &one.state.edges).collect();
    compare("concept", &found.concepts, &concepts)?;
    compare("association", &found.edges, &edges)
}

fn compare<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    found: &BTreeMap<K, V>,
    allowed: &[&BTreeMap<K, V>],
) -> Result<(), Failure> {
    for (key, value) in found {
        if !allowed.iter().any(|map| map.get(key) == Some(value)) {
            let instead: Vec<_> = allowed.iter().map(|map| map.get(key)).collect();
            let message = format!("{what} {key:?} is {value:?}; allowed {instead:?}");
            return Err(Failure::new(CHECKER, message));
        }
    }
    let Some((first, others)) = allowed.split_first() else { return Ok(()) };
    for (key, value) in *first {
        if !found.contains_key(key) && others.iter().all(|map| map.contains_key(key)) {
            let message = format!("{what} {key:?} is lost; it was {value:?}");
            return Err(Failure::new(CHECKER, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Concept;
    use crate::operation::Slot;

    fn state(contents: &[(u8, &str)]) -> State {
        let concept = |content: &str| Concept {
            namespace: "default".into(),
            content: content.into(),
            vector: None,
            attributes: None,
            strength: 1.0,
            confidence: 1.0,
            validity: (None, None),
            changed: (1, 0),
        };
        let concepts = contents.iter().map(|(slot, c)| (Slot(*slot).id(), concept(c))).collect();
        State { concepts, ..State::default() }
    }

    #[test]
    fn loss_change_and_invention_are_seen_and_any_candidate_is_accepted() {
        let candidates = [state(&[(0, "a")]), state(&[(0, "b"), (1, "c")])]
            .map(|state| Candidate { state, seqno: 0 });
        assert_eq!(check(&candidates[0].state, &candidates), Ok(()));
        assert_eq!(check(&candidates[1].state, &candidates), Ok(()));
        assert!(check(&state(&[]), &candidates).unwrap_err().message.contains("lost"));
        assert!(check(&state(&[(0, "x")]), &candidates).is_err());
        assert!(check(&state(&[(0, "a"), (2, "c")]), &candidates).is_err());
    }
}
