//! What the tasks that merge segments share: which segments are being merged, and which are left
//! alone because they are damaged.
//!
//! A merge of large segments takes many seconds. Meanwhile what is flushed has to be merged too:
//! otherwise there would soon be as many segments as there may be, and writers would wait until the
//! large merge is over.
//!
//! Invariants:
//! - A segment is in one merge at most: it is claimed under the lock under which it was chosen, and
//!   the claim ends after the layers changed.
//! - Merges that go on together differ in size by [`ShardOptions::merge_bytes_factor_min`], so a
//!   task is soon free for the small ones.
//! - The catalog is locked under this lock, and never the other way round.
//!
//! [`ShardOptions::merge_bytes_factor_min`]: crate::options::ShardOptions::merge_bytes_factor_min

use super::policy::{FAN_IN, choose_around};
use super::set_aside::{SetAside, input};
use crate::error::Error;
use crate::options::MergePolicy;
use crate::segment::Segment;
use crate::storage::Storage;
use crate::sync::{Mutex, MutexGuard};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Shared by the tasks.
#[derive(Default)]
pub(crate) struct MergeClaims(Mutex<Claimed>);

/// What the lock protects.
#[derive(Default)]
pub(super) struct Claimed {
    /// Damaged files that are not merged for now.
    pub(super) set_aside: SetAside,
    running: Vec<Running>,
    /// The first task does what takes long and is no merge of segments.
    is_first_busy: bool,
}

/// One merge.
struct Running {
    /// Of its segments.
    numbers: Vec<u32>,
    bytes: u64,
}

/// Segments that nobody else may merge, until it is dropped.
pub(super) struct Claim<'a> {
    claims: &'a MergeClaims,
    /// Neighbours, oldest first.
    pub(super) inputs: Vec<Arc<Segment>>,
    /// There are segments before them.
    pub(super) has_older: bool,
    /// They are all segments that there are.
    pub(super) is_all: bool,
}

impl MergeClaims {
    pub(super) fn lock(&self) -> MutexGuard<'_, Claimed> {
        self.0.lock()
    }

    /// Whether the first task cannot look after what is flushed.
    pub(crate) fn is_first_busy(&self) -> bool {
        self.0.lock().is_first_busy()
    }

    /// What is wrong with a file that is left alone.
    pub(crate) fn damage(&self) -> Option<Error> {
        self.0.lock().set_aside.error().cloned()
    }

    /// The first task is busy with other work until what this gives is dropped.
    pub(super) fn begin_other_work(&self) -> OtherWork<'_> {
        self.0.lock().is_first_busy = true;
        OtherWork(self)
    }

    /// Claims the segments that `choose` names, if such a merge may go on beside the others. It is
    /// given all segments, oldest first.
    pub(super) fn claim<T>(
        &self,
        storage: &Storage,
        choose: impl FnOnce(&Claimed, &[Arc<Segment>]) -> Option<(Range<usize>, T)>,
    ) -> Option<(Claim<'_>, T)> {
        let mut claimed = self.0.lock();
        // Read under the lock: what a merge that is over has replaced is not among them.
        let segments = storage.segments();
        let (range, more) = choose(&claimed, &segments)?;
        let range =
            claimed.as_much_as_may_run(&segments, range, storage.options.merge_bytes_factor_min)?;
        let (has_older, is_all) = (range.start > 0, range.len() == segments.len());
        let inputs = segments.get(range).unwrap_or_default().to_vec();
        let bytes = bytes_of(&inputs);
        let numbers = inputs.iter().map(|input| input.number()).collect();
        claimed.running.push(Running { numbers, bytes });
        Some((Claim { claims: self, inputs, has_older, is_all }, more))
    }
}

impl Claimed {
    /// Whether a merge goes on, or the first task is busy otherwise.
    pub(super) fn is_first_busy(&self) -> bool {
        self.is_first_busy || !self.is_idle()
    }

    /// Whether no merge of segments goes on.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Whether a segment is not to be merged now.
    pub(super) fn holds(&self, number: u32) -> bool {
        let is_merged = |running: &Running| running.numbers.contains(&number);
        self.set_aside.holds(number) || self.running.iter().any(is_merged)
    }

    /// What a policy chooses of all segments but those that are not to be merged now.
    pub(super) fn choose(
        &self,
        segments: &[Arc<Segment>],
        is_at_rest: bool,
        policy: MergePolicy,
    ) -> Option<Range<usize>> {
        let sizes: Vec<u64> = segments.iter().map(|segment| segment.file().file_bytes()).collect();
        let is_held: Vec<bool> =
            segments.iter().map(|segment| self.holds(segment.number())).collect();
        choose_around(&sizes, &is_held, is_at_rest, policy)
    }

    /// The range, or as much of the newest of it as may run beside the others, but not less than is
    /// merged otherwise: small segments that came in while all tasks were busy would soon be too
    /// many for any of them.
    fn as_much_as_may_run(
        &self,
        segments: &[Arc<Segment>],
        range: Range<usize>,
        factor_min: u64,
    ) -> Option<Range<usize>> {
        let may_run = |range: &Range<usize>| {
            self.may_run(bytes_of(segments.get(range.clone()).unwrap_or_default()), factor_min)
        };
        let fewest = range.len().min(FAN_IN);
        (range.start..=range.end - fewest).map(|start| start..range.end).find(may_run)
    }

    fn may_run(&self, bytes: u64, factor_min: u64) -> bool {
        let is_apart = |other: u64| {
            bytes.saturating_mul(factor_min) <= other || other.saturating_mul(factor_min) <= bytes
        };
        self.running.iter().all(|other| is_apart(other.bytes))
    }
}

impl Claim<'_> {
    /// Numbers and paths of the files.
    pub(super) fn input_paths(&self) -> Vec<(u32, PathBuf)> {
        self.inputs.iter().map(|it| input(it.number(), it.file().path())).collect()
    }
}

fn bytes_of(segments: &[Arc<Segment>]) -> u64 {
    segments.iter().map(|segment| segment.file().file_bytes()).sum()
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let first = self.inputs.first().map(|input| input.number());
        let is_mine = |other: &Running| other.numbers.first().copied() == first;
        self.claims.0.lock().running.retain(|other| !is_mine(other));
    }
}

/// See [`MergeClaims::begin_other_work`].
pub(super) struct OtherWork<'a>(&'a MergeClaims);

impl Drop for OtherWork<'_> {
    fn drop(&mut self) {
        self.0.0.lock().is_first_busy = false;
    }
}

#[cfg(test)]
mod tests {
    use super::{Claimed, Running};

    #[test]
    fn merges_of_similar_size_do_not_go_on_together() {
        let running = |bytes| Running { numbers: vec![1, 2], bytes };
        let mut claimed = Claimed::default();
        assert!(claimed.is_idle() && claimed.may_run(u64::MAX, 8));
        claimed.running.push(running(800));
        assert!(claimed.may_run(100, 8) && !claimed.may_run(101, 8));
        assert!(claimed.may_run(6400, 8) && !claimed.may_run(6399, 8));
        claimed.running.push(running(80));
        assert!(claimed.may_run(10, 8) && !claimed.may_run(100, 8));
        assert!(claimed.holds(2) && !claimed.holds(3));
    }
}
