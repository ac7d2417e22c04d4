//! Point reads, each one raw function: `src/native.ts` says what they answer.

use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::handle::Handle;
use crate::message::{js_number, location_to_number};
use crate::outbox::Inbox;
use crate::raw::{Answer, Call, Handler, HasExchange, create_function, object};
use crate::read_jobs;
use crate::record;
use napi_sys as sys;
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use sutra_format::{AssociationClass, ConceptId, Refusal};
use sutra_shard::text::Parts;
use sutra_shard::{Error, Shared, State, View};
use sutra_store::graph::ClassSet;
use sutra_store::{Direction, Neighbor, NeighborQuery};

const ID_CHARS: usize = 32;
/// Room for an id, one character more (which shows that it is too long) and a closing zero.
const ID_TEXT: usize = ID_CHARS + 2;
/// Bytes of an edge in the exchange, without the id.
pub(crate) const EDGE_BYTES: usize = 24;
/// Set in the flags of an edge whose other end is its source.
const OTHER_IS_SOURCE: u32 = 0x100;

const OUT: u32 = 1;
const IN: u32 = 2;
/// Set when the exchange starts with the moment that is asked about.
const HAS_MOMENT: u32 = 4;
const CLASSES_SHIFT: u32 = 8;

/// A state of the store: the newest one, whatever is written, or one that never changes.
pub(crate) struct Reader {
    pub(crate) exchange: Rc<Exchange>,
    pub(crate) inbox: Rc<Inbox>,
    pub(crate) handle: Arc<Handle>,
    shared: Arc<Shared>,
    /// Given up when no view can need it any more.
    state: RefCell<Option<Arc<State>>>,
    /// The commit read, of a reader that never changes; the newest one otherwise.
    fixed_seqno: Option<u64>,
    /// The index of texts that belongs to it, as long as it is not released.
    fixed_parts: RefCell<Option<Arc<Parts>>>,
    /// What the state keeps in memory that the store itself does not need any more.
    held: RefCell<Option<ExternalMemory>>,
    /// Reused by `neighbors`.
    edges: RefCell<Vec<Neighbor>>,
}

impl HasExchange for Reader {
    fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl Reader {
    /// Functions that read the newest state, as long as the layers are those of `view`, or for ever
    /// what `view` shows.
    pub(crate) fn functions(
        env: sys::napi_env,
        exchange: Rc<Exchange>,
        inbox: Rc<Inbox>,
        handle: Arc<Handle>,
        view: &View,
        is_fixed: bool,
    ) -> Result<sys::napi_value, Failure> {
        const FUNCTIONS: [(&str, Handler<Reader>); 14] = [
            ("get", get),
            ("getMany", get_many),
            ("has", has),
            ("neighbors", neighbors),
            ("sequence", sequence),
            ("content", record::content),
            ("concept", record::concept),
            ("attributes", record::attributes),
            ("vector", record::vector),
            ("association", record::association),
            ("associationAttributes", record::association_attributes),
            ("job", read_jobs::start),
            ("release", release),
            ("hold", hold),
        ];
        let reader = Rc::new(Self {
            shared: Arc::clone(handle.store()?.shared()),
            exchange,
            inbox,
            handle,
            state: RefCell::new(Some(Arc::clone(view.state()))),
            fixed_seqno: is_fixed.then(|| view.seqno()),
            fixed_parts: RefCell::new(is_fixed.then(|| Arc::clone(view.parts()))),
            held: RefCell::default(),
            edges: RefCell::default(),
        });
        let mut properties = Vec::with_capacity(FUNCTIONS.len());
        for (name, handler) in FUNCTIONS {
            properties.push((name, create_function(env, name, &reader, handler)?));
        }
        object(env, &properties)
    }

    /// The state that locations of this reader belong to.
    pub(crate) fn state(&self) -> Result<Ref<'_, State>, Failure> {
        let state = Ref::filter_map(self.state.borrow(), Option::as_deref);
        state.map_err(|_| Failure::argument("a reader that was not released"))
    }

