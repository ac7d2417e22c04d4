//! What the tasks that keep the index share, and how its parts are replaced.

use super::files::TextDir;
use super::merge::Merge;
use super::pace::PaceOptions;
use super::part::Part;
use super::parts::{Entry, Parts};
use crate::error::{Error, Result};
use crate::layer_files::Obsolete;
use crate::storage::Storage;
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, OnceLock, Ordering};
use std::sync::Arc;
use sutra_env::WorkHandle;
use sutra_format::text_file::End;

/// Whether the index knows of every version that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is behind the segments, which may have given up what it does not know of yet.
    CatchingUp,
    /// It has been compared with the layers, and nothing is written to segments before it has it.
    Exact,
}

/// Shared by the reconciler, the task that writes its parts to files, and readers.
pub(crate) struct Texts {
    pub(super) dir: TextDir,
    pub(crate) pace: PaceOptions,
    /// Held while parts are replaced.
    replacing: Mutex<()>,
    is_exact: AtomicBool,
    /// Something is damaged that the index is made of: it cannot be made before a repair.
    pub(crate) is_damaged: AtomicBool,
    /// The reconciler waits until it is woken.
    pub(crate) is_parked: AtomicBool,
    /// Somebody waits for the next round.
    pub(super) is_urgent: AtomicBool,
    /// Operations that were written by the last commit that is indexed.
    pub(super) indexed_written: AtomicU64,
    /// Everything up to this commit is in files.
    pub(crate) saved_seqno: AtomicU64,
    pub(super) next_file_number: AtomicU32,
    pub(crate) reconciler: OnceLock<WorkHandle>,
    pub(crate) saver: OnceLock<WorkHandle>,
    pub(crate) figures: TextFigures,
}

/// Counted by the tasks.
#[derive(Debug, Default)]
pub(crate) struct TextFigures {
    pub(crate) rounds: AtomicU64,
    pub(crate) entries: AtomicU64,
    pub(crate) interval_us: AtomicU64,
    pub(crate) interval_changes: AtomicU64,
    pub(crate) arrivals_per_s: AtomicU64,
    pub(crate) entries_per_s: AtomicU64,
    pub(crate) files_written: AtomicU64,
    pub(crate) bytes_written: AtomicU64,
    pub(crate) files_dropped: AtomicU64,
    pub(crate) failures: AtomicU64,
    /// Of the last try of either task, if it failed.
    pub(crate) error: Mutex<Option<Error>>,
}

impl Texts {
    pub(crate) fn new(dir: TextDir, pace: PaceOptions) -> Self {
        Self {
            dir,
            pace,
            replacing: Mutex::new(()),
            is_exact: AtomicBool::new(false),
            is_damaged: AtomicBool::new(false),
            is_parked: AtomicBool::new(false),
            is_urgent: AtomicBool::new(false),
            indexed_written: AtomicU64::new(0),
            saved_seqno: AtomicU64::new(0),
            next_file_number: AtomicU32::new(1),
            reconciler: OnceLock::new(),
            saver: OnceLock::new(),
            figures: TextFigures::default(),
        }
    }

    pub(super) fn mode(&self) -> Mode {
        if self.is_exact.load(Ordering::Acquire) { Mode::Exact } else { Mode::CatchingUp }
    }

    pub(super) fn set_mode(&self, mode: Mode) {
        self.is_exact.store(mode == Mode::Exact, Ordering::Release);
    }

    /// Call after a commit was published.
    pub(crate) fn after_publish(&self) {
        if self.is_parked.swap(false, Ordering::AcqRel) {
            self.reconciler.get().inspect(|reconciler| reconciler.wake());
        }
    }

    /// Asks for a round now.
    pub(crate) fn hurry(&self) {
        self.is_urgent.store(true, Ordering::Release);
        self.reconciler.get().inspect(|reconciler| reconciler.wake());
    }

    pub(crate) fn wake_saver(&self) {
        self.saver.get().inspect(|saver| saver.wake());
    }

    /// How a try of a task ended.
    pub(super) fn note(&self, failure: Option<Error>) {
        let has_failed = failure.is_some();
        let is_damaged = matches!(failure, Some(Error::Corrupt { .. }));
        self.is_damaged.store(is_damaged, Ordering::Release);
        *self.figures.error.lock() = failure;
        if has_failed {
            // Release: whoever sees the failure counted finds its error.
            self.figures.failures.fetch_add(1, Ordering::Release);
        }
    }
}

