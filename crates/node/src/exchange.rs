//! The buffer that JavaScript and the addon both read and write: ids, records and errors go through
//! it without an object being made. Each JavaScript thread has its own.

use crate::failure::Failure;
use crate::raw::{Call, HasExchange, checked};
use napi_sys as sys;
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

/// A Buffer of JavaScript, kept alive by a reference. Stays on its JavaScript thread.
pub(crate) struct Exchange {
    place: Cell<Option<(NonNull<u8>, usize)>>,
    reference: Cell<sys::napi_ref>,
}

impl HasExchange for Exchange {
    fn exchange(&self) -> &Exchange {
        self
    }
}

impl Exchange {
    /// Has no bytes.
    pub(crate) fn empty() -> Self {
        Self { place: Cell::new(None), reference: Cell::new(null_mut()) }
    }

    /// Takes the Buffer that is the argument at an index.
    pub(crate) fn from_argument(call: &Call, index: usize) -> Result<Self, Failure> {
        let exchange = Self::empty();
        exchange.replace(call, index)?;
        Ok(exchange)
    }

    /// Goes over to a larger Buffer.
    pub(crate) fn replace(&self, call: &Call, index: usize) -> Result<(), Failure> {
        let place = call.buffer_place(index)?;
        let mut reference = null_mut();
        // SAFETY: the value is an argument of the running call. The reference keeps the buffer
        // where it is: a Buffer of this size is never moved or pooled.
        let status = unsafe {
            sys::napi_create_reference(call.env, call.value(index), 1, &raw mut reference)
        };
        checked(status, "a Buffer")?;
        let before = self.reference.replace(reference);
        if !before.is_null() {
            // SAFETY: the reference was made in this environment and is given up once.
            unsafe { sys::napi_delete_reference(call.env, before) };
        }
        self.place.set(Some(place));
        Ok(())
    }

    /// Lends the bytes. Inside of `use_bytes` the exchange is empty for everybody else.
    pub(crate) fn with<R>(&self, use_bytes: impl FnOnce(&mut [u8]) -> R) -> R {
        let Some((start, length)) = self.place.take() else {
            return use_bytes(&mut []);
        };
        // SAFETY: the reference keeps the memory alive; JavaScript does not run while we do, since
        // this type is used on its thread only; the place was taken out, so no other slice exists.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), length) };
        // Given back also when the call panics: the error goes through this buffer.
        let _back = GiveBack { exchange: self, place: (start, length) };
        use_bytes(bytes)
    }

    /// A copy of the first bytes, if there are so many.
    pub(crate) fn copy_of(&self, bytes: usize) -> Result<Vec<u8>, Failure> {
        self.with(|all| all.get(..bytes).map(<[u8]>::to_vec))
            .ok_or_else(|| Failure::argument("a length inside of the exchange"))
    }
}

/// Puts the place of the bytes back when it is dropped.
struct GiveBack<'a> {
    exchange: &'a Exchange,
    place: (NonNull<u8>, usize),
}

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.exchange.place.set(Some(self.place));
    }
}
