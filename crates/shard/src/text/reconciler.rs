//! The background task that brings the index up to the last commit, one round a step, and puts
//! together parts in memory.
//!
//! It waits without being woken while nothing is written. What it decides is in `pace.rs`.

use super::build::index_commits;
use super::load::{Layers, ended_unseen, load};
use super::merge::Merge;
use super::pace::{Measured, average, float, interval_us, whole};
use super::parts::Entry;
use super::texts::Mode;
use crate::compaction::damage_retry_us;
use crate::error::{Error, Result};
use crate::flush::retry_us;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::sync::Arc;
use sutra_env::{Next, Steps};
use sutra_format::text_file::End;

/// Versions that a round takes at most: a commit is never torn.
const ROUND_VERSIONS_MAX: usize = 10_000;
/// Parts of about one size that are put together.
pub(super) const FAN_IN: usize = 4;
/// Parts in memory above which some are put together whatever their sizes.
const PARTS_MAX: usize = 24;
const US_PER_S: f64 = 1e6;

/// The task.
pub(crate) struct Reconciler {
    storage: Arc<Storage>,
    is_stopped: Arc<AtomicBool>,
    is_loaded: bool,
    /// Somebody waits for this round.
    is_waited_for: bool,
    /// Ends that no part says: the next one does.
    unsaid: Vec<End>,
    /// Failures since the last round that worked.
    failures: u32,
    /// Something is damaged that it reads: it is not read again before.
    damaged_until_us: u64,
    /// When the next round is due.
    due_us: u64,
    measured: Measured,
    last_round_us: u64,
    interval_us: u64,
}

impl Reconciler {
    pub(crate) fn new(storage: &Arc<Storage>, stopped: &Arc<AtomicBool>) -> Self {
        Self {
            storage: Arc::clone(storage),
            is_stopped: Arc::clone(stopped),
            is_loaded: false,
            is_waited_for: false,
            unsaid: Vec::new(),
            failures: 0,
            damaged_until_us: 0,
            due_us: 0,
            measured: Measured::default(),
            last_round_us: 0,
            interval_us: 0,
        }
    }
}

impl Steps for Reconciler {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let storage = Arc::clone(&self.storage);
        let now_us = storage.env.clock.monotonic_us();
        if now_us < self.damaged_until_us {
            // Whoever waits knows: `note` has said so.
            storage.texts.is_parked.store(true, Ordering::Release);
            return Next::Wait;
        }
        let (next, failure) = match self.advance() {
            Ok(next) => {
                self.failures = 0;
                (next, None)
            }
            Err(Error::Aborted) => (Next::Again, None),
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                // Nobody waits for an index that cannot be made now; it is compared later.
                storage.fall_behind();
                let next = if matches!(error, Error::Corrupt { .. }) {
                    // Read again with a later commit: damage does not go away by itself.
                    self.damaged_until_us = now_us + damage_retry_us(self.failures - 1);
                    storage.texts.is_parked.store(true, Ordering::Release);
                    Next::Wait
                } else {
                    Next::WaitUs(retry_us(self.failures))
                };
                (next, Some(error))
            }
        };
        let has_failed = failure.is_some();
        if has_failed || next != Next::Wait {
            storage.texts.note(failure);
        }
        if has_failed || std::mem::take(&mut self.is_waited_for) {
            // A flush waits for what was indexed, or writers for room in the queue.
            storage.wake_flusher();
            storage.wake_committer();
        }
        if storage.has_unsaved_texts() {
            storage.texts.wake_saver();
        }
        next
    }
}