impl Storage {
    /// Operations that are written and in no part yet. Nothing while the index catches up: that is
    /// not for writers to wait for.
    pub(crate) fn text_backlog(&self) -> u64 {
        if self.texts.mode() == Mode::CatchingUp {
            return 0;
        }
        let written = self.shared.counts().written;
        written.saturating_sub(self.texts.indexed_written.load(Ordering::Acquire))
    }

    /// Whether a delta up to a commit may be written to a segment: as long as it is in memory,
    /// every version is there that the index has to hear of.
    pub(crate) fn may_flush(&self, last_seqno: u64) -> bool {
        let is_known = self.shared.parts().covered_seqno() >= last_seqno;
        if is_known || self.texts.mode() == Mode::CatchingUp {
            return true;
        }
        self.texts.hurry();
        false
    }

    /// Whether something that is in segments is in no file of the index yet.
    pub(super) fn has_unsaved_texts(&self) -> bool {
        let saved_seqno = self.texts.saved_seqno.load(Ordering::Acquire);
        saved_seqno < self.shared.parts().covered_seqno().min(self.floor_seqno())
    }

    /// Puts one more part in place.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn add_part(&self, part: Part) -> Result<()> {
        let _replacing = self.texts.replacing.lock();
        let parts = self.shared.parts();
        let last_seqno = part.meta().last_seqno;
        let is_empty = part.documents() == 0 && part.ends()?.next().is_none();
        // While it catches up, ends may be found that no part says: the last one will say them.
        let parts = if is_empty && self.texts.mode() == Mode::Exact {
            let mut parts = Parts::clone(&parts);
            parts.covered_seqno = last_seqno;
            parts
        } else {
            parts.with(part)?
        };
        self.shared.install_parts(parts);
        Ok(())
    }

    /// Puts what was made of some parts in their place. False if they are not there any more.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn replace_parts(
        &self,
        inputs: &[Entry],
        merge: &Merge<'_>,
        part: Part,
    ) -> Result<bool> {
        let _replacing = self.texts.replacing.lock();
        let before = self.shared.parts();
        let Some(at) = place_of(&before, inputs) else { return Ok(false) };
        let now = before.entries.get(at..at + inputs.len()).unwrap_or_default();
        let ends = merge.ended_of(now);
        #[cfg(feature = "planted-bugs")]
        let is_planted = self.has_bug(crate::PlantedBug::MergedEndsForgotten);
        #[cfg(feature = "planted-bugs")]
        let ends = if is_planted { Vec::new() } else { ends };
        let mut parts = Parts::clone(&before);
        let merged = Entry { part: Arc::new(part), ended: Arc::default() };
        let old: Vec<Entry> = parts.entries.splice(at..at + inputs.len(), [merged]).collect();
        parts.end(&ends)?;
        self.shared.install_parts(parts);
        let in_files = old.into_iter().filter(|entry| entry.part.file().is_some());
        self.catalog().obsolete.extend(in_files.map(|entry| Obsolete::Text(entry.part)));
        self.wake_compactor();
        Ok(true)
    }

    /// From now on the layers may give up versions that the index has not heard of.
    pub(super) fn fall_behind(&self) {
        let _replacing = self.texts.replacing.lock();
        if self.texts.mode() == Mode::Exact {
            let mut parts = Parts::clone(&self.shared.parts());
            parts.is_compared = false;
            self.shared.install_parts(parts);
        }
        self.texts.set_mode(Mode::CatchingUp);
    }

    /// Takes note of ends that no part says, in the last part.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn amend_last_part(&self, ends: &[End]) -> Result<()> {
        let _replacing = self.texts.replacing.lock();
        let mut parts = Parts::clone(&self.shared.parts());
        if let Some(last) = parts.entries.last_mut().filter(|_| !ends.is_empty()) {
            let amended = Arc::new(last.part.with_ends(ends)?);
            let before = std::mem::replace(&mut last.part, amended);
            if before.file().is_some() {
                self.catalog().obsolete.push(Obsolete::Text(before));
            }
        }
        parts.end(ends)?;
        parts.is_compared = true;
        self.shared.install_parts(parts);
        Ok(())
    }
}

/// Where parts are that follow each other.
fn place_of(parts: &Parts, inputs: &[Entry]) -> Option<usize> {
    let first = inputs.first()?;
    let at = parts.entries.iter().position(|entry| Arc::ptr_eq(&entry.part, &first.part))?;
    let there = parts.entries.get(at..at.checked_add(inputs.len())?)?;
    let is_same = there.iter().zip(inputs).all(|(a, b)| Arc::ptr_eq(&a.part, &b.part));
    is_same.then_some(at)
}
