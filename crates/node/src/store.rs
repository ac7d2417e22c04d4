//! The functions of one handle: writes, statistics, open and close.

use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::handle::Handle;
use crate::message::{Payload, js_number};
use crate::open_options::OpenOptions;
use crate::outbox::Inbox;
use crate::pool::{Job, MACHINE, run_apart};
use crate::raw::{Answer, Call, Handler, HasExchange, create_function, object};
use crate::reader::Reader;
use crate::{registry, report, stats};
use napi_sys as sys;
use rmp::Marker;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use sutra_format::Batch;
use sutra_format::msgpack::{Reader as Arguments, Unexpected};
use sutra_shard::{Ack, AckSink, View};
use sutra_store::{check_folder, repair_folder};

/// Kinds of jobs; `src/native.ts` has the same numbers.
const OPEN: u32 = 0;
const CLOSE: u32 = 1;
const FLUSH: u32 = 2;
const CHECK: u32 = 6;
const CHECK_FOLDER: u32 = 7;
const REPAIR_FOLDER: u32 = 8;

/// u32 token and u32 bytes in front of each batch.
const FRAME_HEADER_BYTES: usize = 8;

/// What the functions of one handle share.
pub(crate) struct StoreFunctions {
    exchange: Rc<Exchange>,
    inbox: Rc<Inbox>,
    handle: Arc<Handle>,
}

