//! What a shard is opened with. The store checks ranges; a shard takes what it is given.

use crate::text::PaceOptions;
use crate::vector::GraphOptions;
use std::ops::Range;
use sutra_format::{Limits, Metric};
use sutra_index::Language;

/// Chooses which neighbouring segments to merge next, at least two of them, as a range of their
/// sizes in bytes, oldest first. Nothing when all are well as they are. It is told whether segments
/// come in, or the store is at rest.
pub type MergePolicy = fn(sizes: &[u64], is_at_rest: bool) -> Option<Range<usize>>;

/// When a write counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When it is on disk: it survives a power loss.
    #[default]
    Fsync,
    /// When the operating system has it: it survives the end of the process.
    Os,
    /// When it is in memory: it survives an orderly close.
    None,
}

impl Durability {
    /// Its name in options and statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fsync => "fsync",
            Self::Os => "os",
            Self::None => "none",
        }
    }
}

/// What the file of the store says of a shard, for those who look at its files without opening it.
#[derive(Debug, Clone)]
pub struct StoredOptions {
    /// The store that the shard belongs to.
    pub store_id: [u8; 16],
    /// Dimension of vectors in the default namespace, and in those created by use.
    pub vector_dimension: u32,
    /// Metric of the same namespaces.
    pub metric: Metric,
}

impl StoredOptions {
    pub(crate) fn to_shard_options(&self) -> ShardOptions {
        ShardOptions {
            store_id: self.store_id,
            vector_dimension: self.vector_dimension,
            metric: self.metric,
            ..ShardOptions::default()
        }
    }
}

/// Settings of one shard.
#[derive(Debug, Clone)]
pub struct ShardOptions {
    /// The store this shard belongs to; every log segment carries it.
    pub store_id: [u8; 16],
    /// Dimension of vectors in the default namespace, and in those created by use.
    pub vector_dimension: u32,
    /// Metric of the same namespaces.
    pub metric: Metric,
    /// When a write counts as done.
    pub durability: Durability,
    /// Sizes to refuse.
    pub limits: Limits,
    /// Opens for reading: no file is written, made or renamed.
    pub read_only: bool,
    /// The shard was made before: a log without segments is damage, not a beginning.
    pub must_exist: bool,
    /// Length of the first log segment. Each one is twice as long as the one before it.
    pub log_segment_bytes_min: u64,
    /// Length at which log segments stop growing. A larger commit gets a segment of its own size.
    pub log_segment_bytes_max: u64,
    /// Writes that may wait for the committer; more are refused with `Busy`.
    pub queue_capacity: usize,
    /// How long a write may wait for the committer, in microseconds, before it is refused.
    pub write_timeout_us: u64,
    /// Bytes of memory for the deltas together; at it, writes wait for segments to be written, then
    /// are refused with `Busy`.
    pub memory_bytes_max: u64,
    /// Concepts in a delta at which it is written to a segment.
    pub memory_threshold: usize,
    /// Bytes of a delta at which it is written to a segment.
    pub delta_bytes_max: u64,
    /// Age of a delta, in microseconds since its first commit, at which it is written to a segment.
    pub delta_age_us_max: Option<u64>,
    /// How long versions are kept after they were replaced, in microseconds.
    pub history_keep_us: Option<u64>,
    /// Chooses what to merge. The simulation brings its own, since the segments that it has room
    /// for are all of one size.
    pub merge_policy: MergePolicy,
    /// Merges go on together only when one of them reads at least so many times as many bytes as
    /// the other; at least 1, which is always.
    pub merge_bytes_factor_min: u64,
    /// Versions of concepts and associations in segments that nobody reads any more, up to which
    /// they are left there: above it, all segments are merged once they are a third of everything.
    pub garbage_min: u64,
    /// How graphs over vectors are made.
    pub graphs: GraphOptions,
    /// So many vectors in files that are in no graph are put in one.
    pub graph_rows_min: usize,
    /// Whose word forms are told to be of one word when texts are indexed and searched.
    pub language: Option<Language>,
    /// How often the index of texts is brought up to date, and how far it may be behind.
    pub pace: PaceOptions,
    /// Bug switched on to see that the tests find it.
    #[cfg(feature = "planted-bugs")]
    pub planted_bug: Option<crate::PlantedBug>,
}

impl Default for ShardOptions {
    fn default() -> Self {
        Self {
            store_id: [0; 16],
            vector_dimension: 768,
            metric: Metric::Cosine,
            durability: Durability::Fsync,
            limits: Limits::default(),
            read_only: false,
            must_exist: false,
            log_segment_bytes_min: 1 << 20,
            log_segment_bytes_max: 64 << 20,
            queue_capacity: 100_000,
            write_timeout_us: 30_000_000,
            memory_bytes_max: u64::MAX,
            memory_threshold: 50_000,
            delta_bytes_max: 256 << 20,
            delta_age_us_max: Some(60_000_000),
            history_keep_us: None,
            merge_policy: crate::compaction::merge_by_size,
            merge_bytes_factor_min: 8,
            garbage_min: 256,
            graphs: GraphOptions::default(),
            graph_rows_min: 2000,
            language: None,
            pace: PaceOptions::default(),
            #[cfg(feature = "planted-bugs")]
            planted_bug: None,
        }
    }
}
