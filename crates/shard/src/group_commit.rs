//! The committer: takes everything queued, and makes one group of it with one write and one sync.
//!
//! There is no timer: while the disk is busy with one group, the next one gathers by itself.
//! A batch is applied before it is written, since later batches of its group must see it; readers
//! see it after the group is published, and never if its sync fails.
//!
//! Between groups the committer looks after the delta: one that is large is handed over for being
//! written to a segment, and while memory is at its bound no group is begun.

use crate::delta::{DeltaWriter, Outcome};
use crate::error::{Error, Result};
use crate::options::ShardOptions;
use crate::stats::Counters;
use crate::storage::{Freeze, Storage};
use crate::sync::Ordering;
use crate::wal::Wal;
use crate::write::{Ack, AckSink, Committed, Pending, Queue, Request};
use std::sync::Arc;
use sutra_env::{Env, Next, Steps, WorkHandle};
use sutra_format::{Batch, ConceptId, Op};

/// Batch bytes gathered into one group, if so many are waiting.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// A delta of so many bytes, or one whose newest log file has them, is written to a segment when
/// the shard is closed, so that opening it does not have to read the log.
const CLOSE_FLUSH_BYTES: u64 = 4 << 20;
/// A delta grows to so many times its length while segments cannot be merged.
const STUCK_TIMES_MAX: u64 = 2;
/// Part of the memory bound that writers have however much views hold.
const HELD_SHARE: u64 = 8;
/// How often a committer that waits for room looks for writes that waited too long.
const ROOM_WAIT_US: u64 = 50_000;

/// The background task that owns log and delta.
pub(crate) struct GroupCommit {
    pub env: Env,
    pub options: ShardOptions,
    pub queue: Arc<Queue>,
    pub wal: Wal,
    pub delta: DeltaWriter,
    pub counters: Arc<Counters>,
    pub storage: Arc<Storage>,
    /// Writes frozen deltas to segments.
    pub flusher: WorkHandle,
    /// Taken from the queue, empty between steps.
    pub group: Vec<Pending>,
    pub flushes: Flushes,
    /// Time of the last commit: times of commits do not go back.
    pub committed_us: u64,
    pub is_closed: bool,
}

/// Who waits for the newest delta to be in segments.
#[derive(Default)]
pub(crate) struct Flushes {
    /// Whom to tell, and the commit that has to be there.
    waiting: Vec<(Ack, u64)>,
    /// Whose commit is there, and the generation of the layers for which graphs are to be ready.
    /// The index of texts is to be in files up to the commit after it.
    indexing: Vec<(Ack, u64, u64)>,
    /// Whom to tell that the log is closed, which happens after that.
    closing: Vec<Ack>,
    /// Up to here the delta is to be handed over, as soon as another one may wait.
    wanted_seqno: u64,
    /// Failures of the flusher that were told already.
    failures_seen: u64,
    /// Failures of the indexer that were told already.
    graph_failures_seen: u64,
    /// Failures of the index of texts that were told already.
    text_failures_seen: u64,
    released_seqno: u64,
    /// The delta cannot be handed over before segments are merged.
    waits_for_merge: bool,
}

type Answer = (Ack, Result<Committed>);

impl Steps for GroupCommit {
    fn step(&mut self) -> Next {
        if self.is_closed {
            return Next::Done;
        }
        self.follow_storage();
        if self.is_closed {
            return Next::Done;
        }
        if self.must_wait_for_room() {
            // What this task held itself until now is given up by nobody else while merges go on.
            self.storage.free_retired();
        }
        if self.must_wait_for_room() {
            self.flushes.wanted_seqno = self.wal.last_seqno();
            self.freeze_if_due();
            self.go_on_without_room();
            return if self.is_closed { Next::Done } else { Next::WaitUs(ROOM_WAIT_US) };
        }
        if self.must_wait_for_index() {
            self.storage.texts.hurry();
            self.counters.waits_for_index.fetch_add(1, Ordering::Relaxed);
            self.go_on_without_room();
            return if self.is_closed { Next::Done } else { Next::WaitUs(ROOM_WAIT_US) };
        }
        let mut group = std::mem::take(&mut self.group);
        self.queue.take_group(GROUP_BYTES_MAX, &mut group);
        if group.is_empty() {
            return self.rest();
        }
        self.commit(&mut group);
        self.group = group;
        if self.is_closed { Next::Done } else { Next::Again }
    }
}

