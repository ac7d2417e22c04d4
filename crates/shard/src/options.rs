//! What a shard is opened with. The store checks ranges; a shard takes what it is given.

use sutra_format::{Limits, Metric};

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
    /// Bytes of memory at which writes are refused with `Busy`.
    pub memory_bytes_max: u64,
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
            #[cfg(feature = "planted-bugs")]
            planted_bug: None,
        }
    }
}
