//! Acknowledgements of the store, gathered so that one commit group is one message.

use crate::failure::Failure;
use crate::message::{push_committed, push_failed};
use crate::outbox::Outbox;
use parking_lot::Mutex;
use std::sync::Arc;
use sutra_shard::{AckSink, Committed, Error};

/// Receives what became of each batch of one handle.
pub(crate) struct Sink {
    outbox: Arc<Outbox>,
    gathered: Mutex<Gathered>,
}

#[derive(Default)]
struct Gathered {
    message: Vec<u8>,
    settled: u64,
}

impl Sink {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, gathered: Mutex::default() }
    }
}

impl AckSink for Sink {
    fn complete(&self, token: u64, result: Result<Committed, Error>) {
        let mut gathered = self.gathered.lock();
        gathered.settled += 1;
        // Tokens come from JavaScript as 32 bits.
        match result {
            Ok(committed) => push_committed(&mut gathered.message, token as u32, &committed),
            Err(error) => push_failed(&mut gathered.message, token as u32, &Failure::Store(error)),
        }
    }

    fn group_end(&self) {
        let gathered = std::mem::take(&mut *self.gathered.lock());
        if gathered.settled > 0 {
            self.outbox.send(gathered.message, gathered.settled);
        }
    }
}
