//! What a shard counts.

use crate::delta::{Counts, DeltaMemory};
use crate::recover::Recovery;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Figures of a shard at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardStats {
    /// What exists.
    pub counts: Counts,
    /// Last commit that readers see.
    pub seqno: u64,
    /// Bytes of memory by what they hold.
    pub memory: DeltaMemory,
    /// Bytes of the log on disk.
    pub log_bytes: u64,
    /// Number of the newest log segment.
    pub segment_number: u32,
    /// Groups committed since opening.
    pub groups: u64,
    /// Batches in them.
    pub batches: u64,
    /// Microseconds spent on them.
    pub group_us: u64,
    /// Batches waiting now.
    pub queue_depth: usize,
    /// Batches that may wait.
    pub queue_capacity: usize,
    /// Batches refused with `Busy` since opening: no room, or no turn in time.
    pub refused_busy: u64,
    /// Whether writes are refused because one failed.
    pub has_failed: bool,
    /// What opening found.
    pub recovery: Recovery,
}

/// Counted by the committer, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub groups: AtomicU64,
    pub batches: AtomicU64,
    pub group_us: AtomicU64,
    pub refused_busy: AtomicU64,
    pub segment_number: AtomicU32,
}
