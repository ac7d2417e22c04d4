//! The background task that merges segments and vector files, one merge a step, and removes files
//! that nobody needs.

use super::claims::{Claim, Claimed};
use super::rest::Rest;
use super::segments::merge_segments;
use super::vectors::{VectorMerge, WrittenAgain};
use crate::error::{Error, Result};
use crate::flush::retry_us;
use crate::segment::Segment;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// Its place in the figures; the helpers have those after it.
const NUMBER: usize = 0;

/// All segments are merged when of what they hold more than one part in so many is garbage.
const GARBAGE_DIVISOR: u64 = 3;
/// A merge that need not be is given up when so many flushes came in.
const FLUSHES_AT_REST_MAX: u64 = 2;
/// How long to wait before looking whether files that were merged are still read.
const LOOK_AGAIN_US_MIN: u64 = 50_000;
/// Never longer than this.
const LOOK_AGAIN_US_MAX: u64 = 60_000_000;

/// The task.
pub(crate) struct Compactor {
    pub(crate) storage: Arc<Storage>,
    pub(crate) is_stopped: Arc<AtomicBool>,
    /// Failures since the last merge that worked.
    pub(crate) failures: u32,
    /// Up to where versions were given up when all segments were last merged, and how many items
    /// were left: with history more than live ones.
    pub(crate) cleaned_to: u64,
    pub(crate) cleaned_items: u64,
    /// Files of vectors that were written again.
    pub(crate) vectors_written: WrittenAgain,
    /// Whether there is time to merge more.
    pub(crate) rest: Rest,
    /// Looks in a row that found views which still read what is not needed otherwise.
    pub(crate) looks: u32,
    /// When the next such look is due: whoever wakes the task earlier does not put it off.
    pub(crate) look_at_us: u64,
}

/// Why segments are merged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// There are too many, or they hold too much that nobody reads.
    Needed,
    /// It need not be: there is time for it.
    Rest,
}

/// Why nothing was merged.
struct Failure {
    error: Error,
    /// It is damage, and what is damaged is left alone from now on.
    is_set_aside: bool,
}

impl Steps for Compactor {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let some_stay = self.storage.free_retired() | self.storage.remove_obsolete();
        let now_us = self.storage.env.clock.monotonic_us();
        let result = self.merge_something(now_us);
        let storage = Arc::clone(&self.storage);
        let figures = &storage.figures;
        // A merge beside this one may make room: it wakes this task when it is over.
        let if_alone = |error| storage.merging.lock().is_idle().then_some(error);
        // What keeps a flush waiting for a merge is not why some other merge failed before.
        let (next, failure, blocking) = match result {
            Ok(false) => {
                (self.rest(now_us, some_stay), None, storage.merging.damage().and_then(if_alone))
            }
            Ok(true) => {
                (self.failures, self.looks, self.look_at_us) = (0, 0, 0);
                figures.compactions.fetch_add(1, Ordering::Relaxed);
                (Next::Again, None, None)
            }
            Err(Failure { error: Error::Aborted, .. }) => (Next::Again, None, None),
            Err(Failure { is_set_aside: true, .. }) => {
                figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                // Without the damaged file there may be something else to merge.
                (Next::Again, None, None)
            }
            Err(Failure { error, .. }) => {
                figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                self.failures = self.failures.saturating_add(1);
                (Next::WaitUs(retry_us(self.failures)), Some(error.clone()), if_alone(error))
            }
        };
        // The committer lets go of files that were merged, and a flush may wait for this merge.
        let must_tell = next == Next::Again || blocking.is_some();
        figures.set_compaction_error(NUMBER, failure);
        *figures.merge_blocked_by.lock() = blocking;
        if must_tell {
            storage.committer.get().inspect(|committer| committer.wake());
        }
        next
    }
}

impl Compactor {
    /// Nothing is to be merged: how long to wait before looking again.
    fn rest(&mut self, now_us: u64, some_stay: bool) -> Next {
        let retry_us = self.storage.merging.lock().set_aside.wait_us(now_us);
        let rest_us = self.rest.wait_us(now_us);
        let rest_us = rest_us.filter(|_| self.would_merge_at_rest());
        // Nobody says when a view is given back; one that lives long costs few looks.
        let look_us = if some_stay {
            if now_us >= self.look_at_us {
                let look_us = (LOOK_AGAIN_US_MIN << self.looks.min(20)).min(LOOK_AGAIN_US_MAX);
                (self.looks, self.look_at_us) = (self.looks + 1, now_us + look_us);
            }
            Some(self.look_at_us - now_us)
        } else {
            (self.looks, self.look_at_us) = (0, 0);
            None
        };
        let soonest_us = retry_us.into_iter().chain(rest_us).chain(look_us).min();
        soonest_us.map_or(Next::Wait, Next::WaitUs)
    }

    /// One merge, if there is one to do. Whether there was.
    fn merge_something(&mut self, now_us: u64) -> Result<bool, Failure> {
        self.look_at_damaged(now_us);
        self.rest.look(self.storage.shared.published_seqno(), now_us);
        let storage = Arc::clone(&self.storage);
        let is_at_rest = self.rest.wait_us(now_us).is_none();
        let Some((claim, reason)) = self.claim(&storage, is_at_rest) else {
            return self.merge_vectors(now_us);
        };
        let merged = self.merge(&claim, reason);
        if reason == Reason::Rest && matches!(merged, Err(Error::DiskFull { .. })) {
            self.rest.found_no_room(now_us);
        }
        let retain_from = merged.map_err(|error| self.fail(error, &claim.input_paths(), now_us))?;
        if claim.is_all {
            self.cleaned_to = retain_from;
            let state = self.storage.shared.state();
            self.cleaned_items = state.segments().map(|segment| items(segment)).sum();
        }
        Ok(true)
    }

