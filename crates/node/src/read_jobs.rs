//! Search, paths and lists: arguments from the exchange, work in the pool, answers as
//! `src/records/job-results.ts` reads them.

use crate::failure::Failure;
use crate::message::{Payload, js_number};
use crate::pool::{self, Job};
use crate::raw::{Answer, Call};
use crate::reader::{Reader, classes, edge_entry};
use rmp::Marker;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_format::msgpack::{Number, Reader as Arguments, Unexpected};
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{ConceptId, Refusal};
use sutra_shard::{ConceptRef, View};
use sutra_store::graph::{self, PathOptions};
use sutra_store::{
    Expand, Filter, ListQuery, Order, RecentAt, SearchHit, SearchQuery, Store, Weights,
};

/// Kinds of jobs; `src/native.ts` has the same numbers.
const SEARCH: u32 = 3;
const PATHS: u32 = 4;
const LIST: u32 = 5;

/// What a job runs on.
struct Ground {
    store: Arc<Store>,
    view: View,
    cancelled: Arc<AtomicBool>,
}

type Work = Box<dyn FnOnce(&Ground) -> Result<Payload, Failure> + Send>;

pub(crate) fn start(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (kind, token) = (call.u32(0)?, call.u32(1)?);
    let bytes = reader.exchange.copy_of(call.u32(2)? as usize)?;
    let work = match kind {
        SEARCH => search(&bytes),
        PATHS => paths(&bytes).map(Ok),
        LIST => list(&bytes),
        _ => return Err(Failure::argument("a kind of job")),
    };
    let work = work.map_err(|Unexpected(expected)| Failure::argument(expected))??;
    let handle = Arc::clone(&reader.handle);
    let store = Arc::clone(handle.store()?);
    let view = reader.view()?;
    let ground = Ground { store, view, cancelled: handle.cancel_flag(token) };
    let job = Job { outbox: Arc::clone(handle.outbox()), token };
    reader.inbox.expect(call.env, 1);
    pool::run(job, move || {
        let answer = work(&ground);
        handle.job_over(token);
        answer
    });
    Ok(Answer::Count(0))
}

/// [namespace or nil, vector or nil, text or nil, k, candidates or nil, exact, filter or nil,
/// weights of vector, text and graph, least score or nil, hops or 0, classes]
fn search(bytes: &[u8]) -> Result<Result<Work, Refusal>, Unexpected> {
    let mut arguments = Arguments::new(bytes);
    arguments.array()?;
    let namespace = optional_text(&mut arguments)?;
    let vector = optional_bin(&mut arguments)?.map(|bytes| {
        let (numbers, _) = bytes.as_chunks::<4>();
        numbers.iter().map(|number| f32::from_le_bytes(*number)).collect::<Vec<f32>>()
    });
    let text = optional_text(&mut arguments)?;
    let k = arguments.unsigned()? as usize;
    let ef_search = optional_count(&mut arguments)?.map(|count| count as u32);
    let exact = arguments.marker()? == Marker::True;
    let filter = optional_bin(&mut arguments)?.map(Filter::decode);
    let mut weight = || arguments.number().map(Number::to_f64);
    let weights = Weights { vector: weight()?, text: weight()?, graph: weight()? };
    let score_min = if arguments.nil()? { None } else { Some(arguments.number()?.to_f64()) };
    let hops = arguments.unsigned()? as usize;
    let classes = classes(arguments.unsigned()? as u32);
    let expand = (hops > 0).then_some(Expand { hops, classes });
    let filter = match filter.transpose() {
        Ok(filter) => filter,
        Err(refusal) => return Ok(Err(refusal)),
    };
    Ok(Ok(Box::new(move |ground| {
        let query = SearchQuery {
            vector: vector.as_deref(),
            text: text.as_deref(),
            k,
            namespace: namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE),
            filter: filter.as_ref(),
            weights,
            expand,
            score_min,
            exact,
            ef_search,
        };
        let hits = ground.store.search(&ground.view, &query, &ground.cancelled)?;
        let mut payload = Payload::default();
        payload.f64(js_number(ground.view.seqno()));
        for hit in &hits {
            payload.counted();
            payload.f64(hit.score);
            push_concept(&mut payload, &ground.view.concept_at(hit.location)?);
            push_places(&mut payload, hit);
        }
        Ok(payload)
    })))
}

/// Where a hit stands in each source, and how associations led to it.
fn push_places(payload: &mut Payload, hit: &SearchHit) {
    let places = [hit.vector, hit.text];
    for place in places {
        payload.f64(place.map_or(0.0, |place| place.score));
    }
    for place in places {
        payload.u32(place.map_or(0, |place| place.rank as u32));
    }
    payload.u32(hit.way.len() as u32);
    payload.u32(0);
    for via in &hit.way {
        let edge = &via.edge;
        let entry = edge_entry(edge.class, edge.confidence, edge.location, via.is_reversed);
        payload.bytes(&entry);
    }
    hit.way.iter().take(1).for_each(|via| payload.id(via.from));
    hit.way.iter().for_each(|via| payload.id(via.to));
}

