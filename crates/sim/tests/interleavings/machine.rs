//! The machine that one schedule runs on, and what its shard is opened with.

use std::path::Path;
use std::sync::Arc;

use sutra_env::Env;
use sutra_format::Metric;
use sutra_shard::{Shard, ShardOptions};
use sutra_sim::{Actor, Dice, Merging, SimClock, SimDisk, SimRandom};

use crate::disk::SlowDisk;
use crate::work::ShuttleWork;

/// Longer than any schedule takes.
const FOREVER_US: u64 = 1 << 40;

/// An empty disk, and the rest of a machine.
pub struct Machine {
    disk: SimDisk,
    env: Env,
}

impl Machine {
    pub fn new() -> Self {
        let disk = SimDisk::new(Dice::new(0, Actor::Disk));
        let env = Env {
            disk: Arc::new(SlowDisk(disk.clone())),
            clock: Arc::new(SimClock::default()),
            random: Arc::new(SimRandom::new(Dice::new(0, Actor::Engine))),
            work: Arc::new(ShuttleWork),
        };
        Self { disk, env }
    }

    pub fn open(&self, options: &ShardOptions) -> Arc<Shard> {
        Shard::open(&self.env, Path::new("/shard"), options.clone()).unwrap()
    }

    /// Segments and files of vectors that have a name.
    pub fn sealed_files(&self) -> u64 {
        let files = self.disk.files();
        files.iter().filter(|(path, _)| path.contains("/segments/")).count() as u64
    }
}

/// Everything stays in one delta.
pub fn in_memory() -> ShardOptions {
    ShardOptions {
        store_id: [7; 16],
        vector_dimension: 2,
        metric: Metric::L2,
        log_segment_bytes_min: 8 << 10,
        log_segment_bytes_max: 8 << 10,
        write_timeout_us: FOREVER_US,
        delta_age_us_max: None,
        ..ShardOptions::default()
    }
}

/// Nearly every commit becomes a segment, and every two segments one.
pub fn in_segments() -> ShardOptions {
    let eager = Merging::Eager.policy().unwrap();
    ShardOptions {
        memory_threshold: 4,
        merge_policy: eager,
        merge_bytes_factor_min: 1,
        ..in_memory()
    }
}

/// As [`in_segments`], but a merge waits until the one that goes on is over.
pub fn one_merge_at_a_time() -> ShardOptions {
    ShardOptions { merge_bytes_factor_min: u64::MAX, ..in_segments() }
}

/// As [`in_segments`], and every version stays.
pub fn with_history() -> ShardOptions {
    ShardOptions { history_keep_us: Some(FOREVER_US), ..in_segments() }
}
