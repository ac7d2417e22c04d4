//! The background task that writes the parts of what is in segments to files, and merges them.

use super::merge::Merge;
use super::parts::Entry;
use super::reconciler::alike;
use super::texts::Mode;
use crate::error::Result;
use crate::flush::retry_us;
use crate::segment::MappedFile;
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// Files above which some are merged whatever their sizes.
const FILES_MAX: usize = 16;
/// A part of which more than one in so many has ended is written again.
const ENDED_DIVISOR: u64 = 2;

/// The task.
pub(crate) struct Saver {
    storage: Arc<Storage>,
    is_stopped: Arc<AtomicBool>,
    failures: u32,
}

impl Saver {
    pub(crate) fn new(storage: &Arc<Storage>, stopped: &Arc<AtomicBool>) -> Self {
        Self { storage: Arc::clone(storage), is_stopped: Arc::clone(stopped), failures: 0 }
    }
}

impl Steps for Saver {
    fn step(&mut self) -> Next {
        let is_stopped = self.is_stopped.load(Ordering::Acquire);
        let storage = Arc::clone(&self.storage);
        let (next, failure) = match self.save(!is_stopped) {
            Ok(true) => {
                self.failures = 0;
                (Next::Again, None)
            }
            Ok(false) => (Next::Wait, None),
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                (Next::WaitUs(retry_us(self.failures)), Some(error))
            }
        };
        let has_failed = failure.is_some();
        if has_failed || next == Next::Again {
            storage.texts.note(failure);
            // Who flushes waits for that.
            storage.wake_committer();
        }
        // What is not saved now is indexed again when the shard is opened.
        if is_stopped && next != Next::Again { Next::Done } else { next }
    }
}

impl Saver {
    /// One file, if there is one to write. Whether there was.
    fn save(&self, may_merge: bool) -> Result<bool> {
        let storage = &self.storage;
        let parts = storage.shared.parts();
        let floor_seqno = storage.floor_seqno();
        let entries = &parts.entries;
        let files = entries.partition_point(|entry| entry.part.file().is_some());
        let mut end = entries.partition_point(|it| it.part.meta().last_seqno <= floor_seqno);
        if storage.texts.mode() == Mode::CatchingUp && end == entries.len() {
            // The last part may have to say more.
            end = end.saturating_sub(1);
        }
        if end > files {
            return self.write(entries, files..end);
        }
        if storage.texts.mode() == Mode::Exact {
            // No part ends behind a delta that is in segments: rounds end where deltas do.
            let saved_seqno = parts.covered_seqno().min(floor_seqno);
            if storage.texts.saved_seqno.fetch_max(saved_seqno, Ordering::AcqRel) < saved_seqno {
                storage.wake_committer();
            }
        }
        let files = entries.get(..files).unwrap_or_default();
        let is_mostly_ended = |entry: &Entry| {
            let documents = u64::from(entry.part.documents());
            let retain_from = storage.history_floor_seqno();
            let since = &entry.ended.since;
            let gone = since.partition_point(|(since, _)| *since <= retain_from) as u64;
            gone * ENDED_DIVISOR > documents
        };
        if !may_merge {
            return Ok(false);
        }
        if let Some(range) = alike(files, FILES_MAX) {
            return self.write(entries, range);
        }
        match files.iter().position(is_mostly_ended) {
            Some(at) => self.write(entries, at..at + 1),
            None => Ok(false),
        }
    }

    fn write(&self, entries: &[Entry], range: std::ops::Range<usize>) -> Result<bool> {
        let storage = &self.storage;
        let texts = &storage.texts;
        let is_oldest = range.start == 0;
        let inputs = entries.get(range).unwrap_or_default();
        // Not what could be given up by now: segments may still have it, and views of it be made.
        let retain_from = storage.history_floor_seqno();
        let merge = Merge::new(inputs, retain_from, is_oldest)?;
        let number = texts.next_file_number.fetch_add(1, Ordering::Relaxed);
        let part = merge.in_file(&texts.dir, number)?;
        let figures = &texts.figures;
        figures.files_written.fetch_add(1, Ordering::Relaxed);
        let bytes = part.file().map_or(0, MappedFile::file_bytes);
        figures.bytes_written.fetch_add(bytes, Ordering::Relaxed);
        if !storage.replace_parts(inputs, &merge, part)? {
            texts.dir.remove(number)?;
        }
        Ok(true)
    }
}
