//! How much happened: a campaign in which nothing happens would find nothing.

use sutra_shard::{Background, IndexStats};

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Processes that ended other than in order.
    pub crashes: u64,
    /// Writes acknowledged.
    pub acknowledged: u64,
    /// Writes answered with an error.
    pub refused: u64,
    /// Writes whose fate only recovery told.
    pub unknown: u64,
    /// Times everything was compared.
    pub checks: u64,
    /// Times everything was read in the middle of something.
    pub looks: u64,
    /// Segments written.
    pub flushes: u64,
    /// Merges of files.
    pub merges: u64,
    /// Tries to write a segment that failed.
    pub flush_failures: u64,
    /// Tries to merge that failed.
    pub merge_failures: u64,
    /// Files of the index of texts that were written.
    pub index_files: u64,
    /// Such files that were of no use.
    pub index_files_dropped: u64,
    /// Times that writers waited for the index.
    pub index_waits: u64,
}

impl Report {
    /// Adds what happened in another run.
    pub fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.checks += other.checks;
        self.looks += other.looks;
        self.flushes += other.flushes;
        self.merges += other.merges;
        self.flush_failures += other.flush_failures;
        self.merge_failures += other.merge_failures;
        self.index_files += other.index_files;
        self.index_files_dropped += other.index_files_dropped;
        self.index_waits += other.index_waits;
    }

    /// Adds the figures of a process run that is over.
    pub fn add_background(&mut self, background: &Background) {
        self.flushes += background.flushes;
        self.merges += background.compactions;
        self.flush_failures += background.flush_failures;
        self.merge_failures += background.compaction_failures;
    }

    /// The same for its index of texts.
    pub fn add_index(&mut self, index: &IndexStats) {
        self.index_files += index.files_written;
        self.index_files_dropped += index.files_dropped;
        self.index_waits += index.waits;
    }
}