impl HasExchange for StoreFunctions {
    fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl StoreFunctions {
    /// An object with the functions. `inbox` is where the handle's answers arrive.
    pub(crate) fn object(
        env: sys::napi_env,
        exchange: Rc<Exchange>,
        inbox: Rc<Inbox>,
        handle: Arc<Handle>,
    ) -> Result<sys::napi_value, Failure> {
        const FUNCTIONS: [(&str, Handler<StoreFunctions>); 7] = [
            ("submit", submit),
            ("job", job),
            ("cancel", cancel),
            ("stats", statistics),
            ("reader", reader),
            ("snapshot", snapshot),
            ("at", at),
        ];
        let functions = Rc::new(Self { exchange, inbox, handle });
        let mut properties = Vec::with_capacity(FUNCTIONS.len());
        for (name, handler) in FUNCTIONS {
            properties.push((name, create_function(env, name, &functions, handler)?));
        }
        object(env, &properties)
    }
}

/// Hands over all batches in the first bytes of a buffer.
fn submit(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    let store = functions.handle.store()?;
    let frames = call.buffer(0)?;
    let frames = frames.get(..call.u32(1)? as usize);
    let batches = read_frames(functions, frames.ok_or_else(|| Failure::argument("a length"))?)?;
    let count = batches.len();
    functions.inbox.expect(call.env, count as u64);
    store.submit_all(batches);
    Ok(Answer::Count(count))
}

fn read_frames(functions: &StoreFunctions, mut rest: &[u8]) -> Result<Vec<(Batch, Ack)>, Failure> {
    let sink: Arc<dyn AckSink> = functions.handle.sink().clone();
    let mut batches = Vec::new();
    while let Some((token, after)) = rest.split_first_chunk::<4>() {
        let frame = after
            .split_first_chunk::<4>()
            .and_then(|(bytes, after)| after.split_at_checked(u32::from_le_bytes(*bytes) as usize));
        let Some((batch, after)) = frame else {
            return Err(Failure::argument("whole frames"));
        };
        let ack = Ack { sink: Arc::clone(&sink), token: u64::from(u32::from_le_bytes(*token)) };
        batches.push((Batch::from_bytes(batch.to_vec()), ack));
        rest = after;
    }
    debug_assert!(rest.len() < FRAME_HEADER_BYTES);
    Ok(batches)
}

fn job(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    let (kind, token) = (call.u32(0)?, call.u32(1)?);
    let handle = Arc::clone(&functions.handle);
    let job = Job { outbox: Arc::clone(handle.outbox()), token };
    match kind {
        OPEN => {
            let arguments = functions.exchange.copy_of(call.u32(2)? as usize)?;
            let options = OpenOptions::decode(&arguments)?;
            run_apart("sutra-open", job, move || {
                handle.open(registry::open(&options)?)?;
                let mut payload = Payload::default();
                for (_, limit) in handle.store()?.limits().named() {
                    payload.f64(js_number(limit as u64));
                }
                Ok(payload)
            });
        }
        CLOSE => {
            functions.inbox.end_when_settled();
            run_apart("sutra-close", job, move || {
                handle.close()?;
                Ok(Payload::default())
            });
        }
        FLUSH => {
            let store = Arc::clone(handle.store()?);
            run_apart("sutra-flush", job, move || {
                let mut payload = Payload::default();
                payload.f64(js_number(store.flush()?));
                Ok(payload)
            });
        }
        CHECK => {
            let store = Arc::clone(handle.store()?);
            run_apart("sutra-check", job, move || Ok(report::payload(&store.check()?)));
        }
        CHECK_FOLDER => {
            let (path, _) = folder_arguments(functions, call)?;
            run_apart("sutra-check", job, move || {
                Ok(report::payload(&check_folder(&MACHINE, Path::new(&path))?))
            });
        }
        REPAIR_FOLDER => {
            let (path, confirm) = folder_arguments(functions, call)?;
            run_apart("sutra-repair", job, move || {
                Ok(report::repair_payload(&repair_folder(&MACHINE, Path::new(&path), confirm)?))
            });
        }
        _ => return Err(Failure::argument("a kind of job")),
    }
    functions.inbox.expect(call.env, 1);
    Ok(Answer::Count(0))
}

/// [path, whether files may be changed]
fn folder_arguments(functions: &StoreFunctions, call: &Call) -> Result<(String, bool), Failure> {
    let bytes = functions.exchange.copy_of(call.u32(2)? as usize)?;
    let mut arguments = Arguments::new(&bytes);
    let mut read = || {
        arguments.array()?;
        Ok((arguments.str()?.to_owned(), arguments.marker()? == Marker::True))
    };
    let read: Result<_, Unexpected> = read();
    read.map_err(|_| Failure::argument("the path of a folder"))
}

fn cancel(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    functions.handle.cancel(call.u32(0)?);
    Ok(Answer::Count(0))
}

fn statistics(functions: &Rc<StoreFunctions>, _call: &Call) -> Result<Answer, Failure> {
    let described = stats::describe(functions.handle.store()?)?;
    Ok(functions.exchange.with(|bytes| match bytes.get_mut(..described.len()) {
        Some(place) => {
            place.copy_from_slice(&described);
            Answer::Count(described.len())
        }
        None => Answer::NeedsBytes(described.len()),
    }))
}

fn reader(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    make_reader(functions, call, &functions.handle.store()?.view(), false)
}

fn snapshot(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    make_reader(functions, call, &functions.handle.store()?.view(), true)
}

/// The store as it was: (0, a commit) or (1, milliseconds from 1970).
fn at(functions: &Rc<StoreFunctions>, call: &Call) -> Result<Answer, Failure> {
    let store = functions.handle.store()?;
    let (is_time, moment) = (call.u32(0)? == 1, call.f64(1)?);
    if moment < 0.0 || !moment.is_finite() {
        return Err(Failure::argument("a moment from 1970 on"));
    }
    #[expect(clippy::cast_sign_loss, reason = "looked at above")]
    let moment = moment as u64;
    let view = if is_time { store.view_at_time(moment)? } else { store.view_at(moment)? };
    make_reader(functions, call, &view, true)
}

fn make_reader(
    functions: &StoreFunctions,
    call: &Call,
    view: &View,
    is_fixed: bool,
) -> Result<Answer, Failure> {
    let handle = Arc::clone(&functions.handle);
    let exchange = Rc::clone(&functions.exchange);
    let inbox = Rc::clone(&functions.inbox);
    let made = Reader::functions(call.env, exchange, inbox, handle, view, is_fixed)?;
    Ok(Answer::Value(made))
}
