//! Functions for JavaScript without a generated layer: a callback with a data pointer costs some
//! 15 ns, a generated class method thirty times that.
//!
//! Invariants: a function's data lives until the engine has collected the function. A panic never
//! leaves a callback. Everything here runs on the JavaScript thread of the environment it is given.

use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::message::js_number;
use napi_sys as sys;
use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

/// Most arguments that any function takes.
const ARGUMENTS_MAX: usize = 4;

/// What a function answers when it fails; the error is in the exchange.
pub(crate) const FAILED: i32 = -1;
/// What a function of a reader answers when there is a newer state: nothing was done. No answer
/// needs as many bytes as that.
const STALE: i32 = i32::MIN;

/// What a function answers.
pub(crate) enum Answer {
    /// A count or length.
    Count(usize),
    /// The answer needs so many bytes in the exchange; nothing was done.
    NeedsBytes(usize),
    /// A value made by the function.
    Value(sys::napi_value),
}

/// The work of one function.
pub(crate) type Handler<T> = fn(&Rc<T>, &Call) -> Result<Answer, Failure>;

/// Data that has the exchange in which errors are described.
pub(crate) trait HasExchange {
    /// The exchange of the thread.
    fn exchange(&self) -> &Exchange;
}

/// What stands behind one function.
struct Bound<T> {
    data: Rc<T>,
    handler: Handler<T>,
}

/// The arguments of one call.
pub(crate) struct Call {
    pub(crate) env: sys::napi_env,
    arguments: [sys::napi_value; ARGUMENTS_MAX],
}

/// Turns a status into a failure.
pub(crate) fn checked(status: sys::napi_status, what: &str) -> Result<(), Failure> {
    if status == sys::Status::napi_ok { Ok(()) } else { Err(Failure::argument(what)) }
}

impl Call {
    /// The argument at an index; undefined if it was not given.
    pub(crate) fn value(&self, index: usize) -> sys::napi_value {
        self.arguments.get(index).copied().unwrap_or(null_mut())
    }

    /// An argument that is a number.
    pub(crate) fn f64(&self, index: usize) -> Result<f64, Failure> {
        let mut number = 0.0;
        // SAFETY: `env` and the values are those of the running callback; the status is checked.
        let status =
            unsafe { sys::napi_get_value_double(self.env, self.value(index), &raw mut number) };
        checked(status, "a number")?;
        Ok(number)
    }

    /// An argument that is a whole number.
    pub(crate) fn u32(&self, index: usize) -> Result<u32, Failure> {
        let mut number = 0;
        // SAFETY: as in `f64`.
        let status =
            unsafe { sys::napi_get_value_uint32(self.env, self.value(index), &raw mut number) };
        checked(status, "a number")?;
        Ok(number)
    }

    /// The first bytes of an argument that is a string, as UTF-8, and how many there are: a longer
    /// string fills the buffer but for its last byte.
    pub(crate) fn text<const N: usize>(&self, index: usize) -> Option<([u8; N], usize)> {
        let mut text = [0; N];
        let mut bytes = 0;
        // SAFETY: as in `f64`; at most N bytes, the closing zero among them, are written.
        let status = unsafe {
            sys::napi_get_value_string_utf8(
                self.env,
                self.value(index),
                text.as_mut_ptr().cast(),
                N,
                &raw mut bytes,
            )
        };
        (status == sys::Status::napi_ok).then_some((text, bytes))
    }

    /// The bytes of an argument that is a Buffer. They are not to be kept beyond the call.
    pub(crate) fn buffer(&self, index: usize) -> Result<&[u8], Failure> {
        let (start, length) = self.buffer_place(index)?;
        // SAFETY: the buffer is an argument of the running call, so it is alive and no JavaScript
        // runs that could change it.
        Ok(unsafe { std::slice::from_raw_parts(start.as_ptr(), length) })
    }

    /// Where the bytes of an argument that is a Buffer are, and how many.
    pub(crate) fn buffer_place(&self, index: usize) -> Result<(NonNull<u8>, usize), Failure> {
        let mut data = null_mut();
        let mut length = 0;
        // SAFETY: as in `f64`.
        let status = unsafe {
            let value = self.value(index);
            sys::napi_get_buffer_info(self.env, value, &raw mut data, &raw mut length)
        };
        checked(status, "a Buffer")?;
        match NonNull::new(data.cast::<u8>()) {
            Some(start) => Ok((start, length)),
            None => Ok((NonNull::dangling(), 0)),
        }
    }
}

impl Call {
    /// Lends the elements of an argument that is a `Float32Array`.
    pub(crate) fn with_f32<R>(
        &self,
        index: usize,
        use_elements: impl FnOnce(&mut [f32]) -> R,
    ) -> Result<R, Failure> {
        let mut kind = 0;
        let mut length = 0;
        let mut data = null_mut();
        // SAFETY: as in `f64`; the buffer and its offset are not asked for.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.value(index),
                &raw mut kind,
                &raw mut length,
                &raw mut data,
                null_mut(),
                null_mut(),
            )
        };
        checked(status, "a Float32Array")?;
        if kind != sys::TypedarrayType::float32_array || data.is_null() || length == 0 {
            return Ok(use_elements(&mut []));
        }
        // SAFETY: the array is an argument of the running call, so its memory is alive and aligned
        // for its type, and no JavaScript runs that could reach it.
        Ok(use_elements(unsafe { std::slice::from_raw_parts_mut(data.cast(), length) }))
    }
}

