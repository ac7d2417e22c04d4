//! The background task that merges segments and vector files, one merge a step, and removes files
//! that nobody needs.

use super::merge::{Merge, OlderSegments};
use super::policy::choose_around;
use super::rest::Rest;
use super::set_aside::{SetAside, input};
use super::vectors::{VectorMerge, WrittenAgain};
use crate::error::{Error, Result};
use crate::flush::retry_us;
use crate::layer_files::{NewFiles, OldVectors};
use crate::segment::{Segment, write_segment};
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use sutra_env::{Next, Steps};
use sutra_format::segment::commits;

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
    /// Damaged files that are not merged for now.
    pub(crate) set_aside: SetAside,
    /// Whether there is time to merge more.
    pub(crate) rest: Rest,
    /// Looks in a row that found views which still read what is not needed otherwise.
    pub(crate) looks: u32,
}

/// Which neighbours are merged next.
struct Choice {
    range: Range<usize>,
    /// It need not be: there is time for it.
    is_for_rest: bool,
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
        let set_aside = |task: &Self| task.set_aside.error().cloned();
        // What keeps a flush waiting for a merge is not why some other merge failed before.
        let (next, failure, blocking) = match result {
            Ok(false) => (self.rest(now_us, some_stay), set_aside(self), set_aside(self)),
            Ok(true) => {
                (self.failures, self.looks) = (0, 0);
                figures.compactions.fetch_add(1, Ordering::Relaxed);
                (Next::Again, set_aside(self), None)
            }
            Err(Failure { error: Error::Aborted, .. }) => (Next::Again, set_aside(self), None),
            Err(Failure { error, is_set_aside: true }) => {
                figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                // Without the damaged file there may be something else to merge.
                (Next::Again, Some(error), None)
            }
            Err(Failure { error, .. }) => {
                figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                self.failures = self.failures.saturating_add(1);
                (Next::WaitUs(retry_us(self.failures)), Some(error.clone()), Some(error))
            }
        };
        // The committer lets go of files that were merged, and a flush may wait for this merge.
        let must_tell = next == Next::Again || blocking.is_some();
        *figures.compaction_error.lock() = failure;
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
        let retry_us = self.set_aside.wait_us(now_us);
        let rest_us = self.rest.wait_us(now_us);
        let rest_us = rest_us.filter(|_| self.choose(true).1.is_some());
        // Nobody says when a view is given back; one that lives long costs few looks.
        let look_us = if some_stay {
            let look_us = (LOOK_AGAIN_US_MIN << self.looks.min(20)).min(LOOK_AGAIN_US_MAX);
            self.looks += 1;
            Some(look_us)
        } else {
            self.looks = 0;
            None
        };
        let soonest_us = retry_us.into_iter().chain(rest_us).chain(look_us).min();
        soonest_us.map_or(Next::Wait, Next::WaitUs)
    }

    /// One merge, if there is one to do. Whether there was.
    fn merge_something(&mut self, now_us: u64) -> Result<bool, Failure> {
        self.look_at_damaged(now_us);
        self.rest.look(self.storage.shared.published_seqno(), now_us);
        let (segments, choice) = self.choose(self.rest.wait_us(now_us).is_none());
        let Some(Choice { range, is_for_rest }) = choice else { return self.merge_vectors(now_us) };
        let has_older = range.start > 0;
        let is_all = range.len() == segments.len();
        let inputs = segments.get(range).unwrap_or_default();
        let merged = self.merge(inputs, has_older, is_for_rest);
        if is_for_rest && matches!(merged, Err(Error::DiskFull { .. })) {
            self.rest.found_no_room(now_us);
        }
        let retain_from = merged.map_err(|error| {
            let inputs =
                inputs.iter().map(|segment| input(segment.number(), segment.file().path()));
            self.fail(error, &inputs.collect::<Vec<_>>(), now_us)
        })?;
        if is_all {
            self.cleaned_to = retain_from;
            let state = self.storage.shared.state();
            self.cleaned_items = state.segments().map(|segment| items(segment)).sum();
        }
        Ok(true)
    }

    /// All segments, and which of them to merge next.
    fn choose(&self, is_at_rest: bool) -> (Vec<Arc<Segment>>, Option<Choice>) {
        let segments = self.segments();
        let sizes: Vec<u64> = segments.iter().map(|segment| segment.file().file_bytes()).collect();
        let is_set_aside: Vec<bool> =
            segments.iter().map(|segment| self.set_aside.holds(segment.number())).collect();
        let policy = self.storage.options.merge_policy;
        let around = |is_at_rest| choose_around(&sizes, &is_set_aside, is_at_rest, policy);
        let range = around(false).or_else(|| {
            let may_merge_all = !is_set_aside.contains(&true);
            (may_merge_all && self.is_mostly_garbage(&segments)).then_some(0..segments.len())
        });
        let choice = range.map(|range| Choice { range, is_for_rest: false });
        let choice = choice.or_else(|| {
            let range = if is_at_rest { around(true) } else { None };
            range.map(|range| Choice { range, is_for_rest: true })
        });
        (segments, choice)
    }

    /// Compares the checksums of damaged files again when it is time: a merge would read and write
    /// everything before the damage first.
    fn look_at_damaged(&mut self, now_us: u64) {
        self.forget_what_is_gone();
        for number in self.set_aside.due(now_us) {
            let segments = self.segments();
            let segment = segments.iter().find(|segment| segment.number() == number);
            match segment.map_or(Ok(()), |segment| segment.file().verify_all()) {
                Ok(()) => self.set_aside.release(number),
                Err(error) => self.set_aside.add(number, &error, now_us),
            }
        }
    }

    /// Oldest first.
    fn segments(&self) -> Vec<Arc<Segment>> {
        let state = self.storage.shared.state();
        let mut segments: Vec<Arc<Segment>> = state.segments().cloned().collect();
        segments.reverse();
        segments
    }

    fn forget_what_is_gone(&mut self) {
        let catalog = self.storage.catalog();
        let manifest = &catalog.manifest;
        self.set_aside.keep(|number| {
            manifest.segments.iter().any(|entry| entry.number == number)
                || manifest.vector_files.iter().any(|entry| entry.number == number)
        });
    }

    fn fail(&mut self, error: Error, inputs: &[(u32, PathBuf)], now_us: u64) -> Failure {
        let is_set_aside = self.set_aside.note(&error, inputs, now_us);
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

    fn merge(&self, inputs: &[Arc<Segment>], has_older: bool, is_for_rest: bool) -> Result<u64> {
        let storage = &self.storage;
        let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else { return Ok(0) };
        let seqnos = (first.seqnos().0, last.seqnos().1);
        let retain_from = storage.retained_from(seqnos.1);
        let older = OlderSegments::new(storage, has_older);
        let flushes = || storage.figures.flushes.load(Ordering::Relaxed);
        let begun_at = flushes();
        // What has to be merged would wait behind what need not be.
        let is_late = || is_for_rest && flushes().saturating_sub(begun_at) >= FLUSHES_AT_REST_MAX;
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed) || is_late();
        let merge = Merge::new(inputs, older, retain_from, &is_stopped)?;
        let mut names = Vec::new();
        let mut times = Vec::new();
        for input in inputs {
            names.extend_from_slice(input.names()?);
            times.extend(commits::entries(input.commits()?).filter(|(s, _)| *s >= retain_from));
        }
        let mut files = NewFiles::default();
        let written = write_segment(storage, &merge, seqnos, &names, &times);
        files.segment = Some(written?);
        let synced = storage.sync_names();
        if synced.is_err() {
            files.discard(&storage.dir);
            synced?;
        }
        let bytes = files.bytes();
        storage.install_compacted(inputs, &OldVectors::NONE, files, retain_from)?;
        storage.figures.compaction_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(retain_from)
    }

    fn merge_vectors(&mut self, now_us: u64) -> Result<bool, Failure> {
        let is_set_aside = |number| self.set_aside.holds(number);
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