/// [from, to, hops, paths, classes, both ways, least confidence, visited or nil, ms or nil,
/// moment or nil]
fn paths(bytes: &[u8]) -> Result<Work, Unexpected> {
    let mut arguments = Arguments::new(bytes);
    arguments.array()?;
    let [from, to] = [id(&mut arguments)?, id(&mut arguments)?];
    let mut options = PathOptions {
        hops_max: arguments.unsigned()? as usize,
        paths_max: arguments.unsigned()? as usize,
        classes: classes(arguments.unsigned()? as u32),
        both_directions: arguments.marker()? == Marker::True,
        confidence_min: arguments.number()?.to_f64(),
        ..PathOptions::default()
    };
    if let Some(visited_max) = optional_count(&mut arguments)? {
        options.visited_max = visited_max;
    }
    if let Some(time_ms_max) = optional_count(&mut arguments)? {
        options.time_us_max = time_ms_max.saturating_mul(1000);
    }
    options.valid_at_ms = optional_moment(&mut arguments)?;
    Ok(Box::new(move |ground| {
        let found =
            ground.store.paths(&ground.view, &from, &to, &options, &ground.cancelled)?.paths;
        let mut payload = Payload::default();
        for path in &found {
            payload.counted();
            push_path(&mut payload, &ground.view, path)?;
        }
        Ok(payload)
    }))
}

fn push_path(
    payload: &mut Payload,
    view: &View,
    path: &graph::Path<ConceptId>,
) -> Result<(), Failure> {
    payload.f64(path.confidence);
    payload.u32(path.steps.len() as u32);
    payload.u32(0);
    for step in &path.steps {
        let edge = view.edge_at(step.location)?;
        let entry = edge_entry(edge.class, edge.confidence, step.location, step.reversed);
        payload.bytes(&entry);
    }
    for node in &path.nodes {
        payload.id(*node);
    }
    Ok(())
}

/// [namespace or nil, limit, cursor or nil, by id, filter or nil]
fn list(bytes: &[u8]) -> Result<Result<Work, Refusal>, Unexpected> {
    let mut arguments = Arguments::new(bytes);
    arguments.array()?;
    let namespace = optional_text(&mut arguments)?;
    let limit = arguments.unsigned()? as usize;
    let cursor = optional_text(&mut arguments)?;
    let by_id = arguments.marker()? == Marker::True;
    let filter = optional_bin(&mut arguments)?.map(Filter::decode).transpose();
    let (order, filter) = match (place(cursor.as_deref(), by_id), filter) {
        (Ok(order), Ok(filter)) => (order, filter),
        (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
    };
    Ok(Ok(Box::new(move |ground| {
        let namespace = namespace.as_deref();
        let query = ListQuery { namespace, filter: filter.as_ref(), order, limit };
        let listed = ground.store.list(&ground.view, &query, &ground.cancelled)?;
        let cursor = listed.next.map(cursor_of).unwrap_or_default();
        let mut payload = Payload::default();
        payload.u32(cursor.len() as u32);
        payload.u32(0);
        for location in listed.locations {
            payload.counted();
            push_concept(&mut payload, &ground.view.concept_at(location)?);
        }
        payload.bytes(cursor.as_bytes());
        Ok(payload)
    })))
}

/// Where a page begins: at the start, or behind the page whose cursor is given.
fn place(cursor: Option<&str>, by_id: bool) -> Result<Order, Refusal> {
    let refused = || Refusal::invalid("cursor", "not one that a list in this order has given");
    match (cursor, by_id) {
        (None, false) => Ok(Order::Recent { before: None }),
        (None, true) => Ok(Order::Id { after: None }),
        (Some(cursor), true) => {
            let after =
                cursor.strip_prefix(BY_ID).and_then(|id| ConceptId::from_hex(id.as_bytes()));
            after.map(|after| Order::Id { after: Some(after) }).ok_or_else(refused)
        }
        (Some(cursor), false) => {
            let before = cursor.strip_prefix(RECENT).and_then(recent_at);
            before.map(|before| Order::Recent { before: Some(before) }).ok_or_else(refused)
        }
    }
}

const BY_ID: char = 'i';
const RECENT: char = 'r';

/// The place that a cursor names.
fn recent_at(text: &str) -> Option<RecentAt> {
    let (seqno, ordinal) = text.split_once('.')?;
    let seqno = u64::from_str_radix(seqno, 16).ok()?;
    Some(RecentAt { seqno, ordinal: u32::from_str_radix(ordinal, 16).ok()? })
}

fn cursor_of(order: Order) -> String {
    match order {
        Order::Recent { before } => {
            let RecentAt { seqno, ordinal } = before.unwrap_or(RecentAt { seqno: 0, ordinal: 0 });
            format!("{RECENT}{seqno:x}.{ordinal:x}")
        }
        Order::Id { after } => format!("{BY_ID}{}", after.unwrap_or_default()),
    }
}

fn push_concept(payload: &mut Payload, concept: &ConceptRef<'_>) {
    payload.location(concept.location());
    payload.f64(js_number(concept.seqno()));
    payload.id(concept.id());
}

fn id(arguments: &mut Arguments<'_>) -> Result<ConceptId, Unexpected> {
    let id = arguments.bin()?.try_into().map_err(|_| Unexpected("16 bytes of an id"))?;
    Ok(ConceptId(id))
}

fn optional_text(arguments: &mut Arguments<'_>) -> Result<Option<String>, Unexpected> {
    if arguments.nil()? { Ok(None) } else { Ok(Some(arguments.str()?.to_owned())) }
}

fn optional_bin<'a>(arguments: &mut Arguments<'a>) -> Result<Option<&'a [u8]>, Unexpected> {
    if arguments.nil()? { Ok(None) } else { arguments.bin().map(Some) }
}

fn optional_count(arguments: &mut Arguments<'_>) -> Result<Option<u64>, Unexpected> {
    if arguments.nil()? { Ok(None) } else { arguments.unsigned().map(Some) }
}

/// A moment in whole milliseconds from 1970.
fn optional_moment(arguments: &mut Arguments<'_>) -> Result<Option<i64>, Unexpected> {
    if arguments.nil()? {
        return Ok(None);
    }
    let moment_ms = arguments.number()?.to_i64();
    moment_ms.map(Some).ok_or(Unexpected("whole milliseconds"))
}
