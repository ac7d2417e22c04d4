//! One shard: opening, reading, writing, closing.

use crate::check::{Report, check_running};
use crate::compaction::{Compactor, MergeBeside, Rest};
use crate::delta::DeltaWriter;
use crate::error::{Error, Result};
use crate::figures::MERGERS;
use crate::flush::Flusher;
use crate::group_commit::{Flushes, GroupCommit};
use crate::indexer::Indexer;
use crate::manifest_file::ManifestFile;
use crate::options::ShardOptions;
use crate::recover::{Recovery, ShardFiles, create_folders, log_files, recover};
use crate::repair::refuse_interrupted;
use crate::segment::SegmentDir;
use crate::shared::Shared;
use crate::stats::{Background, Counters, IndexStats, ShardStats};
use crate::storage::Storage;
use crate::sync::{AtomicBool, Mutex, Ordering};
use crate::text::{Layers, Parts, Reconciler, Saver, TextDir, Texts, load};
use crate::vector::graph::GraphDir;
use crate::view::View;
use crate::wal::{SegmentFiles, Wal, discard_unused};
use crate::write::{Ack, Committed, Pending, Queue, Request, Waiter};
use hashbrown::HashMap;
use std::path::Path;
use std::sync::Arc;
use sutra_env::{Env, WorkHandle};
use sutra_format::Batch;
use sutra_index::Analyzer;

/// One storage engine in one folder. Share it in an [`Arc`]; all methods take `&self`.
pub struct Shard {
    env: Env,
    shared: Arc<Shared>,
    storage: Arc<Storage>,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    files: SegmentFiles,
    recovery: Recovery,
    /// Nothing when opened for reading.
    tasks: Option<Tasks>,
    closed: Mutex<Option<Result<()>>>,
}

/// The background work of a shard.
struct Tasks {
    committer: WorkHandle,
    flusher: WorkHandle,
    compactor: WorkHandle,
    indexer: WorkHandle,
    reconciler: WorkHandle,
    saver: WorkHandle,
    more_mergers: Vec<WorkHandle>,
    is_stopped: Arc<AtomicBool>,
}

impl Shard {
    /// Opens the shard in the folder `path`, making it if it is not there: maps the segments, reads
    /// what the log has beyond them, cuts an unfinished write from its end and makes sure that
    /// everything read is on disk.
    ///
    /// # Errors
    /// `Corrupt` with file and offset, and nothing changed; also when a repair was interrupted, but
    /// for reading only, which finds what was there before the repair or what it ends with. `Io`;
    /// `DiskFull`.
    pub fn open(env: &Env, path: &Path, options: ShardOptions) -> Result<Arc<Self>> {
        let started_us = env.clock.monotonic_us();
        let files = log_files(env, path, &options);
        let dir = SegmentDir::new(env, path);
        let manifest_file = ManifestFile::new(env, path);
        if !options.read_only {
            refuse_interrupted(env, path)?;
            create_folders(env, path)?;
        }
        let shard_files = ShardFiles {
            disk: env.disk.as_ref(),
            log: &files,
            sealed: &dir,
            manifest: &manifest_file,
        };
        let recovered = recover(&shard_files, &options)?;
        let (replayed, manifest) = (recovered.replayed, recovered.manifest);
        let texts = TextDir::new(env, path, options.store_id);
        let analyzer = Arc::new(Analyzer::new(options.language));
        let parts = if options.read_only {
            let (state, floor_seqno) = (recovered.writer.state(), manifest.floor_seqno);
            read_parts(&texts, analyzer, &Layers { state, floor_seqno, is_stopped: &|| false })?
        } else {
            Parts::new(analyzer)
        };
        let shared = Shared::new(Arc::clone(recovered.writer.state()), parts);
        #[cfg(feature = "planted-bugs")]
        let shared = shared.with_bug(options.planted_bug);
        let shared = Arc::new(shared);
        let texts = Texts::new(texts, options.pace);
        let storage =
            Storage::new(env, &options, dir, manifest_file, manifest, Arc::clone(&shared), texts);
        let storage = Arc::new(storage);
        let queue = Arc::new(Queue::new(options.queue_capacity));
        let counters = Arc::new(Counters::default());
        counters.segment_number.store(replayed.position.segment_number, Ordering::Relaxed);
        let mut orphans = 0;
        let tasks = if options.read_only {
            queue.refuse("the store was opened for reading");
            shared.publish(replayed.position.last_seqno, recovered.writer.counts());
            None
        } else {
            let wal = Wal::resume(env, files.clone(), &options, &replayed)?;
            // The log's background task would go on, and take files from the next one to open.
            orphans = storage.begin().inspect_err(|_| wal.stop_spare())?;
            shared.publish(replayed.position.last_seqno, recovered.writer.counts());
            let work = Starting { path, storage: &storage, queue: &queue, counters: &counters };
            Some(work.start(options, wal, recovered.writer, recovered.max_committed_us))
        };
        let recovery = Recovery {
            commits: replayed.commits,
            log_bytes: replayed.bytes,
            torn_bytes: replayed.torn.map_or(0, |torn| torn.bytes),
            orphans,
            duration_us: env.clock.monotonic_us().saturating_sub(started_us),
        };
        Ok(Arc::new(Self {
            env: env.clone(),
            shared,
            storage,
            queue,
            counters,
            files,
            recovery,
            tasks,
            closed: Mutex::new(None),
        }))
    }