impl GroupCommit {
    /// Waits for more, unless a write failed: the queue refuses everything from then on, a close
    /// as well, and whoever closes waits for the end of this task.
    fn rest(&mut self) -> Next {
        if !self.wal.has_failed() {
            let is_empty = self.delta.seqnos().is_none();
            let age_max_us = self.options.delta_age_us_max.filter(|_| !is_empty);
            // One that is old already waits for others to be written: whoever writes them tells.
            let rest_us = age_max_us.map(|max_us| max_us.saturating_sub(self.age_us()));
            return rest_us.filter(|rest_us| *rest_us > 0).map_or(Next::Wait, Next::WaitUs);
        }
        self.wal.stop_spare();
        let closed = Error::Closed("an earlier write to the log failed; open it again".into());
        let flushes = std::mem::take(&mut self.flushes);
        let waiting = flushes
            .waiting
            .into_iter()
            .map(|(ack, _)| ack)
            .chain(flushes.indexing.into_iter().map(|(ack, _, _)| ack))
            .chain(flushes.closing);
        acknowledge(waiting.map(|ack| (ack, Err(closed.clone()))).collect(), None);
        Next::Done
    }

    fn commit(&mut self, group: &mut Vec<Pending>) {
        let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
        let started_us = self.env.clock.monotonic_us();
        let room = self.make_room(group, started_us);
        let now_us = self.env.clock.wall_us().max(self.committed_us);
        self.committed_us = now_us;
        let mut flushing = Vec::new();
        let mut closing = Vec::new();
        for Pending { request, ack, queued_us } in group.drain(..) {
            match request {
                Request::Write(batch) => {
                    let staged = room
                        .clone()
                        .and_then(|()| self.admit(queued_us, started_us))
                        .and_then(|()| self.stage(&batch, now_us));
                    answers.push((ack, staged));
                }
                Request::Flush => flushing.push(ack),
                Request::Close => closing.push(ack),
            }
        }
        let must_sync = !(flushing.is_empty() && closing.is_empty());
        let written = if must_sync { self.wal.sync() } else { self.wal.commit_group() };
        let written = written.inspect_err(|error| self.after_failure(error));
        #[cfg(feature = "planted-bugs")]
        if self.storage.has_bug(crate::PlantedBug::AckBeforePublish) {
            acknowledge(std::mem::take(&mut answers), written.as_ref().err());
        }
        if written.is_ok() {
            self.storage.shared.publish(self.wal.last_seqno(), self.delta.counts());
            self.storage.texts.after_publish();
        }
        self.count(&answers, started_us);
        let failure = written.err();
        if let Some(failure) = &failure {
            let asked = flushing.drain(..).chain(closing.drain(..));
            answers.extend(asked.map(|ack| (ack, Err(failure.clone()))));
        }
        acknowledge(answers, failure.as_ref());
        self.look_after_delta(flushing, closing);
    }

    /// Hands the delta over when it is large, old, or somebody asked for it.
    fn look_after_delta(&mut self, flushing: Vec<Ack>, closing: Vec<Ack>) {
        let last_seqno = self.wal.last_seqno();
        let bytes = self.delta.delta().memory().total();
        let is_worth_it =
            bytes >= CLOSE_FLUSH_BYTES || self.wal.segment_bytes() >= CLOSE_FLUSH_BYTES;
        if !flushing.is_empty() || (!closing.is_empty() && is_worth_it) {
            self.flushes.wanted_seqno = last_seqno;
            // After a failure it would wait for its next try, and whoever asked with it.
            self.flusher.wake();
        }
        self.flushes.waiting.extend(flushing.into_iter().map(|ack| (ack, last_seqno)));
        self.flushes.closing.extend(closing);
        self.freeze_if_due();
        self.answer_flushes();
    }

    fn freeze_if_due(&mut self) {
        let Some((first_seqno, _)) = self.delta.seqnos() else { return };
        let options = &self.options;
        let is_wanted = self.flushes.wanted_seqno >= first_seqno;
        let delta = self.delta.delta();
        let is_large = delta.cells() as usize >= options.memory_threshold
            || delta.memory().total() >= options.delta_bytes_max.min(options.memory_bytes_max / 3)
            || self.delta.is_full();
        if !(is_wanted || is_large || self.is_old()) || self.wal.has_failed() {
            return;
        }
        // What goes into segments must be in the log for certain: its records are given up only
        // after that, and the next seqno must not be given out again.
        if let Err(error) = self.wal.sync() {
            self.after_failure(&error);
        } else {
            let freeze = self.storage.freeze(&mut self.delta);
            self.flushes.waits_for_merge = freeze == Freeze::TooManySegments;
            if freeze == Freeze::Done {
                self.flusher.wake();
            }
        }
    }

