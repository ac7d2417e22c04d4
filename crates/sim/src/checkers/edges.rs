//! Both halves of every association are there, and say the same.

use std::collections::BTreeMap;

use crate::failure::Failure;
use crate::model::{Edge, EdgeKey, first_difference};

/// Compares the associations read from their sources with those read from their targets.
///
/// # Errors
/// They differ.
pub fn check(
    from_sources: &BTreeMap<EdgeKey, Edge>,
    from_targets: &BTreeMap<EdgeKey, Edge>,
) -> Result<(), Failure> {
    match first_difference("incoming half of association", from_sources, from_targets) {
        Some(difference) => Err(Failure::new("edges", difference)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{EdgeSlots, Slot};
    use sutra_format::AssociationClass;

    #[test]
    fn a_missing_and_a_different_half_are_seen() {
        let (source, target) = (Slot(0), Slot(1));
        let slots = EdgeSlots { source, target, class: AssociationClass::Causal, label: Some(1) };
        let edge = Edge {
            confidence: 1.0,
            weight: 1.0,
            attributes: None,
            validity: (None, None),
            seqno: 1,
        };
        let whole = BTreeMap::from([(slots.key(), edge.clone())]);
        let other = BTreeMap::from([(slots.key(), Edge { weight: 2.0, ..edge })]);
        assert_eq!(check(&whole, &whole), Ok(()));
        assert!(check(&whole, &BTreeMap::new()).is_err());
        assert!(check(&BTreeMap::new(), &whole).is_err());
        assert!(check(&whole, &other).is_err());
    }
}
