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
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use sutra_format::{AssociationClass, ConceptId, Refusal};
use sutra_shard::delta::Delta;
use sutra_shard::{Error, View};
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
const CLASSES_SHIFT: u32 = 8;

/// A state of the store: the newest one, whatever is written, or one that never changes.
pub(crate) struct Reader {
    pub(crate) exchange: Rc<Exchange>,
    pub(crate) inbox: Rc<Inbox>,
    pub(crate) handle: Arc<Handle>,
    pub(crate) delta: Arc<Delta>,
    fixed: Option<View>,
    /// Reused by `neighbors`.
    edges: RefCell<Vec<Neighbor>>,
}

impl HasExchange for Reader {
    fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl Reader {
    /// Functions that read the newest state, or `fixed`.
    pub(crate) fn functions(
        env: sys::napi_env,
        exchange: Rc<Exchange>,
        inbox: Rc<Inbox>,
        handle: Arc<Handle>,
        fixed: Option<View>,
    ) -> Result<sys::napi_value, Failure> {
        const FUNCTIONS: [(&str, Handler<Reader>); 12] = [
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
        ];
        let delta = Arc::clone(handle.store()?.delta());
        let edges = RefCell::default();
        let reader = Rc::new(Self { exchange, inbox, handle, delta, fixed, edges });
        let mut properties = Vec::with_capacity(FUNCTIONS.len());
        for (name, handler) in FUNCTIONS {
            properties.push((name, create_function(env, name, &reader, handler)?));
        }
        object(env, &properties)
    }

    /// The seqno to read at. A reader of the newest state ends with its store.
    pub(crate) fn seqno(&self) -> Result<u64, Failure> {
        match &self.fixed {
            Some(view) => Ok(view.seqno()),
            None if self.handle.is_closed() => {
                Err(Error::Closed("the store is closed".into()).into())
            }
            None => Ok(self.delta.published_seqno()),
        }
    }

    /// The state to read, for work on another thread.
    pub(crate) fn view(&self) -> Result<View, Failure> {
        match &self.fixed {
            Some(view) => Ok(view.clone()),
            None => Ok(self.handle.store()?.view()),
        }
    }
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
    let Some(concept) = reader.delta.concept(&id, reader.seqno()?) else {
        return Ok(Answer::Count(0));
    };
    let found = [location_to_number(concept.location()), js_number(concept.seqno())];
    reader.exchange.with(|bytes| put_numbers(bytes, 0, &found));
    Ok(Answer::Count(1))
}

fn has(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let id = id_argument(call, 0)?;
    let concept = reader.delta.concept(&id, reader.seqno()?);
    Ok(Answer::Count(usize::from(concept.is_some())))
}

fn sequence(reader: &Rc<Reader>, _call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Count(reader.seqno()? as usize))
}

/// Answers take less room than ids, so an answer never covers an id that is still to be read.
fn get_many(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    const FOUND_BYTES: usize = 16;
    const _: () = assert!(FOUND_BYTES <= ID_CHARS);
    let count = call.u32(0)? as usize;
    let seqno = reader.seqno()?;
    reader.exchange.with(|bytes| {
        for index in 0..count {
            let at = index * ID_CHARS;
            let id = bytes.get(at..at + ID_CHARS).and_then(ConceptId::from_hex);
            let concept = id.and_then(|id| reader.delta.concept(&id, seqno));
            let found = concept.map_or([0.0, 0.0], |concept| {
                [location_to_number(concept.location()), js_number(concept.seqno())]
            });
            put_numbers(bytes, index * FOUND_BYTES, &found);
        }
    });
    Ok(Answer::Count(count))
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
    let label = match call.u32(2)? as usize {
        0 => None,
        bytes => Some(String::from_utf8_lossy(&reader.exchange.copy_of(bytes)?).into_owned()),
    };
    let query = NeighborQuery {
        direction: direction(flags),
        classes: classes(flags >> CLASSES_SHIFT),
        label: label.as_deref(),
        limit: call.u32(3)? as usize,
    };
    let view = reader.view()?;
    let mut edges = reader.edges.borrow_mut();
    edges.clear();
    if let Some(cell) = view.cell_of(&id) {
        query.visit(&view, cell, |neighbor| edges.push(neighbor));
    }
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
            let other = reader.delta.id_of(edge.other).unwrap_or_default();
            id.copy_from_slice(&other.to_hex());
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