    /// Claims what is merged next.
    fn claim<'a>(&self, storage: &'a Storage, is_at_rest: bool) -> Option<(Claim<'a>, Reason)> {
        // Looked at before: it may have to read the files, and the lock is short.
        let is_garbage = self.is_mostly_garbage(&storage.segments());
        storage.merging.claim(storage, |claimed, segments| {
            self.choose(claimed, segments, is_garbage, is_at_rest)
        })
    }

    /// Whether there will be something to merge at rest.
    fn would_merge_at_rest(&self) -> bool {
        let segments = self.storage.segments();
        self.choose(&self.storage.merging.lock(), &segments, false, true).is_some()
    }

    fn choose(
        &self,
        claimed: &Claimed,
        segments: &[Arc<Segment>],
        is_garbage: bool,
        is_at_rest: bool,
    ) -> Option<(Range<usize>, Reason)> {
        let policy = self.storage.options.merge_policy;
        let around = |is_at_rest| claimed.choose(segments, is_at_rest, policy);
        // What is of the whole store waits for the merges that go on.
        let is_alone = claimed.is_idle();
        let range = around(false).or_else(|| {
            let may_merge_all = is_alone && !segments.iter().any(|it| claimed.holds(it.number()));
            (may_merge_all && is_garbage).then_some(0..segments.len())
        });
        let choice = range.map(|range| (range, Reason::Needed));
        choice.or_else(|| {
            let range = if is_at_rest && is_alone { around(true) } else { None };
            range.map(|range| (range, Reason::Rest))
        })
    }

    /// Compares the checksums of damaged files again when it is time: a merge would read and write
    /// everything before the damage first.
    fn look_at_damaged(&self, now_us: u64) {
        self.forget_what_is_gone();
        let merging = &self.storage.merging;
        let due = merging.lock().set_aside.due(now_us);
        let _busy = (!due.is_empty()).then(|| merging.begin_other_work());
        for number in due {
            let segments = self.storage.segments();
            let segment = segments.iter().find(|segment| segment.number() == number);
            let verified = segment.map_or(Ok(()), |segment| segment.file().verify_all());
            let set_aside = &mut merging.lock().set_aside;
            match verified {
                Ok(()) => set_aside.release(number),
                Err(error) => set_aside.add(number, &error, now_us),
            }
        }
    }

    fn forget_what_is_gone(&self) {
        let exists: Vec<u32> = {
            let catalog = self.storage.catalog();
            let segments = catalog.manifest.segments.iter().map(|entry| entry.number);
            segments.chain(catalog.manifest.vector_files.iter().map(|e| e.number)).collect()
        };
        self.storage.merging.lock().set_aside.keep(|number| exists.contains(&number));
    }

    fn fail(&self, error: Error, inputs: &[(u32, PathBuf)], now_us: u64) -> Failure {
        let is_set_aside = self.storage.merging.lock().set_aside.note(&error, inputs, now_us);
        Failure { error, is_set_aside }
    }

    /// Whether merging all segments would give up much.
    fn is_mostly_garbage(&self, segments: &[Arc<Segment>]) -> bool {
        let Some(last) = segments.last() else { return false };
        // With one segment only history may have left something to give up since the last time.
        let (_, last_seqno) = last.seqnos();
        let retain_from = self.storage.retained_from(last_seqno);
        if segments.len() == 1 && retain_from <= self.cleaned_to {
            return false;
        }
        let held: u64 = segments.iter().map(|segment| items(segment)).sum();
        let mut kept = self.storage.live_items();
        if self.storage.options.history_keep_us.is_some() {
            kept = kept.max(self.cleaned_items);
        }
        let garbage = held.saturating_sub(kept);
        garbage > self.storage.options.garbage_min && garbage > held / GARBAGE_DIVISOR
    }

    fn merge(&self, claim: &Claim<'_>, reason: Reason) -> Result<u64> {
        let flushes = || self.storage.figures.flushes.load(Ordering::Relaxed);
        let begun_at = flushes();
        // What need not be merged takes time from what has to be.
        let is_for_rest = reason == Reason::Rest;
        let is_late = || is_for_rest && flushes().saturating_sub(begun_at) >= FLUSHES_AT_REST_MAX;
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed) || is_late();
        merge_segments(&self.storage, claim, &is_stopped)
    }

    fn merge_vectors(&mut self, now_us: u64) -> Result<bool, Failure> {
        let is_set_aside = |number| self.storage.merging.lock().set_aside.holds(number);
        let _busy = self.storage.merging.begin_other_work();
        let merge = VectorMerge::choose(&self.storage, &self.vectors_written, &is_set_aside);
        let Some(merge) = merge else { return Ok(false) };
        let merged = merge.run(&self.storage, &mut self.vectors_written);
        let bytes =
            merged.map_err(|error| self.fail(error, &merge.input_paths(&self.storage), now_us))?;
        self.storage.figures.compaction_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(true)
    }
}

/// Versions of concepts and associations in a segment.
fn items(segment: &Segment) -> u64 {
    segment.concepts() + segment.associations()
}
