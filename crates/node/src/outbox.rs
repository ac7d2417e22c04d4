//! The way from any thread to JavaScript: packed messages through one thread-safe function for each
//! handle of a store.
//!
//! The function is unreferenced while nothing is expected, so an open store does not keep the
//! process alive; while something is, it does.

use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::raw::{Call, checked, number};
use napi_sys as sys;
use parking_lot::Mutex;
use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;
use std::sync::Arc;

/// Sends messages. Any thread may; after the end of the environment they are dropped.
pub(crate) struct Outbox {
    function: Mutex<Option<Function>>,
}

/// A `napi_threadsafe_function`.
#[derive(Clone, Copy)]
struct Function(NonNull<sys::napi_threadsafe_function__>);

// SAFETY: Node-API lets every thread call the function until it is finalized; the mutex in `Outbox`
// is emptied then, on the JavaScript thread, before the function is freed.
unsafe impl Send for Function {}

/// The JavaScript side of an outbox: counts what is expected. Stays on its thread.
pub(crate) struct Inbox {
    outbox: Arc<Outbox>,
    exchange: Rc<Exchange>,
    expected: Cell<u64>,
    /// Whether the function is to end once nothing is expected any more.
    is_ending: Cell<bool>,
    /// Told when the environment ends.
    ended: Box<dyn Fn()>,
}

/// One message with the number of calls that it settles.
struct Packet {
    bytes: Vec<u8>,
    settled: u64,
}

impl Outbox {
    /// Sends a message that settles so many calls.
    pub(crate) fn send(&self, bytes: Vec<u8>, settled: u64) {
        let function = self.function.lock();
        let Some(Function(function)) = *function else { return };
        let packet = Box::into_raw(Box::new(Packet { bytes, settled }));
        // SAFETY: the function is alive while it stands in the mutex, which is held. The queue has
        // no bound, so the call never blocks.
        let status = unsafe {
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            sys::napi_call_threadsafe_function(function.as_ptr(), packet.cast(), mode)
        };
        if status != sys::Status::napi_ok {
            // SAFETY: the queue did not take the packet.
            drop(unsafe { Box::from_raw(packet) });
        }
    }
}

impl Inbox {
    /// Makes an outbox whose messages go to the function that is the argument at an index.
    pub(crate) fn create(
        call: &Call,
        index: usize,
        exchange: Rc<Exchange>,
        ended: Box<dyn Fn()>,
    ) -> Result<Rc<Self>, Failure> {
        let outbox = Arc::new(Outbox { function: Mutex::new(None) });
        let expected = Cell::new(0);
        let is_ending = Cell::new(false);
        let inbox =
            Rc::new(Self { outbox: Arc::clone(&outbox), exchange, expected, is_ending, ended });
        let context = Box::into_raw(Box::new(Rc::clone(&inbox)));
        let name = crate::raw::string(call.env, b"sutra-storage")?;
        let mut function = null_mut();
        // SAFETY: the values are those of the running call; `context` is owned by the finalizer
        // from here, and both callbacks take it as what it is.
        let status = unsafe {
            sys::napi_create_threadsafe_function(
                call.env,
                call.value(index),
                null_mut(),
                name,
                0,
                1,
                context.cast(),
                Some(end),
                context.cast(),
                Some(deliver),
                &raw mut function,
            )
        };
        if status != sys::Status::napi_ok {
            // SAFETY: no function took the context.
            drop(unsafe { Box::from_raw(context) });
        }
        checked(status, "a function")?;
        // SAFETY: the function was just made in this environment.
        let status = unsafe { sys::napi_unref_threadsafe_function(call.env, function) };
        checked(status, "a function that can be unreferenced")?;
        *outbox.function.lock() = NonNull::new(function).map(Function);
        Ok(inbox)
    }

    /// Where other threads send.
    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Says that so many calls more will be settled by messages.
    pub(crate) fn expect(&self, env: sys::napi_env, calls: u64) {
        let before = self.expected.get();
        self.expected.set(before + calls);
        let function = *self.outbox.function.lock();
        if let (0, Some(Function(function))) = (before, function) {
            // SAFETY: the function is alive while it stands in the mutex, and it is emptied on this
            // thread only.
            unsafe { sys::napi_ref_threadsafe_function(env, function.as_ptr()) };
        }
    }