impl Reconciler {
    fn advance(&mut self) -> Result<Next> {
        if !self.is_loaded {
            self.load()?;
            self.is_loaded = true;
            return Ok(Next::Again);
        }
        let storage = Arc::clone(&self.storage);
        // First: whoever waits is told, even if what he waits for was there a moment before.
        self.is_waited_for |= storage.texts.is_urgent.swap(false, Ordering::AcqRel);
        let covered_seqno = storage.shared.parts().covered_seqno();
        if storage.texts.mode() == Mode::Exact && storage.floor_seqno() > covered_seqno {
            // A flush that had begun before.
            storage.fall_behind();
        }
        let written = storage.shared.counts().written;
        if storage.shared.published_seqno() == covered_seqno {
            // Before the mode changes: writers do not wait for what is indexed.
            storage.texts.indexed_written.store(written, Ordering::Release);
            return self.rest(covered_seqno);
        }
        let now_us = storage.env.clock.monotonic_us();
        if now_us < self.due_us && !self.is_waited_for && storage.texts.mode() == Mode::Exact {
            return Ok(Next::WaitUs(self.due_us - now_us));
        }
        let is_whole = self.round(now_us)?;
        self.merge_in_memory()?;
        Ok(if is_whole { Next::WaitUs(self.interval_us) } else { Next::Again })
    }

    fn load(&mut self) -> Result<()> {
        let storage = &self.storage;
        let texts = &storage.texts;
        let (floor_seqno, written) = {
            let manifest = &storage.catalog().manifest;
            (manifest.floor_seqno, manifest.written)
        };
        let (parts, view) = (storage.shared.parts(), storage.shared.view());
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        let layers = Layers { state: view.state(), floor_seqno, is_stopped: &is_stopped };
        let loaded = load(&texts.dir, parts.analyzer(), &layers)?;
        for number in &loaded.useless {
            texts.figures.files_dropped.fetch_add(1, Ordering::Relaxed);
            texts.dir.remove(*number)?;
        }
        texts.next_file_number.store(loaded.next_number, Ordering::Relaxed);
        let covered_seqno = loaded.parts.covered_seqno();
        texts.saved_seqno.store(covered_seqno, Ordering::Release);
        self.unsaid = loaded.unsaid;
        storage.shared.install_parts(loaded.parts);
        let is_exact = covered_seqno >= floor_seqno;
        if is_exact {
            // Or all that was ever written would seem to wait.
            texts.indexed_written.store(written, Ordering::Release);
        }
        texts.set_mode(if is_exact { Mode::Exact } else { Mode::CatchingUp });
        Ok(())
    }

    /// Everything is indexed.
    fn rest(&mut self, covered_seqno: u64) -> Result<Next> {
        let storage = Arc::clone(&self.storage);
        let texts = &storage.texts;
        if texts.mode() == Mode::CatchingUp {
            self.compare()?;
            return Ok(Next::Again);
        }
        self.measured.queue_depth = 0;
        texts.is_parked.store(true, Ordering::Release);
        if storage.shared.published_seqno() == covered_seqno {
            return Ok(Next::Wait);
        }
        texts.is_parked.store(false, Ordering::Release);
        Ok(Next::Again)
    }

    /// One round. Whether it took everything there was.
    fn round(&mut self, now_us: u64) -> Result<bool> {
        let storage = Arc::clone(&self.storage);
        let texts = &storage.texts;
        // Before the view: what is counted is in it.
        let written = storage.shared.counts().written;
        let parts = storage.shared.parts();
        let view = storage.shared.view();
        let before = parts.covered_seqno();
        let depth = written.saturating_sub(texts.indexed_written.load(Ordering::Relaxed));
        // A part that is of two deltas could not be written to a file with the first of them.
        let end = storage.frozen_end_after(before).map_or(view.seqno(), |it| it.min(view.seqno()));
        let part = index_commits(view.state(), &parts, end, ROUND_VERSIONS_MAX)?;
        let Some(mut part) = part else { return Ok(true) };
        let last_seqno = part.meta().last_seqno;
        if !self.unsaid.is_empty() {
            part = part.with_ends(&self.unsaid)?;
        }
        storage.add_part(part)?;
        self.unsaid.clear();
        let is_whole = last_seqno == view.seqno();
        let entries = if is_whole {
            texts.indexed_written.store(written, Ordering::Release);
            depth
        } else {
            // About: each commit as many as another.
            let share = float(last_seqno - before) / float(view.seqno() - before);
            let entries = whole(float(depth) * share);
            texts.indexed_written.fetch_add(entries, Ordering::AcqRel);
            entries
        };
        self.measure(now_us, depth, entries);
        Ok(is_whole)
    }

