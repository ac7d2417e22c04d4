//! Keeps one zero-filled segment file ready, so that a rotation seldom waits for the disk.
//!
//! The file is made under a name that recovery removes, filled, synced and only then offered. A
//! failure here is not an error: the writer that needs a segment makes one itself and reports it.

use super::segment_files::{SegmentFiles, ZERO_CHUNK_BYTES, fill_with_zeros};
use crate::sync::Mutex;
use std::sync::Arc;
use sutra_env::{File, Next, Steps};

/// What the writer and the background task share.
#[derive(Default)]
pub(super) struct SpareSlot {
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    /// The writer asked for a file of this length.
    Wanted(u64),
    /// The task is filling it.
    Making,
    Ready(Spare),
    Closed,
}

/// A file of zeros under the spare name.
pub(super) struct Spare {
    pub(super) file: Arc<dyn File>,
    pub(super) bytes: u64,
}

/// The background task.
pub struct SpareMaker {
    files: SegmentFiles,
    slot: Arc<SpareSlot>,
    unfinished: Option<Unfinished>,
}

struct Unfinished {
    file: Arc<dyn File>,
    filled: u64,
    bytes: u64,
}

impl SpareSlot {
    /// Asks for a spare of this length, unless one is there or being made. True when the task must
    /// be woken.
    pub(super) fn want(&self, bytes: u64) -> bool {
        let mut state = self.state.lock();
        let idle = matches!(*state, State::Idle);
        if idle {
            *state = State::Wanted(bytes);
        }
        idle
    }

    /// Takes the spare if it is ready and at least this long. One that is too short is let go.
    pub(super) fn take(&self, bytes: u64) -> Option<Spare> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Ready(_)) {
            return None;
        }
        match std::mem::take(&mut *state) {
            State::Ready(spare) if spare.bytes >= bytes => Some(spare),
            _ => None,
        }
    }

    /// Ends the task at its next step.
    pub(super) fn close(&self) {
        *self.state.lock() = State::Closed;
    }
}

impl SpareMaker {
    pub(super) fn new(files: SegmentFiles, slot: Arc<SpareSlot>) -> Self {
        Self { files, slot, unfinished: None }
    }

    fn begin(&mut self) -> Next {
        let mut state = self.slot.state.lock();
        match *state {
            State::Wanted(bytes) => {
                *state = State::Making;
                drop(state);
                self.create(bytes)
            }
            State::Closed => Next::Done,
            _ => Next::Wait,
        }
    }

    fn create(&mut self, bytes: u64) -> Next {
        match self.files.recycled_or_new(bytes) {
            Ok(file) => {
                self.unfinished = Some(Unfinished { file, filled: 0, bytes });
                Next::Again
            }
            Err(_) => self.give_up(),
        }
    }

    fn fill(&mut self, mut unfinished: Unfinished) -> Next {
        if matches!(*self.slot.state.lock(), State::Closed) {
            return Next::Done;
        }
        let end = unfinished.bytes.min(unfinished.filled + ZERO_CHUNK_BYTES as u64);
        if fill_with_zeros(unfinished.file.as_ref(), unfinished.filled, end).is_err() {
            return self.give_up();
        }
        unfinished.filled = end;
        if end < unfinished.bytes {
            self.unfinished = Some(unfinished);
            return Next::Again;
        }
        self.finish(unfinished)
    }

    fn finish(&mut self, unfinished: Unfinished) -> Next {
        let (from, to) = (self.files.unfinished_path(), self.files.spare_path());
        let finished = unfinished.file.sync_all().and_then(|()| {
            // Not synced: the name is given for good, and made durable, when the spare is used.
            self.files.disk().rename(&from, &to)
        });
        if finished.is_err() {
            return self.give_up();
        }
        let mut state = self.slot.state.lock();
        if matches!(*state, State::Making) {
            let spare = Spare { file: unfinished.file, bytes: unfinished.bytes };
            *state = State::Ready(spare);
        }
        Next::Wait
    }

    /// Back to idle; a full disk must not be asked again and again.
    fn give_up(&mut self) -> Next {
        let _ = self.files.remove_spares();
        let mut state = self.slot.state.lock();
        if matches!(*state, State::Making) {
            *state = State::Idle;
        }
        Next::Wait
    }
}

impl Steps for SpareMaker {
    fn step(&mut self) -> Next {
        match self.unfinished.take() {
            Some(unfinished) => self.fill(unfinished),
            None => self.begin(),
        }
    }
}