    fn is_old(&self) -> bool {
        self.options.delta_age_us_max.is_some_and(|max_us| self.age_us() >= max_us)
    }

    /// Microseconds since the first commit in memory.
    fn age_us(&self) -> u64 {
        self.env.clock.wall_us().saturating_sub(self.delta.first_committed_us())
    }

    /// Takes note of what the background tasks did: the layers may have changed, the log may have
    /// been written to segments, a flush may have failed.
    fn follow_storage(&mut self) {
        let shared = &self.storage.shared;
        if shared.generation() != self.delta.state().generation() {
            self.delta.set_state(shared.state());
        }
        let floor_seqno = self.storage.floor_seqno();
        if floor_seqno > self.flushes.released_seqno && !self.wal.has_failed() {
            // What cannot be given up now is tried again after the next flush.
            let released = self.wal.release_below(floor_seqno);
            self.counters
                .release_failures
                .fetch_add(u64::from(released.is_err()), Ordering::Relaxed);
            self.flushes.released_seqno = floor_seqno;
        }
        self.freeze_if_due();
        self.answer_flushes();
    }

    fn answer_flushes(&mut self) {
        let floor_seqno = self.storage.floor_seqno();
        let is_empty = self.delta.seqnos().is_none() && !self.storage.is_flushing();
        let failures = self.storage.figures.flush_failures.load(Ordering::Acquire);
        let figures = &self.storage.figures;
        let mut failed = None;
        if failures > self.flushes.failures_seen {
            failed.clone_from(&figures.flush_error.lock());
        }
        if failed.is_none() && self.flushes.waits_for_merge {
            failed.clone_from(&figures.merge_blocked_by.lock());
        }
        self.flushes.failures_seen = failures;
        let mut answers = Vec::new();
        let done = Committed { seqno: self.wal.last_seqno(), outcomes: Vec::new() };
        let mut flushed = Vec::new();
        self.flushes.waiting.retain(|(ack, seqno)| {
            if *seqno <= floor_seqno || is_empty {
                flushed.push(ack.clone());
            } else if let Some(error) = &failed {
                answers.push((ack.clone(), Err(error.clone())));
            } else {
                return true;
            }
            false
        });
        self.wait_for_graphs(flushed);
        self.answer_indexed(&done, &mut answers);
        if failed.is_some() {
            self.flushes.wanted_seqno = 0;
        }
        let is_flushed = self.flushes.wanted_seqno <= floor_seqno || is_empty;
        if is_flushed && !self.is_saving_texts() && !self.flushes.closing.is_empty() {
            let closed = self.close_log();
            self.is_closed = true;
            let closing = std::mem::take(&mut self.flushes.closing);
            // Making a graph takes long; the next opening goes on with it.
            let unready = Error::Closed("closed before all vectors were in graphs".into());
            let indexing = self.flushes.indexing.drain(..);
            answers.extend(indexing.map(|(ack, _, _)| (ack, Err(unready.clone()))));
            answers.extend(
                closing.into_iter().map(|ack| (ack, closed.clone().map(|()| done.clone()))),
            );
        }
        acknowledge(answers, None);
    }

    /// What is in segments is to be in graphs too, as far as it belongs there.
    fn wait_for_graphs(&mut self, flushed: Vec<Ack>) {
        if flushed.is_empty() {
            return;
        }
        let generation = self.storage.shared.generation();
        let floor_seqno = self.storage.floor_seqno();
        let waiting = flushed.into_iter().map(|ack| (ack, generation, floor_seqno));
        self.flushes.indexing.extend(waiting);
        if self.storage.indexed_generation.load(Ordering::Acquire) < generation {
            self.storage.wake_indexer();
        }
        self.storage.texts.hurry();
    }

