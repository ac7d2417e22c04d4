//! A background task that merges segments while the first one is busy, most often with larger ones.

use super::claims::Claim;
use super::segments::merge_segments;
use crate::error::Error;
use crate::flush::retry_us;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// The task.
pub(crate) struct MergeBeside {
    pub(crate) storage: Arc<Storage>,
    pub(crate) is_stopped: Arc<AtomicBool>,
    /// Its place in the figures.
    pub(crate) number: usize,
    /// Failures since the last merge that worked.
    pub(crate) failures: u32,
}

impl Steps for MergeBeside {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let storage = Arc::clone(&self.storage);
        let Some(claim) = self.claim() else {
            // What could not be merged was left to the first task, which says how that went.
            self.failures = 0;
            storage.figures.set_compaction_error(self.number, None);
            return Next::Wait;
        };
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        let merged = merge_segments(&storage, &claim, &is_stopped);
        let paths = claim.input_paths();
        let (next, failure) = match merged {
            Ok(_) => {
                drop(claim);
                self.failures = 0;
                storage.figures.compactions.fetch_add(1, Ordering::Relaxed);
                storage.remove_obsolete();
                storage.committer.get().inspect(|committer| committer.wake());
                (Next::Again, None)
            }
            Err(Error::Aborted) => (Next::Again, None),
            Err(error) => {
                storage.figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                let now_us = storage.env.clock.monotonic_us();
                // Before the claim ends: nobody else is to find the same damage.
                let is_set_aside = storage.merging.lock().set_aside.note(&error, &paths, now_us);
                drop(claim);
                if is_set_aside {
                    // Without the damaged file there may be something else to merge.
                    (Next::Again, None)
                } else {
                    self.failures = self.failures.saturating_add(1);
                    (Next::WaitUs(retry_us(self.failures)), Some(error))
                }
            }
        };
        storage.figures.set_compaction_error(self.number, failure);
        // It may have waited for these segments, or has to remove files.
        storage.wake_compactor();
        next
    }
}

impl MergeBeside {
    fn claim(&self) -> Option<Claim<'_>> {
        let merging = &self.storage.merging;
        let chosen = merging.claim(&self.storage, |claimed, segments| {
            // Otherwise it is the first task's work.
            if !claimed.is_first_busy() {
                return None;
            }
            let policy = self.storage.options.merge_policy;
            claimed.choose(segments, false, policy).map(|range| (range, ()))
        });
        chosen.map(|(claim, ())| claim)
    }
}
