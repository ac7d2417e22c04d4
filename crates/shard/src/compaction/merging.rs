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
//! - Merges that go on together differ in size by [`ShardOptions::merges_apart`], so a task is left
//!   for the small ones.
//!
//! [`ShardOptions::merges_apart`]: crate::options::ShardOptions::merges_apart

use super::policy::FAN_IN;
use super::set_aside::SetAside;
use crate::segment::Segment;
use crate::storage::Storage;
use crate::sync::{Mutex, MutexGuard};
use std::ops::Range;
use std::sync::Arc;

/// Shared by the tasks.
#[derive(Default)]
pub(crate) struct Merging(Mutex<Parts>);

/// What the lock protects.
#[derive(Default)]
pub(super) struct Parts {
    /// Damaged files that are not merged for now.
    pub(super) set_aside: SetAside,
    running: Vec<Running>,
}

/// One merge.
struct Running {
    /// Of its segments.
    numbers: Vec<u32>,
    bytes: u64,
}

/// Segments that nobody else may merge, until it is dropped.
pub(super) struct Claim<'a> {
    merging: &'a Merging,
    /// Neighbours, oldest first.
    pub(super) inputs: Vec<Arc<Segment>>,
    /// There are segments before them.
    pub(super) has_older: bool,
    /// They are all segments that there are.
    pub(super) is_all: bool,
}

impl Merging {
    pub(super) fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock()
    }

    /// Whether a merge goes on.
    pub(crate) fn is_running(&self) -> bool {
        !self.0.lock().running.is_empty()
    }

    /// Claims the segments that `choose` names, if such a merge may go on beside the others. It is
    /// given all segments, oldest first.
    pub(super) fn claim<T>(
        &self,
        storage: &Storage,
        choose: impl FnOnce(&Parts, &[Arc<Segment>]) -> Option<(Range<usize>, T)>,
    ) -> Option<(Claim<'_>, T)> {
        let mut parts = self.0.lock();
        // Read under the lock: what a merge that is over has replaced is not among them.
        let segments = storage.segments();
        let (range, more) = choose(&parts, &segments)?;
        let range = parts.as_much_as_may_run(&segments, range, storage.options.merges_apart)?;
        let (has_older, is_all) = (range.start > 0, range.len() == segments.len());
        let inputs = segments.get(range).unwrap_or_default().to_vec();
        let bytes = bytes_of(&inputs);
        let numbers = inputs.iter().map(|input| input.number()).collect();
        parts.running.push(Running { numbers, bytes });
        Some((Claim { merging: self, inputs, has_older, is_all }, more))
    }
}

impl Parts {
    /// Whether no merge goes on.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Whether a segment is not to be merged now.
    pub(super) fn holds(&self, number: u32) -> bool {
        let is_merged = |running: &Running| running.numbers.contains(&number);
        self.set_aside.holds(number) || self.running.iter().any(is_merged)
    }

    /// The range, or the newest of it when all of it may not run beside the other merges: small
    /// segments that came in while all tasks were busy would soon be too many for any of them.
    fn as_much_as_may_run(
        &self,
        segments: &[Arc<Segment>],
        range: Range<usize>,
        apart: u64,
    ) -> Option<Range<usize>> {
        let may_run = |range: &Range<usize>| {
            self.may_run(bytes_of(segments.get(range.clone()).unwrap_or_default()), apart)
        };
        let fewest = range.len().min(FAN_IN);
        (range.start..=range.end - fewest).map(|start| start..range.end).find(may_run)
    }

    fn may_run(&self, bytes: u64, apart: u64) -> bool {
        let is_apart = |other: u64| {
            bytes.saturating_mul(apart) <= other || other.saturating_mul(apart) <= bytes
        };
        self.running.iter().all(|other| is_apart(other.bytes))
    }
}

fn bytes_of(segments: &[Arc<Segment>]) -> u64 {
    segments.iter().map(|segment| segment.file().file_bytes()).sum()
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let first = self.inputs.first().map(|input| input.number());
        let is_mine = |other: &Running| other.numbers.first().copied() == first;
        self.merging.0.lock().running.retain(|other| !is_mine(other));
    }
}

#[cfg(test)]
mod tests {
    use super::{Parts, Running};

    #[test]
    fn merges_of_similar_size_do_not_go_on_together() {
        let running = |bytes| Running { numbers: vec![1, 2], bytes };
        let mut parts = Parts::default();
        assert!(parts.is_idle() && parts.may_run(u64::MAX, 8));
        parts.running.push(running(800));
        assert!(parts.may_run(100, 8) && !parts.may_run(101, 8));
        assert!(parts.may_run(6400, 8) && !parts.may_run(6399, 8));
        parts.running.push(running(80));
        assert!(parts.may_run(10, 8) && !parts.may_run(100, 8));
        assert!(parts.holds(2) && !parts.holds(3));
    }
}