    fn answer_indexed(&mut self, done: &Committed, answers: &mut Vec<Answer>) {
        let figures = &self.storage.figures;
        let failures = figures.graph_failures.load(Ordering::Acquire);
        let has_failed = failures > self.flushes.graph_failures_seen;
        let mut failed = if has_failed { figures.graph_error.lock().clone() } else { None };
        self.flushes.graph_failures_seen = failures;
        // What cannot be indexed before a repair keeps no flush waiting.
        let is_damaged = self.storage.texts.is_damaged.load(Ordering::Acquire);
        let texts = &self.storage.texts.figures;
        let failures = texts.failures.load(Ordering::Acquire);
        if failures > self.flushes.text_failures_seen && !is_damaged {
            failed = failed.or_else(|| texts.error.lock().clone());
        }
        self.flushes.text_failures_seen = failures;
        let indexed = self.storage.indexed_generation.load(Ordering::Acquire);
        let saved = self.storage.texts.saved_seqno.load(Ordering::Acquire);
        let saved = if is_damaged { u64::MAX } else { saved };
        self.flushes.indexing.retain(|(ack, generation, seqno)| {
            if *generation <= indexed && *seqno <= saved {
                answers.push((ack.clone(), Ok(done.clone())));
            } else if let Some(error) = &failed {
                answers.push((ack.clone(), Err(error.clone())));
            } else {
                return true;
            }
            false
        });
    }

    /// Whether somebody who flushes waits for files of the index, which take little time.
    fn is_saving_texts(&self) -> bool {
        let texts = &self.storage.texts;
        let saved = texts.saved_seqno.load(Ordering::Acquire);
        let has_failed = texts.figures.error.lock().is_some();
        !has_failed && self.flushes.indexing.iter().any(|(_, _, seqno)| *seqno > saved)
    }

    /// Ends the log. One that is not needed any more is made short, so that the next opening has
    /// little to read.
    fn close_log(&mut self) -> Result<()> {
        let floor_seqno = self.storage.floor_seqno();
        if floor_seqno == self.wal.last_seqno() && !self.wal.has_failed() {
            // A full disk, or a file that cannot be given up, leaves the log as long as it is.
            let released =
                self.wal.begin_small().and_then(|()| self.wal.release_below(floor_seqno));
            self.counters
                .release_failures
                .fetch_add(u64::from(released.is_err()), Ordering::Relaxed);
        }
        self.wal.close()
    }

    /// Whether so much is in no part of the index that no group may be begun: a search would have
    /// to read it all.
    fn must_wait_for_index(&self) -> bool {
        let is_full = self.storage.text_backlog() >= self.options.pace.queue_capacity;
        is_full && !self.wal.has_failed()
    }

    /// Whether memory is at its bound, so that no group may be begun. It always may when nothing
    /// is in memory but what views hold.
    fn must_wait_for_room(&self) -> bool {
        let bound = self.options.memory_bytes_max;
        // After a failed write everything is refused anyway, and the end must not wait.
        if self.wal.has_failed() {
            return false;
        }
        let newest = self.delta.delta().memory().total();
        // Merging has to go on before anything else can be written: memory must not fill up.
        let is_stuck = self.flushes.waits_for_merge
            && newest >= STUCK_TIMES_MAX * self.options.delta_bytes_max;
        if bound == u64::MAX {
            return is_stuck;
        }
        let bytes = self.storage.delta_bytes();
        // What views hold is theirs to give back. Writers keep a share of the bound, or they would
        // write a segment for each group as long as one view lives.
        let room = bound.saturating_sub(bytes.held).max(bound / HELD_SHARE);
        let is_full = newest + bytes.frozen > room;
        is_stuck || is_full && (self.delta.seqnos().is_some() || bytes.frozen > 0)
    }

    fn memory_bytes(&self) -> u64 {
        let bytes = self.storage.delta_bytes();
        self.delta.delta().memory().total() + bytes.frozen + bytes.held
    }

    /// Refuses the writes that waited for room for too long, and does what needs no room: whoever
    /// flushes or closes hears why there is none.
    fn go_on_without_room(&mut self) {
        let now_us = self.env.clock.monotonic_us();
        let (mut late, mut asked) = (Vec::new(), Vec::new());
        let queued_us = now_us.saturating_sub(self.options.write_timeout_us);
        self.queue.take_without_room(queued_us, &mut late, &mut asked);
        let bytes = self.memory_bytes();
        let message = format!(
            "the store holds {bytes} bytes in memory, and writing them to disk takes too long"
        );
        self.counters.refused_busy.fetch_add(late.len() as u64, Ordering::Relaxed);
        let refused = late.into_iter().map(|late| (late.ack, Err(Error::Busy(message.clone()))));
        acknowledge(refused.collect(), None);
        if !asked.is_empty() {
            self.commit(&mut asked);
        }
    }