    /// Gives up the function once everything expected has been answered.
    pub(crate) fn end_when_settled(&self) {
        self.is_ending.set(true);
    }

    /// Other threads find no function from here on.
    fn release(&self) {
        let function = self.outbox.function.lock().take();
        if let Some(Function(function)) = function {
            // SAFETY: taken out of the mutex, so nobody calls it any more; released once.
            unsafe {
                let mode = sys::ThreadsafeFunctionReleaseMode::release;
                sys::napi_release_threadsafe_function(function.as_ptr(), mode);
            }
        }
    }

    fn settle(&self, env: sys::napi_env, calls: u64) {
        let left = self.expected.get().saturating_sub(calls);
        self.expected.set(left);
        let function = *self.outbox.function.lock();
        if let (0, Some(Function(function))) = (left, function) {
            // SAFETY: as in `expect`.
            unsafe { sys::napi_unref_threadsafe_function(env, function.as_ptr()) };
        }
        if left == 0 && self.is_ending.get() {
            self.release();
        }
    }

    /// The message as JavaScript takes it: its length in the exchange, or its bytes.
    fn message(&self, env: sys::napi_env, bytes: &[u8]) -> Result<sys::napi_value, Failure> {
        let fits = self.exchange.with(|exchange| match exchange.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                true
            }
            None => false,
        });
        match i32::try_from(bytes.len()) {
            Ok(length) if fits => Ok(number(env, length)),
            _ => array_buffer(env, bytes),
        }
    }

    fn call(&self, env: sys::napi_env, callback: sys::napi_value, packet: &Packet) {
        self.settle(env, packet.settled);
        let Ok(message) = self.message(env, &packet.bytes) else { return };
        let mut receiver = null_mut();
        let mut result = null_mut();
        // SAFETY: we are on the thread of `env`, inside of the scope that Node made for this
        // callback; `callback` is the function given at creation.
        unsafe {
            sys::napi_get_undefined(env, &raw mut receiver);
            sys::napi_call_function(
                env,
                receiver,
                callback,
                1,
                &raw const message,
                &raw mut result,
            );
        }
    }
}

fn array_buffer(env: sys::napi_env, bytes: &[u8]) -> Result<sys::napi_value, Failure> {
    let mut data = null_mut();
    let mut value = null_mut();
    // SAFETY: `env` is that of the running callback.
    let status =
        unsafe { sys::napi_create_arraybuffer(env, bytes.len(), &raw mut data, &raw mut value) };
    checked(status, "memory for a message")?;
    if !data.is_null() {
        // SAFETY: the new buffer has this length and nobody else has it yet.
        unsafe { data.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
    Ok(value)
}

/// Runs on the JavaScript thread for each message. Without an environment it only frees it.
///
/// # Safety
/// Node calls this with a packet sent by [`Outbox::send`] and the context given at creation.
unsafe extern "C" fn deliver(
    env: sys::napi_env,
    callback: sys::napi_value,
    context: *mut c_void,
    data: *mut c_void,
) {
    // SAFETY: `data` is a packet that `Outbox::send` gave up.
    let packet = unsafe { Box::from_raw(data.cast::<Packet>()) };
    if env.is_null() || callback.is_null() || context.is_null() {
        return;
    }
    // SAFETY: the context lives until `end`, which Node calls after the last message.
    let inbox = unsafe { &*context.cast::<Rc<Inbox>>() };
    drop(catch_unwind(AssertUnwindSafe(|| inbox.call(env, callback, &packet))));
}

/// Runs on the JavaScript thread when the function ends: its environment ends, or it was released.
///
/// # Safety
/// Node calls this once, after the last message, with the context given at creation.
unsafe extern "C" fn end(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` is the context given at creation, and Node calls this once.
    let inbox = unsafe { Box::from_raw(data.cast::<Rc<Inbox>>()) };
    *inbox.outbox.function.lock() = None;
    drop(catch_unwind(AssertUnwindSafe(|| (inbox.ended)())));
}
