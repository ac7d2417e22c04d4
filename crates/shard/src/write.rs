//! The write path, as callers see it: queue a batch, hear of it once it is on disk and readable.

use crate::delta::Outcome;
use crate::error::{Error, Result};
use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use sutra_format::Batch;

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its number, in order of visibility.
    pub seqno: u64,
    /// One for each operation, in order.
    pub outcomes: Vec<Outcome>,
}

/// Where acknowledgements go. Called on the committer's thread: hand over, do not work.
pub trait AckSink: Send + Sync {
    /// One batch is done or refused.
    fn complete(&self, token: u64, result: Result<Committed>);

    /// Every batch of a group that goes to this sink has been completed.
    fn group_end(&self);
}

/// Whom to tell of one batch.
#[derive(Clone)]
pub struct Ack {
    /// Receiver, shared by many batches.
    pub sink: Arc<dyn AckSink>,
    /// The receiver's own name for the batch.
    pub token: u64,
}

/// What the committer is asked for.
pub(crate) enum Request {
    Write(Batch),
    /// Everything before it on disk.
    Flush,
    /// As flush, then no more.
    Close,
}

pub(crate) struct Pending {
    pub request: Request,
    pub ack: Ack,
    pub queued_us: u64,
}

impl Pending {
    fn bytes(&self) -> usize {
        match &self.request {
            Request::Write(batch) => batch.bytes().len(),
            Request::Flush | Request::Close => 0,
        }
    }
}

/// Bytes of batches that may wait, so that a slow disk does not fill the memory.
const QUEUE_BYTES_MAX: usize = 256 << 20;

/// Batches waiting for the committer, in order.
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    pending: VecDeque<Pending>,
    /// Of the batches that wait.
    bytes: usize,
    closed: Option<String>,
    has_failed: bool,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), capacity }
    }

    /// Adds requests, all or those that fit; gives back each refused one with the reason.
    pub fn push(&self, requests: impl IntoIterator<Item = Pending>) -> Vec<(Pending, Error)> {
        let mut refused = Vec::new();
        let mut state = self.state.lock();
        for request in requests {
            if let Some(reason) = &state.closed {
                refused.push((request, Error::Closed(reason.clone())));
            } else if let Some(message) = self.no_room(&state, &request) {
                refused.push((request, Error::Busy(message)));
            } else {
                state.bytes += request.bytes();
                if matches!(request.request, Request::Close) {
                    state.closed = Some("the store is closed".into());
                }
                state.pending.push_back(request);
            }
        }
        refused
    }

    /// A batch always has room in an empty queue, however large it is. A close always has: whoever
    /// closes waits for the committer, which ends only when it is asked to.
    fn no_room(&self, state: &State, request: &Pending) -> Option<String> {
        if matches!(request.request, Request::Close) {
            return None;
        }
        if state.pending.len() >= self.capacity {
            return Some(format!("{} writes are waiting already", self.capacity));
        }
        let bytes = state.bytes.saturating_add(request.bytes());
        (state.bytes > 0 && bytes > QUEUE_BYTES_MAX)
            .then(|| format!("{} bytes of writes are waiting already", state.bytes))
    }

    /// Takes the next requests for one group: up to `bytes_max`, at least one.
    pub fn take_group(&self, bytes_max: usize, group: &mut Vec<Pending>) {
        let mut state = self.state.lock();
        let mut bytes = 0;
        while let Some(next) = state.pending.front() {
            let next_bytes = next.bytes();
            bytes += next_bytes;
            if bytes > bytes_max && !group.is_empty() {
                break;
            }
            state.bytes -= next_bytes;
            group.extend(state.pending.pop_front());
        }
    }

    /// Takes from the front what need not wait for room: batches that wait since before `queued_us`
    /// into `late`, flushes and closes into `asked`.
    pub fn take_without_room(
        &self,
        queued_us: u64,
        late: &mut Vec<Pending>,
        asked: &mut Vec<Pending>,
    ) {
        let mut state = self.state.lock();
        while let Some(next) = state.pending.front() {
            let to = match next.request {
                Request::Write(_) if next.queued_us >= queued_us => break,
                Request::Write(_) => &mut *late,
                Request::Flush | Request::Close => &mut *asked,
            };
            state.bytes -= next.bytes();
            to.extend(state.pending.pop_front());
        }
    }

    /// Refuses everything from now on; the first reason stays.
    pub fn refuse(&self, reason: &str) {
        self.state.lock().closed.get_or_insert_with(|| reason.into());
    }

    /// Refuses everything from now on, because a write failed.
    pub fn fail(&self, reason: &str) {
        self.refuse(reason);
        self.state.lock().has_failed = true;
    }

    pub fn has_failed(&self) -> bool {
        self.state.lock().has_failed
    }

    pub fn depth(&self) -> usize {
        self.state.lock().pending.len()
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

/// Waits on the calling thread for one acknowledgement.
#[derive(Default)]
pub(crate) struct Waiter {
    result: Mutex<Option<Result<Committed>>>,
    arrived: Condvar,
}

impl Waiter {
    pub fn wait(&self) -> Result<Committed> {
        let mut result = self.result.lock();
        loop {
            if let Some(result) = result.take() {
                return result;
            }
            self.arrived.wait(&mut result);
        }
    }
}

impl AckSink for Waiter {
    fn complete(&self, _token: u64, result: Result<Committed>) {
        *self.result.lock() = Some(result);
        self.arrived.notify_one();
    }

    fn group_end(&self) {}
}

#[cfg(test)]
mod tests {
    use super::{Ack, Pending, Queue, Request, Waiter};
    use crate::error::Error;
    use std::sync::Arc;
    use sutra_format::{BatchBuilder, Learn};

    fn pending(request: Request) -> Pending {
        let ack = Ack { sink: Arc::new(Waiter::default()), token: 0 };
        Pending { request, ack, queued_us: 0 }
    }

    /// A close that was refused as busy then waited for a committer that nobody had asked to end.
    /// Found by the tests of interleavings.
    #[test]
    fn a_full_queue_takes_a_close() {
        let queue = Queue::new(1);
        let write = || {
            let learn = Learn { content: "x", ..Learn::default() };
            pending(Request::Write(BatchBuilder::new().learn(&learn).build()))
        };
        assert!(queue.push([write()]).is_empty());
        assert!(matches!(queue.push([write()])[..], [(_, Error::Busy(_))]));
        assert!(matches!(queue.push([pending(Request::Flush)])[..], [(_, Error::Busy(_))]));
        assert!(queue.push([pending(Request::Close)]).is_empty());
        assert!(matches!(queue.push([pending(Request::Close)])[..], [(_, Error::Closed(_))]));
    }
}