/// Makes a function that calls `handler` with `data`.
pub(crate) fn create_function<T: HasExchange>(
    env: sys::napi_env,
    name: &str,
    data: &Rc<T>,
    handler: Handler<T>,
) -> Result<sys::napi_value, Failure> {
    let bound = Box::into_raw(Box::new(Bound { data: Rc::clone(data), handler }));
    let mut function = null_mut();
    // SAFETY: the name is read with its length; `trampoline` takes the pointer as what it is.
    let status = unsafe {
        sys::napi_create_function(
            env,
            name.as_ptr().cast(),
            name.len().cast_signed(),
            Some(trampoline::<T>),
            bound.cast(),
            &raw mut function,
        )
    };
    let status = if status == sys::Status::napi_ok {
        // SAFETY: `bound` came from `Box::into_raw`, and the finalizer is its only owner from here.
        unsafe {
            let hint = null_mut();
            let finalizer: sys::napi_finalize = Some(drop_boxed::<Bound<T>>);
            sys::napi_add_finalizer(env, function, bound.cast(), finalizer, hint, null_mut())
        }
    } else {
        status
    };
    if status != sys::Status::napi_ok {
        // SAFETY: no finalizer took the pointer; the function, if any, is not reachable by anyone.
        drop(unsafe { Box::from_raw(bound) });
    }
    checked(status, "a function")?;
    Ok(function)
}

/// Drops what a JavaScript value owned.
///
/// # Safety
/// `data` came from `Box::into_raw` of a `T`, and this is called once.
pub(crate) unsafe extern "C" fn drop_boxed<T>(
    _env: sys::napi_env,
    data: *mut c_void,
    _hint: *mut c_void,
) {
    // SAFETY: by the contract above.
    let owned = unsafe { Box::from_raw(data.cast::<T>()) };
    // A panic may not leave a finalizer.
    drop(catch_unwind(AssertUnwindSafe(|| drop(owned))));
}

/// # Safety
/// Node calls this for a function made by [`create_function`] with a `Bound<T>`.
unsafe extern "C" fn trampoline<T: HasExchange>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut data = null_mut();
    let mut arguments = [null_mut(); ARGUMENTS_MAX];
    let mut count = ARGUMENTS_MAX;
    // SAFETY: `env` and `info` are those of this callback; the array has `count` places. Arguments
    // that were not given become undefined.
    let status = unsafe {
        let this = null_mut();
        let arguments = arguments.as_mut_ptr();
        sys::napi_get_cb_info(env, info, &raw mut count, arguments, this, &raw mut data)
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return null_mut();
    }
    // SAFETY: the pointer is the one given to `napi_create_function`, whose finalizer has not run
    // while the function is being called.
    let bound = unsafe { &*data.cast::<Bound<T>>() };
    let call = Call { env, arguments };
    let outcome = catch_unwind(AssertUnwindSafe(|| (bound.handler)(&bound.data, &call)));
    let answer = match outcome {
        Ok(Ok(answer)) => answer,
        Ok(Err(Failure::Stale)) => return number(env, STALE),
        Ok(Err(failure)) => return fail(env, bound.data.exchange(), &failure),
        Err(panic) => return fail(env, bound.data.exchange(), &Failure::panicked(panic.as_ref())),
    };
    match answer {
        Answer::Count(count) => match i32::try_from(count) {
            Ok(count) => number(env, count),
            Err(_) => double(env, js_number(count as u64)),
        },
        Answer::NeedsBytes(bytes) => double(env, -js_number(bytes.max(2) as u64)),
        Answer::Value(value) => value,
    }
}

/// Describes the failure in the exchange.
fn fail(env: sys::napi_env, exchange: &Exchange, failure: &Failure) -> sys::napi_value {
    let described = failure.describe();
    exchange.with(|bytes| {
        // An exchange is larger than any description; were it not, the rest would be cut off.
        let length = described.len().min(bytes.len());
        for (to, from) in bytes.iter_mut().zip(described.iter().take(length)) {
            *to = *from;
        }
    });
    number(env, FAILED)
}

pub(crate) fn number(env: sys::napi_env, number: i32) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: `env` is that of the running callback. On failure the value stays null: undefined.
    unsafe { sys::napi_create_int32(env, number, &raw mut value) };
    value
}

fn double(env: sys::napi_env, number: f64) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: as in `number`.
    unsafe { sys::napi_create_double(env, number, &raw mut value) };
    value
}

/// A string from bytes that were checked to be UTF-8 when they were stored.
pub(crate) fn string(env: sys::napi_env, text: &[u8]) -> Result<sys::napi_value, Failure> {
    let mut value = null_mut();
    let (start, length) = (text.as_ptr().cast(), text.len().cast_signed());
    // SAFETY: `env` is that of the running callback, and the bytes are read with their length.
    // Text of ASCII only is the same in both encodings, and cheaper in the first.
    let status = unsafe {
        if text.is_ascii() {
            sys::napi_create_string_latin1(env, start, length, &raw mut value)
        } else {
            sys::napi_create_string_utf8(env, start, length, &raw mut value)
        }
    };
    checked(status, "a string")?;
    Ok(value)
}

/// An object with these properties.
pub(crate) fn object(
    env: sys::napi_env,
    properties: &[(&str, sys::napi_value)],
) -> Result<sys::napi_value, Failure> {
    let mut object = null_mut();
    // SAFETY: `env` is that of the running callback.
    checked(unsafe { sys::napi_create_object(env, &raw mut object) }, "an object")?;
    for (name, value) in properties {
        set_property(env, object, name, *value)?;
    }
    Ok(object)
}

/// Sets one property by name.
pub(crate) fn set_property(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &str,
    value: sys::napi_value,
) -> Result<(), Failure> {
    let name = string(env, name.as_bytes())?;
    // SAFETY: all three are values of the running callback.
    checked(unsafe { sys::napi_set_property(env, object, name, value) }, "a property")
}

/// Words of a panic, as far as it has any.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
