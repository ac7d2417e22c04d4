//! What the addon exports when it is loaded. Each environment (the main thread, every worker) loads
//! it once.

use crate::exchange::Exchange;
use crate::failure::{CODES, Failure};
use crate::handle::Handle;
use crate::outbox::Inbox;
use crate::raw::{
    Answer, Call, Handler, HasExchange, create_function, object, set_property, string,
};
use crate::store::StoreFunctions;
use napi_sys as sys;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use sutra_format::{ConceptId, Refusal};

const CONTENT: u32 = 0;
const KEY: u32 = 1;

/// Data of the module's own functions. Their errors have nowhere to go yet.
struct Module {
    nowhere: Exchange,
}

impl HasExchange for Module {
    fn exchange(&self) -> &Exchange {
        &self.nowhere
    }
}

/// Called by Node when the addon is loaded.
///
/// # Safety
/// Only Node calls this, on the JavaScript thread of `env`, with the module's exports.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    #[cfg(target_env = "msvc")]
    // SAFETY: loads the functions of Node into this library, once before the first is called.
    unsafe {
        sys::setup();
    }
    // Node makes an error of a module that exports nothing, and has no better way to be told.
    drop(export(env, exports));
    exports
}

fn export(env: sys::napi_env, exports: sys::napi_value) -> Result<(), Failure> {
    let module = Rc::new(Module { nowhere: Exchange::empty() });
    let make = create_function(env, "createExchange", &module, create_exchange)?;
    set_property(env, exports, "createExchange", make)?;
    let codes = create_function(env, "errorCodes", &module, error_codes)?;
    set_property(env, exports, "errorCodes", codes)
}

/// An object of functions that answer through the Buffer given. A thread that loads the JavaScript
/// side twice, as an ES module and as `CommonJS`, has two.
fn create_exchange(_module: &Rc<Module>, call: &Call) -> Result<Answer, Failure> {
    const FUNCTIONS: [(&str, Handler<Exchange>); 3] =
        [("grow", grow), ("createStore", create_store), ("deriveId", derive_id)];
    let exchange = Rc::new(Exchange::from_argument(call, 0)?);
    let mut properties = Vec::with_capacity(FUNCTIONS.len());
    for (name, handler) in FUNCTIONS {
        properties.push((name, create_function(call.env, name, &exchange, handler)?));
    }
    Ok(Answer::Value(object(call.env, &properties)?))
}

fn grow(exchange: &Rc<Exchange>, call: &Call) -> Result<Answer, Failure> {
    exchange.replace(call, 0)?;
    Ok(Answer::Count(0))
}

fn create_store(exchange: &Rc<Exchange>, call: &Call) -> Result<Answer, Failure> {
    let handle = Rc::new(OnceCell::<Arc<Handle>>::new());
    let ending = Rc::clone(&handle);
    // An environment that ends without closing its stores, such as a worker that is stopped, must
    // not keep the folder locked. Nobody is left to hear of an error.
    let ended = Box::new(move || {
        if let Some(handle) = ending.get() {
            drop(handle.close());
        }
    });
    let inbox = Inbox::create(call, 0, Rc::clone(exchange), ended)?;
    let made = handle.get_or_init(|| Arc::new(Handle::new(Arc::clone(inbox.outbox()))));
    let made = Arc::clone(made);
    Ok(Answer::Value(StoreFunctions::object(call.env, Rc::clone(exchange), inbox, made)?))
}

/// Namespace, then text, both in the exchange; the id takes their place.
fn derive_id(exchange: &Rc<Exchange>, call: &Call) -> Result<Answer, Failure> {
    let (kind, namespace_bytes, text_bytes) = (call.u32(0)?, call.u32(1)?, call.u32(2)?);
    let texts = exchange.copy_of(namespace_bytes as usize + text_bytes as usize)?;
    let (namespace, text) = texts.split_at(namespace_bytes as usize);
    let namespace = utf8("namespace", namespace)?;
    let id = match kind {
        CONTENT => ConceptId::of_content(namespace, utf8("content", text)?),
        KEY => ConceptId::of_key(namespace, utf8("key", text)?),
        _ => return Err(Failure::argument("a kind of id")),
    };
    exchange.with(|bytes| {
        for (place, character) in bytes.iter_mut().zip(id.to_hex()) {
            *place = character;
        }
    });
    Ok(Answer::Count(0))
}

fn utf8<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str, Refusal> {
    str::from_utf8(bytes).map_err(|_| Refusal::invalid(field, "expected UTF-8"))
}

fn error_codes(_module: &Rc<Module>, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Value(string(call.env, CODES.join(" ").as_bytes())?))
}