    /// The commit to read at. A reader of the newest state ends with its store.
    pub(crate) fn seqno(&self, state: &State) -> Result<u64, Failure> {
        match self.fixed_seqno {
            Some(seqno) => Ok(seqno),
            None if self.handle.is_closed() => {
                Err(Error::Closed("the store is closed".into()).into())
            }
            None => self.shared.seqno_in(state).ok_or(Failure::Stale),
        }
    }

    /// The state to read and its commit, also for work on another thread.
    pub(crate) fn view(&self) -> Result<View, Failure> {
        // Before the commit, see `Shared::view`.
        let parts = self.fixed_parts.borrow().clone().unwrap_or_else(|| self.shared.parts());
        let state = self.state.borrow().clone();
        let state = state.ok_or_else(|| Failure::argument("a reader that was not released"))?;
        let seqno = self.seqno(&state)?;
        Ok(View::new(state, seqno, parts))
    }
}

/// Memory that JavaScript values keep alive, as its collector is told: it knows only its own.
struct ExternalMemory {
    env: sys::napi_env,
    bytes: i64,
}

impl ExternalMemory {
    fn new(env: sys::napi_env, bytes: u64) -> Self {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        adjust(env, bytes);
        Self { env, bytes }
    }
}

impl Drop for ExternalMemory {
    fn drop(&mut self) {
        adjust(self.env, -self.bytes);
    }
}

fn adjust(env: sys::napi_env, bytes: i64) {
    let mut total = 0;
    // SAFETY: called from a callback, or from a finalizer of one of the reader's functions, on the
    // thread of `env`, which lives until its finalizers have run. The outcome is advice only.
    let _ = unsafe { sys::napi_adjust_external_memory(env, bytes, &raw mut total) };
}

/// Gives the state up: nobody has a view of it.
#[expect(clippy::unnecessary_wraps, reason = "a handler like the others")]
fn release(reader: &Rc<Reader>, _call: &Call) -> Result<Answer, Failure> {
    reader.state.borrow_mut().take();
    reader.fixed_parts.borrow_mut().take();
    Ok(Answer::Count(0))
}

/// Tells the collector what the state keeps in memory, now that views are all that needs it.
fn hold(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let bytes = reader.state()?.delta_bytes();
    *reader.held.borrow_mut() = Some(ExternalMemory::new(call.env, bytes));
    Ok(Answer::Count(0))
}

/// The id that is the argument at an index.
fn id_argument(call: &Call, index: usize) -> Result<ConceptId, Failure> {
    let id = call
        .text::<ID_TEXT>(index)
        .and_then(|(text, bytes)| ConceptId::from_hex(text.get(..bytes)?));
    id.ok_or_else(|| {
        let message = "an id is 32 lower-case hexadecimal characters";
        Refusal::invalid("id", message).into()
    })
}

fn get(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let id = id_argument(call, 0)?;
    let state = reader.state()?;
    let Some(concept) = state.concept(&id, reader.seqno(&state)?)? else {
        return Ok(Answer::Count(0));
    };
    let found = [location_to_number(concept.location()), js_number(concept.seqno())];
    reader.exchange.with(|bytes| put_numbers(bytes, 0, &found));
    Ok(Answer::Count(1))
}

fn has(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let id = id_argument(call, 0)?;
    let state = reader.state()?;
    let concept = state.concept(&id, reader.seqno(&state)?)?;
    Ok(Answer::Count(usize::from(concept.is_some())))
}

fn sequence(reader: &Rc<Reader>, _call: &Call) -> Result<Answer, Failure> {
    let state = reader.state()?;
    Ok(Answer::Count(reader.seqno(&state)? as usize))
}

