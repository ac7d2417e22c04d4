//! The background task that merges segments and vector files, one merge a step, and removes files
//! that nobody needs.

use super::merge::{Merge, OlderSegments};
use super::policy::choose_around;
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
/// The store is at rest when no segment was written for so long.
const REST_US: u64 = 500_000;
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
    /// Flushes that were there at the last look, and when the last of them was seen.
    pub(crate) flushes_seen: u64,
    pub(crate) flush_seen_us: u64,
    /// Looks in a row that found views which still read what is not needed otherwise.
    pub(crate) looks: u32,
}

impl Steps for Compactor {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let some_stay = self.storage.free_retired() | self.storage.remove_obsolete();
        let result = self.merge_something();
        let storage = Arc::clone(&self.storage);
        let figures = &storage.figures;
        let mut must_tell = false;
        let (next, failure) = match result {
            Ok(false) => (self.rest(some_stay), None),
            Ok(true) => {
                (self.failures, self.looks) = (0, 0);
                figures.compactions.fetch_add(1, Ordering::Relaxed);
                // The committer lets go of the files that were merged.
                storage.committer.get().inspect(|committer| committer.wake());
                (Next::Again, None)
            }
            Err(Failure { error, is_set_aside }) => {
                figures.compaction_failures.fetch_add(1, Ordering::Relaxed);
                must_tell = true;
                // Without the damaged file there may be something else to merge.
                let next = if is_set_aside {
                    Next::Again
                } else {
                    self.failures = self.failures.saturating_add(1);
                    Next::WaitUs(retry_us(self.failures))
                };
                (next, Some(error))
            }
        };
        let failure = failure.or_else(|| self.set_aside.error().cloned());
        *figures.compaction_error.lock() = failure;
        if must_tell {
            // A flush may wait for this merge.
            storage.committer.get().inspect(|committer| committer.wake());
        }
        next
    }
}

/// Why nothing was merged.
struct Failure {
    error: Error,
    /// It is damage, and what is damaged is left alone from now on.
    is_set_aside: bool,
}

impl Compactor {
    /// Nothing is to be merged: how long to wait before looking again.
    fn rest(&mut self, some_stay: bool) -> Next {
        let now_us = self.storage.env.clock.monotonic_us();
        let retry_us = self.set_aside.wait_us(now_us);
        let since_us = now_us.saturating_sub(self.flush_seen_us);
        let rest_us = (since_us < REST_US && self.choose(now_us, true).1.is_some())
            .then(|| REST_US - since_us);
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
    fn merge_something(&mut self) -> Result<bool, Failure> {
        let now_us = self.storage.env.clock.monotonic_us();
        self.forget_what_is_gone();
        let flushes = self.storage.figures.flushes.load(Ordering::Relaxed);
        if self.flushes_seen != flushes {
            (self.flushes_seen, self.flush_seen_us) = (flushes, now_us);
        }
        let is_at_rest = now_us.saturating_sub(self.flush_seen_us) >= REST_US;
        let (segments, range) = self.choose(now_us, is_at_rest);
        let Some(range) = range else { return self.merge_vectors(now_us) };
        let has_older = range.start > 0;
        let is_all = range.len() == segments.len();
        let inputs = segments.get(range).unwrap_or_default();
        let merged = self.merge(inputs, has_older);
        let retain_from = merged.map_err(|error| {
            let inputs =
                inputs.iter().map(|segment| input(segment.number(), segment.file().path()));
            self.fail(error, &inputs.collect::<Vec<_>>())
        })?;
        if is_all {
            self.cleaned_to = retain_from;
            let state = self.storage.shared.state();
            self.cleaned_items = state.segments().map(|segment| items(segment)).sum();
        }
        Ok(true)
    }

    /// All segments, and the neighbours among them to merge next.
    fn choose(&self, now_us: u64, is_at_rest: bool) -> (Vec<Arc<Segment>>, Option<Range<usize>>) {
        let segments = self.segments();
        let sizes: Vec<u64> = segments.iter().map(|segment| segment.file().file_bytes()).collect();
        let is_set_aside: Vec<bool> =
            segments.iter().map(|segment| self.set_aside.holds(segment.number(), now_us)).collect();
        let policy = self.storage.options.merge_policy;
        let range = choose_around(&sizes, &is_set_aside, is_at_rest, policy).or_else(|| {
            let may_merge_all = !is_set_aside.contains(&true);
            (may_merge_all && self.is_mostly_garbage(&segments)).then_some(0..segments.len())
        });
        (segments, range)
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

    fn fail(&mut self, error: Error, inputs: &[(u32, PathBuf)]) -> Failure {
        let now_us = self.storage.env.clock.monotonic_us();
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

    fn merge(&self, inputs: &[Arc<Segment>], has_older: bool) -> Result<u64> {
        let storage = &self.storage;
        let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else { return Ok(0) };
        let seqnos = (first.seqnos().0, last.seqnos().1);
        let retain_from = storage.retained_from(seqnos.1);
        let older = OlderSegments::new(storage, has_older);
        let merge = Merge::new(inputs, older, retain_from, Some(&self.is_stopped))?;
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
        let is_set_aside = |number| self.set_aside.holds(number, now_us);
        let merge = VectorMerge::choose(&self.storage, &self.vectors_written, &is_set_aside);
        let Some(merge) = merge else { return Ok(false) };
        let merged = merge.run(&self.storage, &mut self.vectors_written);
        let bytes = merged.map_err(|error| self.fail(error, &merge.input_paths(&self.storage)))?;
        self.storage.figures.compaction_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(true)
    }
}

/// Versions of concepts and associations in a segment.
fn items(segment: &Segment) -> u64 {
    segment.concepts() + segment.associations()
}
