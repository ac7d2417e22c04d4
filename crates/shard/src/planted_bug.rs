//! Bugs that can be switched on in test builds, to prove that the crash simulation finds them.

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
}
