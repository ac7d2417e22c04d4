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
