//! The committer: takes everything queued, and makes one group of it with one write and one sync.
//!
//! There is no timer: while the disk is busy with one group, the next one gathers by itself.
//! A batch is applied before it is written, since later batches of its group must see it; readers
//! see it after the group is published, and never if its sync fails.

use crate::delta::DeltaWriter;
use crate::error::{Error, Result};
use crate::options::ShardOptions;
use crate::stats::Counters;
use crate::wal::Wal;
use crate::write::{Ack, AckSink, Committed, Pending, Queue, Request};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sutra_env::{Env, Next, Steps};
use sutra_format::Batch;

/// Batch bytes gathered into one group, if so many are waiting.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// The background task that owns log and delta.
pub(crate) struct GroupCommit {
    pub env: Env,
    pub options: ShardOptions,
    pub queue: Arc<Queue>,
    pub wal: Wal,
    pub delta: DeltaWriter,
    pub counters: Arc<Counters>,
    /// Taken from the queue, empty between steps.
    pub group: Vec<Pending>,
    pub is_closed: bool,
}

type Answer = (Ack, Result<Committed>);

impl Steps for GroupCommit {
    fn step(&mut self) -> Next {
        if self.is_closed {
            return Next::Done;
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
    fn rest(&self) -> Next {
        if !self.wal.has_failed() {
            return Next::Wait;
        }
        self.wal.stop_spare();
        Next::Done
    }

    fn commit(&mut self, group: &mut Vec<Pending>) {
        let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
        let started_us = self.env.clock.monotonic_us();
        let room = self.make_room(group, started_us);
        let now_us = self.env.clock.wall_us();
        let mut must_sync = false;
        let mut must_close = false;
        for Pending { request, ack, queued_us } in group.drain(..) {
            let result = match request {
                Request::Write(batch) => room
                    .clone()
                    .and_then(|()| self.admit(queued_us, started_us))
                    .and_then(|()| self.stage(&batch, now_us)),
                Request::Flush => {
                    must_sync = true;
                    Ok(self.nothing_done())
                }
                Request::Close => {
                    must_close = true;
                    Ok(self.nothing_done())
                }
            };
            answers.push((ack, result));
        }
        let written = self.write_group(must_sync, must_close);
        if written.is_ok() {
            self.delta.publish(self.wal.last_seqno());
        }
        self.count(&answers, started_us);
        acknowledge(answers, written.err().as_ref());
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
        let operations = batch.decode(&self.options.limits)?;
        let checked = self.delta.check(&operations)?;
        if self.delta.is_without_effect(&operations) {
            let seqno = self.wal.last_seqno();
            let outcomes = self.delta.apply(seqno, now_us, &operations, &checked);
            return Ok(Committed { seqno, outcomes });
        }
        self.check_memory(batch)?;
        let seqno = self.wal.append_commit(now_us, batch.bytes());
        let outcomes = self.delta.apply(seqno, now_us, &operations, &checked);
        Ok(Committed { seqno, outcomes })
    }

    fn check_memory(&self, batch: &Batch) -> Result<()> {
        if self.options.memory_bytes_max == u64::MAX {
            return Ok(());
        }
        let memory = self.delta.delta().memory();
        let bytes = memory.records + memory.tables + memory.vectors + batch.bytes().len() as u64;
        if bytes > self.options.memory_bytes_max {
            let bound = self.options.memory_bytes_max;
            return Err(Error::Busy(format!("the store holds {bytes} of {bound} bytes")));
        }
        Ok(())
    }

    fn write_group(&mut self, must_sync: bool, must_close: bool) -> Result<()> {
        let written = if must_close {
            self.is_closed = true;
            self.wal.close()
        } else if must_sync {
            self.wal.sync()
        } else {
            self.wal.commit_group()
        };
        written.inspect_err(|error| self.after_failure(error))
    }

    fn after_failure(&self, error: &Error) {
        if self.wal.has_failed() {
            self.queue.fail(&format!("an earlier write failed ({error}); open the store again"));
        }
    }

    fn nothing_done(&self) -> Committed {
        Committed { seqno: self.wal.last_seqno(), outcomes: Vec::new() }
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
