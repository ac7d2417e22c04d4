//! What a shard counts.

use crate::delta::Counts;
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
    pub memory: Memory,
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
    /// What was written to segments, and merged.
    pub background: Background,
    /// How far the index of texts and attributes is.
    pub index: IndexStats,
}

/// Bytes of memory by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Records of concepts and associations that are in no segment yet.
    pub records: u64,
    /// Tables of what is in no segment yet, labels and namespaces.
    pub tables: u64,
    /// Vectors that are in no file yet.
    pub vectors: u64,
    /// Besides these, records, tables and vectors that are in files by now and held by views only.
    pub held: u64,
    /// What is kept in memory of the files: checksums and which of them were compared.
    pub files: u64,
    /// The index of texts and attributes, as far as it is in no file.
    pub index: u64,
    /// Bytes of files that are mapped. The system keeps in memory what is read of them, as far as
    /// there is room.
    pub mapped: u64,
}

/// Figures of the work behind the writes, since opening.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    /// Segments that exist.
    pub segments: u64,
    /// Files of vectors that exist.
    pub vector_files: u64,
    /// Bytes of both.
    pub file_bytes: u64,
    /// Last commit that is in segments.
    pub floor_seqno: u64,
    /// Deltas that wait for being written to segments.
    pub frozen: u64,
    /// Deltas written to segments.
    pub flushes: u64,
    /// Tries that failed.
    pub flush_failures: u64,
    /// Bytes written by them.
    pub flush_bytes: u64,
    /// Why the last one failed, until one works.
    pub flush_error: Option<String>,
    /// Merges of files.
    pub compactions: u64,
    /// Tries that failed.
    pub compaction_failures: u64,
    /// Bytes written by them.
    pub compaction_bytes: u64,
    /// Why the last one failed, until one works.
    pub compaction_error: Option<String>,
    /// Graphs over vectors.
    pub graphs: u64,
    /// Vectors in files that are in no graph: a search compares each of them.
    pub vectors_without_graph: u64,
    /// Graphs made.
    pub graphs_built: u64,
    /// Tries that failed.
    pub graph_failures: u64,
    /// Bytes written by them.
    pub graph_bytes: u64,
    /// Graphs that were damaged or out of date, and are made again.
    pub graphs_dropped: u64,
    /// Why the last one failed, until one works.
    pub graph_error: Option<String>,
    /// Files that are not needed any more and not removed yet, since a view reads them.
    pub obsolete_files: u64,
}

/// Figures of the index of texts and attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexStats {
    /// Parts in memory.
    pub parts: u64,
    /// Parts in files.
    pub files: u64,
    /// Documents in both: versions of concepts.
    pub documents: u64,
    /// Those of them that are not seen any more.
    pub ended: u64,
    /// Bytes of the files.
    pub file_bytes: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Last commit that it has.
    pub covered_seqno: u64,
    /// Whether it is behind the segments.
    pub is_catching_up: bool,
    /// Rounds since opening.
    pub rounds: u64,
    /// Operations that they took.
    pub entries: u64,
    /// Operations that wait.
    pub queue_depth: u64,
    /// How many may wait before writers do.
    pub queue_capacity: u64,
    /// Microseconds between rounds under the present load; 0 when nothing is written.
    pub interval_us: u64,
    /// How often that changed.
    pub interval_changes: u64,
    /// Operations that come in, each second, on average.
    pub arrivals_per_s: u64,
    /// Operations that the last round took, for each second of it.
    pub entries_per_s: u64,
    /// How often writers waited for it.
    pub waits: u64,
    /// Files written, and their bytes.
    pub files_written: u64,
    /// Bytes of them.
    pub bytes_written: u64,
    /// Files that were damaged or out of date, and are made again.
    pub files_dropped: u64,
    /// Rounds and files that failed.
    pub failures: u64,
    /// Why the last one failed, until one works.
    pub error: Option<String>,
}

/// Counted by the committer, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub groups: AtomicU64,
    pub batches: AtomicU64,
    pub group_us: AtomicU64,
    pub refused_busy: AtomicU64,
    pub waits_for_index: AtomicU64,
    pub segment_number: AtomicU32,
    pub release_failures: AtomicU64,
}
