//! Mistakes in a repair, each of which interrupting it has to find.
#![cfg(feature = "planted-bugs")]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use sutra_shard::PlantedBug;
use sutra_sim::{Bug, Damage, Failure, Points, Repairs};

fn found(damage: Damage, bug: PlantedBug) -> Option<Failure> {
    let repairs = Repairs::new(damage, Some(Bug::Engine(bug)));
    repairs.and_then(|mut repairs| repairs.crash_everywhere(Points::ALL, 0)).err()
}

/// Each by what it does: a test that fails for another reason has found nothing.
#[test]
fn every_bug_planted_in_a_repair_is_found() {
    for (bug, damage, (checker, message)) in [
        (PlantedBug::SegmentNotSynced, Damage::NoSegment(1), ("reads", "the file has 0 bytes")),
        (PlantedBug::SegmentNameNotSynced, Damage::NoSegment(1), ("content", "vector: None")),
        (PlantedBug::LogMovedBeforeManifest, Damage::Log, ("content", "before the repair went on")),
        (PlantedBug::RepairNotMarked, Damage::NoManifest, ("check", "HEADER")),
    ] {
        let found = found(damage, bug).unwrap_or_else(|| panic!("{bug:?} was not found"));
        println!("{bug:?}: {found}");
        assert_eq!(found.checker, checker, "{bug:?}: {found}");
        assert!(found.message.contains(message), "{bug:?}: {found}");
    }
}