    /// Removes what an interrupted making of a shard left in the folder `path`.
    ///
    /// # Errors
    /// `Corrupt` when there is a log or a segment that holds anything; `Io`.
    pub fn discard_unused(env: &Env, path: &Path) -> Result<()> {
        if let Some(file) = SegmentDir::new(env, path).list()?.first() {
            let message = "a file of a store whose file STORE is missing";
            return Err(Error::corrupt(&file.path, 0, message));
        }
        discard_unused(&log_files(env, path, &ShardOptions::default()))?;
        ManifestFile::new(env, path).remove()
    }

    /// The shard after the last published commit.
    #[must_use]
    pub fn view(&self) -> View {
        self.shared.view()
    }

    /// The shard as it was after an earlier commit; nothing if that is not kept any more, or has
    /// not been made yet.
    #[must_use]
    pub fn view_at(&self, seqno: u64) -> Option<View> {
        // The view first: what a merge gives up after it is still there for it.
        let now = self.shared.view();
        let floor_seqno = self.storage.history_floor_seqno();
        (floor_seqno..=now.seqno()).contains(&seqno).then(|| now.at(seqno))
    }

    /// The last commit at a time, in microseconds from 1970; nothing if that is not kept any more.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn seqno_at(&self, time_us: u64) -> Result<Option<u64>> {
        let now = self.shared.view();
        let found = now.state().seqno_at(time_us)?;
        Ok(found.map(|seqno| seqno.min(now.seqno())))
    }

    /// What readers share, for callers that read without making a view.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
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

    /// Puts every commit so far on disk, whatever the durability, and into segments; gives the last
    /// one's seqno.
    ///
    /// # Errors
    /// `Io`, `Closed`.
    pub fn flush(&self) -> Result<u64> {
        if self.tasks.is_none() {
            return Ok(self.shared.published_seqno());
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
        let result = match &self.tasks {
            None => Ok(()),
            Some(tasks) => {
                let result = self.request(Request::Close).map(drop);
                tasks.join();
                self.storage.remove_obsolete();
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
        let memory = self.storage.memory(&self.shared.state());
        Ok(ShardStats {
            counts: self.shared.counts(),
            seqno: self.shared.published_seqno(),
            memory,
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
            background: self.storage.background(),
            index: self.index(),
        })
    }

    /// Figures of the index of texts and attributes. Asks no disk.
    #[must_use]
    pub fn index(&self) -> IndexStats {
        self.storage.index_stats(self.counters.waits_for_index.load(Ordering::Relaxed))
    }

    /// Figures of the background tasks. Asks no disk.
    #[must_use]
    pub fn background(&self) -> Background {
        self.storage.background()
    }

    /// Compares every checksum of the files, and what they say of each other, while the shard goes
    /// on being read and written. Damage is no error but a problem in the report.
    ///
    /// # Errors
    /// `Io` when a folder cannot be listed.
    pub fn check(&self) -> Result<Report> {
        check_running(&self.storage)
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
        if let Some(tasks) = &self.tasks {
            tasks.committer.wake();
        }
    }
}

/// The index of a shard that is only read: nobody brings it up to date.
fn read_parts(dir: &TextDir, analyzer: Arc<Analyzer>, layers: &Layers<'_>) -> Result<Parts> {
    match load(dir, &analyzer, layers) {
        Ok(loaded) => Ok(loaded.parts),
        // A search that meets what is damaged says so.
        Err(Error::Corrupt { .. }) => Ok(Parts::new(analyzer)),
        Err(error) => Err(error),
    }
}

/// What the background work of a shard shares.
struct Starting<'a> {
    path: &'a Path,
    storage: &'a Arc<Storage>,
    queue: &'a Arc<Queue>,
    counters: &'a Arc<Counters>,
}

impl Starting<'_> {
    fn compactor(&self, is_stopped: &Arc<AtomicBool>) -> Compactor {
        let storage = self.storage;
        Compactor {
            storage: Arc::clone(storage),
            is_stopped: Arc::clone(is_stopped),
            failures: 0,
            cleaned_to: 0,
            cleaned_items: 0,
            vectors_written: HashMap::new(),
            rest: Rest::new(storage.shared.published_seqno(), storage.env.clock.monotonic_us()),
            looks: 0,
            look_at_us: 0,
        }
    }

    fn start(
        &self,
        options: ShardOptions,
        wal: Wal,
        delta: DeltaWriter,
        max_committed_us: u64,
    ) -> Tasks {
        let storage = self.storage;
        let work = &storage.env.work;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let flusher = Flusher {
            storage: Arc::clone(storage),
            is_stopped: Arc::clone(&is_stopped),
            failures: 0,
        };
        let graphs = GraphDir::new(&storage.env, self.path, options.store_id);
        let indexer = Indexer::new(storage, graphs, &is_stopped);
        let indexer = work.start("sutra-index", Box::new(indexer));
        let reconciler = Reconciler::new(storage, &is_stopped);
        let reconciler = work.start("sutra-reconcile", Box::new(reconciler));
        let saver = work.start("sutra-text", Box::new(Saver::new(storage, &is_stopped)));
        let flusher = work.start("sutra-flush", Box::new(flusher));
        let compactor = work.start("sutra-compact", Box::new(self.compactor(&is_stopped)));
        let mergers = (1..MERGERS).map(|number| {
            let (storage, is_stopped) = (Arc::clone(storage), Arc::clone(&is_stopped));
            let beside = MergeBeside { storage, is_stopped, number, failures: 0 };
            work.start(&format!("sutra-merge-{number}"), Box::new(beside))
        });
        let more_mergers: Vec<_> = mergers.collect();
        let committer = GroupCommit {
            env: storage.env.clone(),
            wal,
            options,
            queue: Arc::clone(self.queue),
            delta,
            counters: Arc::clone(self.counters),
            storage: Arc::clone(storage),
            flusher: flusher.clone(),
            group: Vec::new(),
            flushes: Flushes::default(),
            committed_us: max_committed_us,
            is_closed: false,
        };
        let committer = work.start("sutra-commit", Box::new(committer));
        // Set once: nobody else has this storage yet.
        let _ = storage.compactor.set(compactor.clone());
        let _ = storage.indexer.set(indexer.clone());
        let _ = storage.flusher.set(flusher.clone());
        let _ = storage.texts.reconciler.set(reconciler.clone());
        let _ = storage.texts.saver.set(saver.clone());
        let _ = storage.more_mergers.set(more_mergers.clone());
        let _ = storage.committer.set(committer.clone());
        Tasks {
            committer,
            flusher,
            compactor,
            indexer,
            reconciler,
            saver,
            more_mergers,
            is_stopped,
        }
    }
}

impl Tasks {
    /// Waits until all of it is over. The committer was asked to end before.
    fn join(&self) {
        self.committer.join();
        self.is_stopped.store(true, Ordering::Release);
        let single = [&self.flusher, &self.compactor, &self.indexer, &self.reconciler, &self.saver];
        let tasks = || single.into_iter().chain(&self.more_mergers);
        tasks().for_each(WorkHandle::wake);
        tasks().for_each(WorkHandle::join);
    }
}
