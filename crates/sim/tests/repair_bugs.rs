//! Mistakes in a repair, each of which interrupting it has to find.
#![cfg(feature = "planted-bugs")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use sutra_shard::PlantedBug;
use sutra_sim::{Bug, Damage, Points, Repairs};

fn found(damage: Damage, bug: Option<PlantedBug>) -> Option<String> {
    let repairs = Repairs::new(damage, bug.map(Bug::Engine));
    let crashed = repairs.and_then(|mut repairs| repairs.crash_everywhere(Points::ALL, 0));
    crashed.err().map(|failure| failure.to_string())
}

#[test]
fn every_bug_planted_in_a_repair_is_found() {
    for (bug, damage) in [
        (PlantedBug::SegmentNotSynced, Damage::NoSegment(1)),
        (PlantedBug::SegmentNameNotSynced, Damage::NoSegment(1)),
        (PlantedBug::LogMovedBeforeManifest, Damage::Log),
        (PlantedBug::RepairNotMarked, Damage::NoManifest),
    ] {
        let found = found(damage, Some(bug));
        println!("{bug:?}: {found:?}");
        assert!(found.is_some(), "{bug:?} was not found");
    }
}
