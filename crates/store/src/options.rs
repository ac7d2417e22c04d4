//! What a store is opened with, checked here whatever the entrance.

use std::ops::RangeInclusive;
use sutra_format::limits::VECTOR_DIMENSION_CONFIG_MAX;
use sutra_format::store_meta::SHARDS_MAX;
use sutra_format::{Limits, Metric, Refusal};
use sutra_index::Language;
use sutra_shard::text::PaceOptions;
use sutra_shard::vector::GraphOptions;
use sutra_shard::{Durability, Error, Result};

/// Dimension of vectors in a new store.
const VECTOR_DIMENSION_DEFAULT: u32 = 768;
/// Concepts held in memory before a flush.
const MEMORY_THRESHOLD: RangeInclusive<u64> = 1_000..=10_000_000;
/// Bytes of memory that an engine can keep to; below, the tables of an empty delta have no room.
const MEMORY_BYTES: RangeInclusive<u64> = 16 << 20..=1 << 50;

/// Neighbours of a vector in a graph.
const CONNECTIVITY: RangeInclusive<u64> = 2..=256;
/// Candidates looked at when a vector is added to a graph.
const EXPANSION: RangeInclusive<u64> = 2..=10_000;
/// Candidates that a search asks a graph for.
const EF_SEARCH: RangeInclusive<u64> = 1..=10_000;

/// Options of a store. A field that names what never changes of a store may be left out when it is
/// opened again, and must agree if it is given.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Dimension of vectors, 1 to 4096. Default: 768, or that of the folder.
    pub vector_dimension: Option<u32>,
    /// How vectors are compared. Default: cosine, or that of the folder.
    pub metric: Option<Metric>,
    /// Shards, 1 to 64. Default: 1, or as many as the folder has. This release opens 1.
    pub shards: Option<u32>,
    /// When a write counts as done.
    pub durability: Durability,
    /// Opens for reading: nothing is written, several processes may do so.
    pub read_only: bool,
    /// Concepts held in memory before a flush, 1,000 to 10 million.
    pub memory_threshold: u64,
    /// Bytes of memory for what is in no segment yet. At it, writes wait for segments to be
    /// written, up to `write_timeout_ms`, then are refused with `Busy`.
    pub memory_bytes_max: Option<u64>,
    /// How long, in milliseconds, versions are kept after they were replaced, to be read as of an
    /// earlier commit or time. Nothing keeps none.
    pub history_keep_ms: Option<u64>,
    /// How long a write may wait, in milliseconds.
    pub write_timeout_ms: u64,
    /// Sizes to refuse. The default of `vector_dimension_max` is raised to the store's dimension.
    pub limits: Option<Limits>,
    /// Writes that may wait for the committer.
    pub queue_capacity: usize,
    /// How graphs over vectors are made. One that was made otherwise is used until it is replaced.
    pub graphs: GraphOptions,
    /// Candidates that a search asks each graph for, 1 to 10,000.
    pub ef_search: u32,
    /// Whose word forms are told to be of one word when texts are searched: `run` finds `running`.
    /// Nothing takes words as they are written. Another one than before has the index made anew.
    pub language: Option<Language>,
    /// How often the index of texts is brought up to date, and how far it may be behind.
    pub pace: PaceOptions,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            vector_dimension: None,
            metric: None,
            shards: None,
            durability: Durability::Fsync,
            read_only: false,
            memory_threshold: 50_000,
            memory_bytes_max: None,
            history_keep_ms: None,
            write_timeout_ms: 30_000,
            limits: None,
            queue_capacity: 100_000,
            graphs: GraphOptions::default(),
            ef_search: 64,
            language: None,
            pace: PaceOptions::default(),
        }
    }
}