    fn measure(&mut self, started_us: u64, depth: u64, entries: u64) {
        let texts = &self.storage.texts;
        let pace = &texts.pace;
        let ended_us = self.storage.env.clock.monotonic_us();
        let took_us = float(ended_us.saturating_sub(started_us));
        let since_us = float(started_us.saturating_sub(self.last_round_us).max(1));
        let arrivals = float(entries) * US_PER_S / since_us;
        let alpha = pace.ema_alpha;
        self.measured.queue_depth = depth - entries.min(depth);
        self.measured.arrivals_per_s = average(self.measured.arrivals_per_s, arrivals, alpha);
        self.measured.round_us = average(self.measured.round_us, took_us, alpha);
        self.last_round_us = started_us;
        let interval_us = interval_us(pace, &self.measured);
        let figures = &texts.figures;
        if interval_us != self.interval_us {
            figures.interval_changes.fetch_add(1, Ordering::Relaxed);
        }
        (self.interval_us, self.due_us) = (interval_us, ended_us + interval_us);
        figures.rounds.fetch_add(1, Ordering::Relaxed);
        figures.entries.fetch_add(entries, Ordering::Relaxed);
        figures.interval_us.store(interval_us, Ordering::Relaxed);
        figures.arrivals_per_s.store(whole(self.measured.arrivals_per_s), Ordering::Relaxed);
        let per_s = float(entries) * US_PER_S / took_us.max(1.0);
        figures.entries_per_s.store(whole(per_s), Ordering::Relaxed);
    }

    /// The index has caught up: from now on no segment is written of what it does not have, and
    /// what it may have missed until now is looked up.
    fn compare(&mut self) -> Result<()> {
        let storage = Arc::clone(&self.storage);
        let texts = &storage.texts;
        // Before the view: a flush that begins after it asks whether it may.
        texts.set_mode(Mode::Exact);
        let parts = storage.shared.parts();
        let view = storage.shared.view();
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        let ends = ended_unseen(&parts, view.state(), parts.covered_seqno(), &is_stopped)
            .inspect_err(|_| texts.set_mode(Mode::CatchingUp))?;
        storage.amend_last_part(&ends)?;
        Ok(())
    }

    /// Puts parts in memory together that are about as large as each other, newest first. Those
    /// that are in segments are left for the task that writes them to files.
    fn merge_in_memory(&mut self) -> Result<()> {
        loop {
            let storage = Arc::clone(&self.storage);
            let parts = storage.shared.parts();
            let floor_seqno = storage.floor_seqno();
            let ready_seqno = storage.last_frozen_end().unwrap_or(0).max(floor_seqno);
            let first = parts.entries.partition_point(|entry| {
                entry.part.file().is_some() || entry.part.meta().last_seqno <= ready_seqno
            });
            let here = parts.entries.get(first..).unwrap_or_default();
            let Some(range) = alike(here, PARTS_MAX) else { return Ok(()) };
            let inputs = here.get(range).unwrap_or_default();
            let merge = Merge::new(inputs, storage.history_floor_seqno(), false)?;
            let part = merge.in_memory()?;
            storage.replace_parts(inputs, &merge, part)?;
        }
    }
}

/// Parts to put together: the newest of those that are of about one size, or the smallest when
/// there are too many.
pub(super) fn alike(entries: &[Entry], parts_max: usize) -> Option<std::ops::Range<usize>> {
    let tier = |entry: &Entry| entry.part.documents().max(1).ilog2() / 2;
    let is_alike = |window: &&[Entry]| {
        let tiers = window.iter().map(tier);
        tiers.clone().min() == tiers.max()
    };
    let windows = || entries.windows(FAN_IN).enumerate();
    let newest = windows().rev().find(|(_, window)| is_alike(window));
    let crowded = || {
        let of = |window: &[Entry]| window.iter().map(|e| u64::from(e.part.documents())).sum();
        windows().min_by_key(|(_, window)| -> u64 { of(window) })
    };
    let chosen = newest.or_else(|| (entries.len() > parts_max).then(crowded).flatten());
    chosen.map(|(at, _)| at..at + FAN_IN)
}
