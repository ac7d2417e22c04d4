//! One shard: opening, reading, writing, closing.

use crate::delta::Delta;
use crate::error::{Error, Result};
use crate::group_commit::GroupCommit;
use crate::options::ShardOptions;
use crate::recover::{Recovery, create_folders, log_files, recover};
use crate::stats::{Counters, ShardStats};
use crate::view::View;
use crate::wal::{SegmentFiles, Wal, discard_unused};
use crate::write::{Ack, Committed, Pending, Queue, Request, Waiter};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sutra_env::{Env, WorkHandle};
use sutra_format::Batch;

/// One storage engine in one folder. Share it in an [`Arc`]; all methods take `&self`.
pub struct Shard {
    env: Env,
    delta: Arc<Delta>,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    files: SegmentFiles,
    recovery: Recovery,
    /// Nothing when opened for reading.
    committer: Option<WorkHandle>,
    closed: Mutex<Option<Result<()>>>,
}

impl Shard {
    /// Opens the shard in the folder `path`, making it if it is not there: reads the log, cuts an
    /// unfinished write from its end and makes sure that everything read is on disk.
    ///
    /// # Errors
    /// `Corrupt` with file and offset, and nothing changed; `Io`; `DiskFull`.
    pub fn open(env: &Env, path: &Path, options: ShardOptions) -> Result<Arc<Self>> {
        let started_us = env.clock.monotonic_us();
        let files = log_files(env, path, &options);
        if !options.read_only {
            create_folders(env, path)?;
        }
        let (delta, replayed) = recover(&files, &options)?;
        let readable = Arc::clone(delta.delta());
        let queue = Arc::new(Queue::new(options.queue_capacity));
        let counters = Arc::new(Counters::default());
        counters.segment_number.store(replayed.position.segment_number, Ordering::Relaxed);
        let committer = if options.read_only {
            queue.refuse("the store was opened for reading");
            None
        } else {
            let task = GroupCommit {
                env: env.clone(),
                wal: Wal::resume(env, files.clone(), &options, &replayed)?,
                options,
                queue: Arc::clone(&queue),
                delta,
                counters: Arc::clone(&counters),
                group: Vec::new(),
                is_closed: false,
            };
            Some(env.work.start("sutra-commit", Box::new(task)))
        };
        let recovery = Recovery {
            commits: replayed.commits,
            log_bytes: replayed.bytes,
            torn_bytes: replayed.torn.map_or(0, |torn| torn.bytes),
            duration_us: env.clock.monotonic_us().saturating_sub(started_us),
        };
        Ok(Arc::new(Self {
            env: env.clone(),
            delta: readable,
            queue,
            counters,
            files,
            recovery,
            committer,
            closed: Mutex::new(None),
        }))
    }

    /// Removes what an interrupted making of a shard left in the folder `path`.
    ///
    /// # Errors
    /// `Corrupt` when there is a log that holds anything; `Io`.
    pub fn discard_unused(env: &Env, path: &Path) -> Result<()> {
        discard_unused(&log_files(env, path, &ShardOptions::default()))
    }

    /// The shard after the last published commit.
    #[must_use]
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.delta), self.delta.published_seqno())
    }

    /// What views read from, for callers that read without making a view.
    #[must_use]
    pub fn delta(&self) -> &Arc<Delta> {
        &self.delta
    }

    /// Queues a batch; `ack` is told of it when it is as durable as the options ask and readable,
    /// or refused. A refusal may come before this returns.
    pub fn submit(&self, batch: Batch, ack: Ack) {
        self.submit_all(vec![(batch, ack)]);
    }

    /// Queues batches in order, as [`Shard::submit`].
    pub fn submit_all(&self, batches: Vec<(Batch, Ack)>) {
        let queued_us = self.env.clock.monotonic_us();
        let pending = batches.into_iter().map(|(batch, ack)| Pending {
            request: Request::Write(batch),
            ack,
            queued_us,
        });
        self.enqueue(pending);
    }

    /// Writes one batch. When this returns, it is as durable as the options ask, and new readers
    /// see it.
    ///
    /// # Errors
    /// `Refused`, `NotFound`, `Busy`, `DiskFull`, `Closed`: nothing was written. `Io`: whether the
    /// batch survives is known only after reopening.
    pub fn write(&self, batch: Batch) -> Result<Committed> {
        self.request(Request::Write(batch))
    }

    /// Puts every commit so far on disk, whatever the durability, and gives the last one's seqno.
    ///
    /// # Errors
    /// `Io`, `Closed`.
    pub fn flush(&self) -> Result<u64> {
        if self.committer.is_none() {
            return Ok(self.delta.published_seqno());
        }
        self.request(Request::Flush).map(|done| done.seqno)
    }

    /// Asks for what [`Shard::flush`] does without waiting.
    pub fn submit_flush(&self, ack: Ack) {
        self.enqueue([self.pending(Request::Flush, ack)]);
    }

    /// Finishes every batch queued so far, puts all on disk and stops. May be called twice; the
    /// second call gives the result of the first.
    ///
    /// # Errors
    /// `Io`: whether the last commits survive is known only after reopening. `Closed`: so it is
    /// since an earlier write failed.
    pub fn close(&self) -> Result<()> {
        let mut closed = self.closed.lock();
        if let Some(result) = &*closed {
            return result.clone();
        }
        let result = match &self.committer {
            None => Ok(()),
            Some(committer) => {
                let result = self.request(Request::Close).map(drop);
                committer.join();
                result
            }
        };
        self.queue.refuse("the store is closed");
        *closed = Some(result.clone());
        result
    }

    /// Asks for what [`Shard::close`] does without waiting.
    pub fn submit_close(&self, ack: Ack) {
        self.enqueue([self.pending(Request::Close, ack)]);
    }

    /// Figures of this moment.
    ///
    /// # Errors
    /// `Io` when the log's folder cannot be listed.
    pub fn stats(&self) -> Result<ShardStats> {
        let counters = &self.counters;
        Ok(ShardStats {
            counts: self.delta.counts(),
            seqno: self.delta.published_seqno(),
            memory: self.delta.memory(),
            log_bytes: self.files.bytes_on_disk()?,
            segment_number: counters.segment_number.load(Ordering::Relaxed),
            groups: counters.groups.load(Ordering::Relaxed),
            batches: counters.batches.load(Ordering::Relaxed),
            group_us: counters.group_us.load(Ordering::Relaxed),
            queue_depth: self.queue.depth(),
            queue_capacity: self.queue.capacity(),
            refused_busy: counters.refused_busy.load(Ordering::Relaxed),
            has_failed: self.queue.has_failed(),
            recovery: self.recovery.clone(),
        })
    }

    fn request(&self, request: Request) -> Result<Committed> {
        let waiter = Arc::new(Waiter::default());
        let ack = Ack { sink: Arc::clone(&waiter) as _, token: 0 };
        self.enqueue([self.pending(request, ack)]);
        waiter.wait()
    }

    fn pending(&self, request: Request, ack: Ack) -> Pending {
        Pending { request, ack, queued_us: self.env.clock.monotonic_us() }
    }

    fn enqueue(&self, pending: impl IntoIterator<Item = Pending>) {
        for (pending, error) in self.queue.push(pending) {
            let is_busy = matches!(error, Error::Busy(_));
            self.counters.refused_busy.fetch_add(u64::from(is_busy), Ordering::Relaxed);
            pending.ack.sink.complete(pending.ack.token, Err(error));
            pending.ack.sink.group_end();
        }
        if let Some(committer) = &self.committer {
            committer.wake();
        }
    }
}
