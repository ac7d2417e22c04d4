//! One opened store as one JavaScript thread holds it. Shared with the threads that answer.

use crate::failure::Failure;
use crate::message;
use crate::outbox::Outbox;
use crate::registry::{self, SharedStore};
use crate::sink::Sink;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use sutra_shard::Error;
use sutra_store::Store;

/// Opened once, closed once. A closed handle answers `Closed`; the store itself may go on, for the
/// handles of other threads.
pub(crate) struct Handle {
    outbox: Arc<Outbox>,
    sink: Arc<Sink>,
    opened: OnceLock<Arc<SharedStore>>,
    is_closed: AtomicBool,
    is_released: AtomicBool,
    cancels: Mutex<HashMap<u32, Arc<AtomicBool>>>,
}

impl Handle {
    pub(crate) fn new(outbox: Arc<Outbox>) -> Self {
        Self {
            sink: Arc::new(Sink::new(Arc::clone(&outbox))),
            outbox,
            opened: OnceLock::new(),
            is_closed: AtomicBool::new(false),
            is_released: AtomicBool::new(false),
            cancels: Mutex::default(),
        }
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    pub(crate) fn sink(&self) -> &Arc<Sink> {
        &self.sink
    }

    /// Takes its share of a store. A handle that was closed in the meantime gives it back.
    pub(crate) fn open(self: &Arc<Self>, store: Arc<SharedStore>) -> Result<(), Failure> {
        store.watch(self);
        if let Err(store) = self.opened.set(store) {
            registry::release(&store)?;
            return Err(Failure::argument("a handle that is not open yet"));
        }
        if self.is_closed() {
            self.release()?;
        }
        Ok(())
    }

    /// Says on the JavaScript side that the layers of the store have changed.
    pub(crate) fn tell_changed(&self) {
        if !self.is_closed() {
            self.outbox.send(message::changed(), 0);
        }
    }

    /// The store, while the handle is open.
    pub(crate) fn store(&self) -> Result<&Arc<Store>, Failure> {
        match self.opened.get() {
            Some(shared) if !self.is_closed() => Ok(shared.store()),
            _ => Err(Error::Closed("the store is closed".into()).into()),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Gives the share back; the last share closes the store. Does nothing the second time.
    pub(crate) fn close(&self) -> Result<(), Failure> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.release()
    }

    /// Once: opening on one thread and closing on another may both find that it is time.
    fn release(&self) -> Result<(), Failure> {
        match self.opened.get() {
            Some(store) if !self.is_released.swap(true, Ordering::AcqRel) => {
                Ok(registry::release(store)?)
            }
            _ => Ok(()),
        }
    }

    /// A flag that tells the job of a token to stop.
    pub(crate) fn cancel_flag(&self, token: u32) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(false));
        self.cancels.lock().insert(token, Arc::clone(&flag));
        flag
    }

    /// Tells the job of a token to stop, if it still runs.
    pub(crate) fn cancel(&self, token: u32) {
        if let Some(flag) = self.cancels.lock().get(&token) {
            flag.store(true, Ordering::Release);
        }
    }

    /// Forgets the flag of a job that is over.
    pub(crate) fn job_over(&self, token: u32) {
        self.cancels.lock().remove(&token);
    }
}
