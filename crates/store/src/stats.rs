//! Figures of a store at one moment.

use sutra_shard::{Durability, ShardStats};

/// What a store counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStats {
    /// Figures of its shard.
    pub shard: ShardStats,
    /// Number of shards.
    pub shards: u32,
    /// When a write counts as done.
    pub durability: Durability,
    /// Microseconds since it was opened.
    pub uptime_us: u64,
}
