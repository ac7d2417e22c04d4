//! Bugs switched on by tests only.

use std::fmt;
use std::sync::Arc;

use sutra_env::Disk;
#[cfg(feature = "planted-bugs")]
use sutra_shard::PlantedBug;

use crate::disk::SimDisk;
use crate::liar::{Lie, LyingDisk};

/// One bug.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bug {
    /// The disk breaks a promise, so that the engine does as if it had not asked for it.
    Disk(Lie),
    /// The engine makes a mistake.
    #[cfg(feature = "planted-bugs")]
    Engine(PlantedBug),
}

impl Bug {
    /// The bugs of this build that a history left to chance can meet, with the names the command
    /// line knows them by: none repairs anything, or has two threads.
    pub const ALL: &[(&str, Self)] = &[
        ("disk-no-sync", Self::Disk(Lie::NoSync)),
        ("disk-no-folder-sync", Self::Disk(Lie::NoFolderSync)),
        #[cfg(feature = "planted-bugs")]
        ("ack-before-sync", Self::Engine(PlantedBug::AckBeforeSync)),
        #[cfg(feature = "planted-bugs")]
        ("skip-folder-sync", Self::Engine(PlantedBug::SkipFolderSync)),
        #[cfg(feature = "planted-bugs")]
        ("skip-checksum", Self::Engine(PlantedBug::SkipChecksum)),
        #[cfg(feature = "planted-bugs")]
        ("torn-tail-as-data", Self::Engine(PlantedBug::TornTailAsData)),
        #[cfg(feature = "planted-bugs")]
        ("floor-moved-too-early", Self::Engine(PlantedBug::FloorMovedTooEarly)),
        #[cfg(feature = "planted-bugs")]
        ("manifest-not-synced", Self::Engine(PlantedBug::ManifestNotSyncedBeforeDeleting)),
        #[cfg(feature = "planted-bugs")]
        ("segment-not-synced", Self::Engine(PlantedBug::SegmentNotSynced)),
        #[cfg(feature = "planted-bugs")]
        ("rename-without-folder-sync", Self::Engine(PlantedBug::RenameWithoutFolderSync)),
        #[cfg(feature = "planted-bugs")]
        ("segment-name-not-synced", Self::Engine(PlantedBug::SegmentNameNotSynced)),
        #[cfg(feature = "planted-bugs")]
        ("tombstone-dropped-too-early", Self::Engine(PlantedBug::TombstoneDroppedTooEarly)),
        #[cfg(feature = "planted-bugs")]
        ("edge-end-dropped-too-early", Self::Engine(PlantedBug::EdgeEndDroppedTooEarly)),
        #[cfg(feature = "planted-bugs")]
        ("snapshot-file-deleted", Self::Engine(PlantedBug::SnapshotFileDeleted)),
        #[cfg(feature = "planted-bugs")]
        ("merged-ends-forgotten", Self::Engine(PlantedBug::MergedEndsForgotten)),
    ];

    /// The bug of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, bug)| *bug)
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(_, bug)| bug == self).map(|(name, _)| *name);
        out.write_str(name.unwrap_or("unknown"))
    }
}

/// The disk the engine gets.
#[must_use]
pub fn disk_with(bug: Option<Bug>, disk: SimDisk) -> Arc<dyn Disk> {
    match bug {
        Some(Bug::Disk(lie)) => Arc::new(LyingDisk { disk, lie }),
        _ => Arc::new(disk),
    }
}
