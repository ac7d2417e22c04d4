//! The background task that writes frozen deltas to segments, oldest first.
//!
//! A delta stays in memory and in the log until its segment is on disk and named by the manifest.
//! So a failure loses nothing: it is shown in the statistics, and tried again.

use crate::delta::Sealed;
use crate::error::{Error, Result};
use crate::segment::write_delta;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// How long to wait after the first failure; twice as long after each further one.
const RETRY_US_MIN: u64 = 100_000;
/// Never longer than this: well below the time that a write may wait for room, so that one which
/// comes when the disk is free again is not refused for what was before.
const RETRY_US_MAX: u64 = 10_000_000;

/// The task.
pub(crate) struct Flusher {
    pub(crate) storage: Arc<Storage>,
    pub(crate) is_stopped: Arc<AtomicBool>,
    /// Failures since the last flush that worked.
    pub(crate) failures: u32,
}

impl Steps for Flusher {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        // Not left to the compactor alone: a merge takes long, and writers may wait for memory.
        self.storage.free_retired();
        let Some(sealed) = self.storage.oldest_frozen() else { return Next::Wait };
        if !self.storage.may_flush(sealed.seqnos.1) {
            return Next::Wait;
        }
        let result = self.flush(&sealed);
        let figures = &self.storage.figures;
        let failure = result.err();
        let next = if failure.is_some() {
            self.failures = self.failures.saturating_add(1);
            Next::WaitUs(retry_us(self.failures))
        } else {
            self.failures = 0;
            figures.flushes.fetch_add(1, Ordering::Relaxed);
            self.storage.wake_mergers();
            Next::Again
        };
        let has_failed = failure.is_some();
        *figures.flush_error.lock() = failure;
        // Release: whoever sees the failure counted finds its error.
        figures.flush_failures.fetch_add(u64::from(has_failed), Ordering::Release);
        self.storage.committer.get().inspect(|committer| committer.wake());
        next
    }
}

impl Flusher {
    fn flush(&self, sealed: &Arc<Sealed>) -> Result<(), Error> {
        let storage = &self.storage;
        let retain_from = storage.retained_from(sealed.seqnos.1);
        let state = storage.shared.state();
        let files = write_delta(storage, &state, sealed, retain_from)?;
        let bytes = files.bytes();
        storage.install_flushed(sealed, files, retain_from)?;
        storage.figures.flush_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

/// Doubles with each failure in a row.
pub(crate) fn retry_us(failures: u32) -> u64 {
    (RETRY_US_MIN << failures.saturating_sub(1).min(20)).min(RETRY_US_MAX)
}

#[cfg(test)]
mod tests {
    use super::{RETRY_US_MAX, RETRY_US_MIN, retry_us};

    #[test]
    fn retries_become_rarer_up_to_a_bound() {
        assert_eq!(retry_us(1), RETRY_US_MIN);
        assert_eq!(retry_us(3), 4 * RETRY_US_MIN);
        assert_eq!(retry_us(u32::MAX), RETRY_US_MAX);
    }
}
