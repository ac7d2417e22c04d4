//! Bugs that can be switched on in test builds, to prove that they are found: by the crash
//! simulation, by interleavings of threads, or by interrupting a repair.

/// One deliberate mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlantedBug {
    /// Writes are acknowledged although the log was not synced.
    AckBeforeSync,
    /// A new log segment's name is not made durable.
    SkipFolderSync,
    /// Log records are taken without comparing their checksum.
    SkipChecksum,
    /// What stands after the last good record is taken for a record too.
    TornTailAsData,
    /// The log is given up as soon as a delta is to be written to a segment, before the manifest
    /// that names the segment is on disk.
    FloorMovedTooEarly,
    /// Files that were merged are removed although the manifest without them was not synced.
    ManifestNotSyncedBeforeDeleting,
    /// A segment is named by the manifest although it was not synced.
    SegmentNotSynced,
    /// The manifest's new name is not made durable.
    RenameWithoutFolderSync,
    /// The names of segments are not made durable before the manifest names them.
    SegmentNameNotSynced,
    /// A merge drops a tombstone although an older segment has the concept.
    TombstoneDroppedTooEarly,
    /// A merge drops the end of an association although an older segment has the association.
    EdgeEndDroppedTooEarly,
    /// A file that was merged is removed although a view reads it.
    SnapshotFileDeleted,
    /// A part made of parts of the index forgets which of its documents have ended.
    MergedEndsForgotten,
    /// A reader compares the generation of the layers before it loads the published commit.
    GenerationBeforeSeqno,
    /// A concept's newest version is linked before its record is where readers look for it.
    LinkedBeforeStored,
    /// Writes are acknowledged before readers see them.
    AckBeforePublish,
    /// A delta is handed over on top of the layers as they were before the lock was taken.
    FrozenOnOldLayers,
    /// A repair moves the log away before the manifest that says what of it is in segments is on
    /// disk.
    LogMovedBeforeManifest,
    /// A repair leaves no mark that it began.
    RepairNotMarked,
}