impl StoreOptions {
    /// Refuses options outside their ranges, all problems at once.
    ///
    /// # Errors
    /// `Config`.
    pub fn check(&self) -> Result<()> {
        let mut problems = self.limits.map(|limits| limits.problems()).unwrap_or_default();
        let dimension = u64::from(self.vector_dimension.unwrap_or(VECTOR_DIMENSION_DEFAULT));
        let dimensions = 1..=u64::from(VECTOR_DIMENSION_CONFIG_MAX);
        check_range(&mut problems, "vectorDimension", dimension, &dimensions);
        let shards = u64::from(self.shards.unwrap_or(1));
        check_range(&mut problems, "shards", shards, &(1..=u64::from(SHARDS_MAX)));
        if (2..=u64::from(SHARDS_MAX)).contains(&shards) {
            let message = format!("{shards}: more than one shard is not available in this version");
            problems.push(Refusal::invalid("shards", message));
        }
        check_range(&mut problems, "memoryThreshold", self.memory_threshold, &MEMORY_THRESHOLD);
        if let Some(bytes) = self.memory_bytes_max {
            check_range(&mut problems, "memoryBytesMax", bytes, &MEMORY_BYTES);
        }
        let graphs = &self.graphs;
        let (connectivity, expansion) = (graphs.connectivity.into(), graphs.expansion.into());
        check_range(&mut problems, "vectorIndex.connectivity", connectivity, &CONNECTIVITY);
        check_range(&mut problems, "vectorIndex.efConstruction", expansion, &EXPANSION);
        check_range(&mut problems, "vectorIndex.efSearch", self.ef_search.into(), &EF_SEARCH);
        self.check_pace(&mut problems);
        if self.queue_capacity == 0 {
            problems.push(Refusal::invalid("reconciler.queueCapacity", "at least 1"));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Config(problems)) }
    }

    fn check_pace(&self, problems: &mut Vec<Refusal>) {
        let PaceOptions { interval_us_min, interval_us_base, interval_us_max, .. } = self.pace;
        let is_in_order = 0 < interval_us_min
            && interval_us_min <= interval_us_base
            && interval_us_base <= interval_us_max;
        if !is_in_order {
            let message = format!(
                "intervals must be 0 < min <= base <= max, got {interval_us_min}, \
                 {interval_us_base}, {interval_us_max} microseconds"
            );
            problems.push(Refusal::invalid("reconciler.intervalMsBase", message));
        }
        let shares = [
            ("reconciler.emaAlpha", self.pace.ema_alpha),
            ("reconciler.queueWarning", self.pace.queue_warning),
            ("reconciler.queueCritical", self.pace.queue_critical),
        ];
        for (name, share) in shares {
            if !(share > 0.0 && share <= 1.0) {
                problems.push(Refusal::invalid(name, format!("{share} is outside 0 to 1")));
            }
        }
    }

    /// Limits for a store of this dimension. A store made for large vectors takes them without a
    /// second option.
    pub(crate) fn limits_for(&self, dimension: u32) -> Limits {
        self.limits.unwrap_or_else(|| {
            let limits = Limits::default();
            let vector_dimension_max = limits.vector_dimension_max.max(dimension as usize);
            Limits { vector_dimension_max, ..limits }
        })
    }

    pub(crate) fn dimension_or_default(&self) -> u32 {
        self.vector_dimension.unwrap_or(VECTOR_DIMENSION_DEFAULT)
    }
}

fn check_range(
    problems: &mut Vec<Refusal>,
    name: &'static str,
    value: u64,
    range: &RangeInclusive<u64>,
) {
    if !range.contains(&value) {
        let message = format!("{value} is outside {} to {}", range.start(), range.end());
        problems.push(Refusal::invalid(name, message));
    }
}

#[cfg(test)]
mod tests {
    use super::StoreOptions;
    use sutra_format::Limits;
    use sutra_shard::Error;

    #[test]
    fn all_problems_are_reported_together() {
        let options = StoreOptions {
            vector_dimension: Some(0),
            shards: Some(65),
            memory_threshold: 999,
            memory_bytes_max: Some(0),
            limits: Some(Limits { search_k_max: 0, ..Limits::default() }),
            ..StoreOptions::default()
        };
        let Err(Error::Config(problems)) = options.check() else { panic!("accepted") };
        let fields: Vec<_> = problems.iter().map(sutra_format::Refusal::field).collect();
        let expected =
            ["limits.searchKMax", "vectorDimension", "shards", "memoryThreshold", "memoryBytesMax"];
        assert_eq!(fields, expected);
        assert!(StoreOptions::default().check().is_ok());
    }

    #[test]
    fn a_store_of_large_vectors_takes_them_without_a_second_option() {
        let options = StoreOptions { vector_dimension: Some(4096), ..StoreOptions::default() };
        assert_eq!(options.limits_for(4096).vector_dimension_max, 4096);
        assert_eq!(options.limits_for(768).vector_dimension_max, 2048);
    }
}