/// Answers take less room than ids, so an answer never covers an id that is still to be read.
fn get_many(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    const FOUND_BYTES: usize = 16;
    const _: () = assert!(FOUND_BYTES <= ID_CHARS);
    let count = call.u32(0)? as usize;
    let state = reader.state()?;
    let seqno = reader.seqno(&state)?;
    reader.exchange.with(|bytes| {
        for index in 0..count {
            let at = index * ID_CHARS;
            let id = bytes.get(at..at + ID_CHARS).and_then(ConceptId::from_hex);
            let concept = id.map_or(Ok(None), |id| state.concept(&id, seqno))?;
            let found = concept.map_or([0.0, 0.0], |concept| {
                [location_to_number(concept.location()), js_number(concept.seqno())]
            });
            put_numbers(bytes, index * FOUND_BYTES, &found);
        }
        Ok(Answer::Count(count))
    })
}

/// What is asked for, from the flags: the sides in the two lowest bits, classes from bit 8 on.
fn direction(flags: u32) -> Direction {
    match flags & (OUT | IN) {
        OUT => Direction::Out,
        IN => Direction::In,
        _ => Direction::Both,
    }
}

/// The set with one bit for each class, by its number.
pub(crate) fn classes(bits: u32) -> ClassSet {
    let is_in = |class: &AssociationClass| bits >> class.number() & 1 == 1;
    AssociationClass::ALL.into_iter().filter(is_in).collect()
}

fn neighbors(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let id = id_argument(call, 0)?;
    let flags = call.u32(1)?;
    let moment_bytes = if flags & HAS_MOMENT == 0 { 0 } else { size_of::<f64>() };
    let (mut label, mut valid_at_ms) = (None, None);
    let given_bytes = moment_bytes + call.u32(2)? as usize;
    if given_bytes > 0 {
        let given = reader.exchange.copy_of(given_bytes)?;
        let (moment, name) = given.split_at_checked(moment_bytes).unwrap_or_default();
        // A Date counts whole milliseconds that are exact in a double.
        valid_at_ms = moment.first_chunk().map(|bytes| f64::from_ne_bytes(*bytes) as i64);
        label = (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned());
    }
    let query = NeighborQuery {
        direction: direction(flags),
        classes: classes(flags >> CLASSES_SHIFT),
        label: label.as_deref(),
        valid_at_ms,
        limit: call.u32(3)? as usize,
    };
    let view = reader.view()?;
    let mut edges = reader.edges.borrow_mut();
    edges.clear();
    query.visit(&view, &id, |neighbor| edges.push(neighbor))?;
    Ok(lay_out(reader, &edges))
}

/// Entries first, then the ids.
fn lay_out(reader: &Reader, edges: &[Neighbor]) -> Answer {
    let bytes_needed = edges.len() * (EDGE_BYTES + ID_CHARS);
    reader.exchange.with(|bytes| {
        let Some(bytes) = bytes.get_mut(..bytes_needed) else {
            return Answer::NeedsBytes(bytes_needed);
        };
        let (entries, ids) = bytes.split_at_mut(edges.len() * EDGE_BYTES);
        let places = entries.chunks_exact_mut(EDGE_BYTES).zip(ids.chunks_exact_mut(ID_CHARS));
        for (Neighbor { edge, is_incoming }, (entry, id)) in edges.iter().zip(places) {
            let (class, confidence, location) = (edge.class, edge.confidence, edge.location);
            entry.copy_from_slice(&edge_entry(class, confidence, location, *is_incoming));
            id.copy_from_slice(&edge.other.to_hex());
        }
        Answer::Count(edges.len())
    })
}

/// An edge as `src/records/association-view.ts` reads it.
pub(crate) fn edge_entry(
    class: AssociationClass,
    confidence: f64,
    location: u64,
    is_incoming: bool,
) -> [u8; EDGE_BYTES] {
    let flags = u32::from(class.number()) | if is_incoming { OTHER_IS_SOURCE } else { 0 };
    let words = [confidence.to_bits(), location, u64::from(flags)];
    let mut entry = [0; EDGE_BYTES];
    for (place, word) in entry.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    entry
}

/// Writes numbers one after the other, starting at a byte.
pub(crate) fn put_numbers(bytes: &mut [u8], at: usize, numbers: &[f64]) {
    let place = bytes.get_mut(at..).unwrap_or_default();
    for (place, number) in place.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_ne_bytes());
    }
}
