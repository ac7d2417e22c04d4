//! A background task that merges small segments while a merge of large ones goes on.

use super::merging::Claim;
use super::policy::choose_around;
use super::segments::merge_segments;
use super::set_aside::input;
use crate::error::Error;
use crate::flush::retry_us;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// The task.
pub(crate) struct MergeHelper {
    pub(crate) storage: Arc<Storage>,
    pub(crate) is_stopped: Arc<AtomicBool>,
    /// Its place in the figures.
    pub(crate) number: usize,
    /// Failures since the last merge that worked.
    pub(crate) failures: u32,
}

impl Steps for MergeHelper {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let storage = Arc::clone(&self.storage);
        let Some(claim) = self.claim() else { return Next::Wait };
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        let merged = merge_segments(&storage, &claim, &is_stopped);
        let paths = claim.inputs.iter().map(|it| input(it.number(), it.file().path()));
        let paths: Vec<_> = paths.collect();
        drop(claim);
        let (next, failure) = match merged {
            Ok(_) => {
                self.failures = 0;
                storage.figures.compactions.fetch_add(1, Ordering::Relaxed);
                storage.remove_obsolete();
                storage.committer.get().inspect(|committer| committer.wake());
                (Next::Again, None)
            }
            Err(Error::Aborted) => (Next::Again, None),
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                storage.figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                let now_us = storage.env.clock.monotonic_us();
                storage.merging.lock().set_aside.note(&error, &paths, now_us);
                (Next::WaitUs(retry_us(self.failures)), Some(error))
            }
        };
        storage.figures.set_compaction_error(self.number, failure);
        // It may have waited for these segments, or has to remove files.
        storage.wake_compactor();
        next
    }
}

impl MergeHelper {
    fn claim(&self) -> Option<Claim<'_>> {
        let merging = &self.storage.merging;
        let chosen = merging.claim(&self.storage, |parts, segments| {
            // Alone, it would be the other task's work.
            if parts.is_idle() {
                return None;
            }
            let sizes: Vec<u64> =
                segments.iter().map(|segment| segment.file().file_bytes()).collect();
            let is_held: Vec<bool> =
                segments.iter().map(|segment| parts.holds(segment.number())).collect();
            let policy = self.storage.options.merge_policy;
            choose_around(&sizes, &is_held, false, policy).map(|range| (range, ()))
        });
        chosen.map(|(claim, ())| claim)
    }
}