    /// Space in the log for the whole group, so that a full disk refuses it before any of it is
    /// applied. Nothing is asked for when nothing is to be appended: a segment that ends here has
    /// room for the records that close the log.
    fn make_room(&mut self, group: &[Pending], started_us: u64) -> Result<()> {
        if self.wal.has_failed() {
            return Err(Error::Closed("an earlier write to the log failed; open it again".into()));
        }
        let admitted =
            group.iter().filter(|pending| self.admit(pending.queued_us, started_us).is_ok());
        // One that is too large is refused when it is decoded: it must not make a segment first.
        let frame_bytes_max = self.options.limits.frame_bytes_max;
        let bytes = admitted.map(|pending| match &pending.request {
            Request::Write(batch) if batch.bytes().len() <= frame_bytes_max => {
                Wal::commit_bytes(batch.bytes().len())
            }
            Request::Write(_) | Request::Flush | Request::Close => 0,
        });
        let bytes = bytes.sum();
        if bytes == 0 {
            return Ok(());
        }
        self.wal.reserve(bytes).inspect_err(|error| self.after_failure(error))
    }

    fn admit(&self, queued_us: u64, now_us: u64) -> Result<()> {
        let waited_us = now_us.saturating_sub(queued_us);
        if waited_us > self.options.write_timeout_us {
            let message = format!("the write waited {} ms for its turn", waited_us / 1000);
            return Err(Error::Busy(message));
        }
        Ok(())
    }

    /// Checks a batch against everything before it, then appends and applies it.
    fn stage(&mut self, batch: &Batch, now_us: u64) -> Result<Committed> {
        if self.wal.has_failed() {
            return Err(Error::Closed("an earlier batch of the group failed".into()));
        }
        let operations = batch.decode(&self.options.limits)?;
        let checked = self.delta.check(&operations)?;
        if self.delta.is_without_effect(&operations)? {
            let seqno = self.wal.last_seqno();
            let nothing = |operation: &Op<'_>| Outcome { id: subject(operation), changed: false };
            return Ok(Committed { seqno, outcomes: operations.iter().map(nothing).collect() });
        }
        let seqno = self.wal.append_commit(now_us, batch.bytes());
        let applied = self.delta.apply(seqno, now_us, &operations, &checked);
        let outcomes = applied.inspect_err(|error| {
            // A part of it may be in the delta: nothing of this group may be published.
            self.wal.poison();
            self.after_failure(error);
        })?;
        Ok(Committed { seqno, outcomes })
    }

    fn after_failure(&self, error: &Error) {
        if self.wal.has_failed() {
            self.queue.fail(&format!("an earlier write failed ({error}); open the store again"));
        }
    }

    fn count(&self, answers: &[Answer], started_us: u64) {
        let counters = &self.counters;
        counters.groups.fetch_add(1, Ordering::Relaxed);
        counters.batches.fetch_add(answers.len() as u64, Ordering::Relaxed);
        let busy = answers.iter().filter(|(_, result)| matches!(result, Err(Error::Busy(_))));
        counters.refused_busy.fetch_add(busy.count() as u64, Ordering::Relaxed);
        let took_us = self.env.clock.monotonic_us().saturating_sub(started_us);
        counters.group_us.fetch_add(took_us, Ordering::Relaxed);
        counters.segment_number.store(self.wal.segment_number(), Ordering::Relaxed);
    }
}

/// A failed write or sync is told to every batch of the group that it was to make durable.
fn acknowledge(answers: Vec<Answer>, failure: Option<&Error>) {
    let mut sinks: Vec<Arc<dyn AckSink>> = Vec::new();
    for (ack, result) in answers {
        let result = match (result, failure) {
            (Ok(_), Some(failure)) => Err(failure.clone()),
            (result, _) => result,
        };
        if !sinks.iter().any(|sink| Arc::ptr_eq(sink, &ack.sink)) {
            sinks.push(Arc::clone(&ack.sink));
        }
        ack.sink.complete(ack.token, result);
    }
    for sink in sinks {
        sink.group_end();
    }
}

/// The concept that an operation which removes something is about.
fn subject(operation: &Op<'_>) -> ConceptId {
    match operation {
        Op::Delete(id) => *id,
        Op::Dissociate(name) => name.source,
        _ => ConceptId::default(),
    }
}
