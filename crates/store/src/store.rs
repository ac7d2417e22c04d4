//! The store: opening, writing, reading, closing.

use crate::graph::{self, PathOptions, Paths, Watch};
use crate::open::{Opened, open};
use crate::options::StoreOptions;
use crate::stats::StoreStats;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_env::{Env, LockGuard};
use sutra_format::{Batch, ConceptId, Limits, StoreMeta};
use sutra_shard::{Ack, Committed, Error, Result, Shard, Shared, View};

/// An open store. Share it in an [`Arc`]; all methods take `&self`.
pub struct Store {
    env: Env,
    path: PathBuf,
    meta: StoreMeta,
    options: StoreOptions,
    limits: Limits,
    shard: Arc<Shard>,
    opened_us: u64,
    lock: Mutex<Option<Box<dyn LockGuard>>>,
}

impl Store {
    /// Opens the store in the folder `path`, making it if there is none.
    ///
    /// # Errors
    /// `Config`: the options, all problems at once. `Locked`: another process has it. `NotAStore`:
    /// the path is something else, or of a newer release. `Corrupt`: damage, with file and offset,
    /// and nothing changed. `Io`, `DiskFull`.
    pub fn open(env: &Env, path: &Path, options: StoreOptions) -> Result<Arc<Self>> {
        options.check()?;
        let Opened { meta, shard, lock } = open(env, path, &options)?;
        let limits = options.limits_for(meta.vector_dimension);
        Ok(Arc::new(Self {
            env: env.clone(),
            path: path.into(),
            meta,
            options,
            limits,
            shard,
            opened_us: env.clock.monotonic_us(),
            lock: Mutex::new(Some(lock)),
        }))
    }

    /// What never changes of this store.
    #[must_use]
    pub fn meta(&self) -> &StoreMeta {
        &self.meta
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it was opened with.
    #[must_use]
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    pub(crate) fn shard(&self) -> &Arc<Shard> {
        &self.shard
    }

    /// Sizes that are refused.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The store after the last published commit.
    #[must_use]
    pub fn view(&self) -> View {
        self.shard.view()
    }

    /// What readers share, for callers that read without making a view.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        self.shard.shared()
    }

    /// The store as it was after an earlier commit.
    ///
    /// # Errors
    /// `NotFound` naming `moment`: it is not kept any more, or has not been made yet.
    pub fn view_at(&self, seqno: u64) -> Result<View> {
        self.shard.view_at(seqno).ok_or_else(|| not_kept(&format!("commit {seqno}")))
    }

    /// The store as it was at a time, in milliseconds from 1970.
    ///
    /// # Errors
    /// `NotFound` naming `moment`: it is not kept any more, or no times are. `Corrupt`.
    pub fn view_at_time(&self, time_ms: u64) -> Result<View> {
        let end_us = time_ms.saturating_add(1).saturating_mul(1000) - 1;
        let seqno = self.shard.seqno_at(end_us)?;
        let view = seqno.and_then(|seqno| self.shard.view_at(seqno));
        view.ok_or_else(|| not_kept("that time"))
    }

    /// Queues batches in order; each is acknowledged when it is as durable as the options ask and
    /// readable, or refused.
    pub fn submit_all(&self, batches: Vec<(Batch, Ack)>) {
        self.shard.submit_all(batches);
    }

    /// Writes one batch, whole or not at all. When this returns, new readers see it.
    ///
    /// # Errors
    /// `Refused`, `NotFound`, `Busy`, `DiskFull`, `Closed`: nothing was written. `Io`: whether the
    /// batch survives is known only after reopening.
    pub fn write(&self, batch: Batch) -> Result<Committed> {
        self.shard.write(batch)
    }

    /// The best paths between two concepts; see [`graph::paths`].
    ///
    /// # Errors
    /// `Refused` for an option out of range, `NotFound` naming `from` or `to`, `Aborted`.
    pub fn paths(
        &self,
        view: &View,
        from: &ConceptId,
        to: &ConceptId,
        options: &PathOptions,
        cancelled: &AtomicBool,
    ) -> Result<Paths<ConceptId>> {
        let ends =
            graph::Ends { from: existing(view, "from", from)?, to: existing(view, "to", to)? };
        let watch = Watch { cancelled, clock: self.env.clock.as_ref() };
        graph::paths(&graph::ViewGraph(view), ends, options, &self.limits, watch)
    }

    /// Puts every commit so far on disk, whatever the durability, and into segments; gives the last
    /// one's seqno.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, `Closed`.
    pub fn flush(&self) -> Result<u64> {
        self.shard.flush()
    }

    /// Figures of this moment.
    ///
    /// # Errors
    /// `Io` when a folder cannot be listed.
    pub fn stats(&self) -> Result<StoreStats> {
        let uptime_us = self.env.clock.monotonic_us().saturating_sub(self.opened_us);
        Ok(StoreStats {
            shard: self.shard.stats()?,
            shards: self.meta.shards,
            durability: self.options.durability,
            uptime_us,
        })
    }

    /// Finishes what was queued, puts all on disk and gives the folder free. May be called twice.
    ///
    /// # Errors
    /// `Io`: whether the last commits survive is known only after reopening. `Closed`: so it is
    /// since an earlier write failed; the folder is free all the same.
    pub fn close(&self) -> Result<()> {
        let closed = self.shard.close();
        self.lock.lock().take();
        closed
    }
}

impl Drop for Store {
    /// A store that is dropped without being closed is closed in order, as far as that goes.
    fn drop(&mut self) {
        let _ = self.close();
    }
}

fn existing(view: &View, field: &str, id: &ConceptId) -> Result<ConceptId> {
    if view.get(id)?.is_some() {
        return Ok(*id);
    }
    let message = format!("no concept has the id {id}");
    Err(Error::NotFound { field: field.into(), message })
}

fn not_kept(what: &str) -> Error {
    let message = format!("{what} is outside of the history that is kept");
    Error::NotFound { field: "moment".into(), message }
}
