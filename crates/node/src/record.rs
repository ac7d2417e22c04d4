//! Fields of one concept or association by location: what a view decodes when it is first touched.
//! `src/records/fixed-fields.ts` has the layout.

use crate::failure::Failure;
use crate::message::{js_number, number_to_location};
use crate::raw::{Answer, Call, string};
use crate::reader::{Reader, put_numbers};
use std::rc::Rc;
use sutra_format::op_fields::Validity;

const US_PER_MS: u64 = 1000;
const TEXT_LENGTHS_AT: usize = 56;
const TEXTS_AT: usize = 64;

/// Where the record of a location is.
fn location(call: &Call) -> Result<u64, Failure> {
    Ok(number_to_location(call.f64(0)?))
}

pub(crate) fn content(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    Ok(Answer::Value(string(call.env, state.concept_at(at)?.content()?)?))
}

pub(crate) fn attributes(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    Ok(put_bytes(reader, state.concept_at(at)?.attributes()?))
}

pub(crate) fn association_attributes(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    Ok(put_bytes(reader, state.edge_at(at)?.attributes))
}

fn put_bytes(reader: &Reader, from: &[u8]) -> Answer {
    reader.exchange.with(|bytes| match bytes.get_mut(..from.len()) {
        Some(place) => {
            place.copy_from_slice(from);
            Answer::Count(from.len())
        }
        None => Answer::NeedsBytes(from.len()),
    })
}

/// Copies the vector into the array given if that is as long, and answers how long it is.
pub(crate) fn vector(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    let concept = state.concept_at(at)?;
    let Some(vector) = state.vector(&concept)? else {
        return Ok(Answer::Count(0));
    };
    call.with_f32(1, |place| {
        if place.len() == vector.len() {
            place.copy_from_slice(vector);
        }
    })?;
    Ok(Answer::Count(vector.len()))
}

pub(crate) fn concept(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    let concept = state.concept_at(at)?;
    let [from, to] = times(concept.validity());
    let numbers = [
        milliseconds(concept.created_us()),
        milliseconds(concept.updated_us()),
        concept.strength(),
        concept.confidence(),
        from,
        to,
        js_number(concept.seqno()),
    ];
    let namespace = state.names().namespace(concept.namespace());
    let namespace = namespace.map_or(&[][..], |namespace| namespace.name.as_bytes());
    Ok(put_fields(reader, &numbers, [namespace, concept.key()]))
}

pub(crate) fn association(reader: &Rc<Reader>, call: &Call) -> Result<Answer, Failure> {
    let (state, at) = (reader.state()?, location(call)?);
    let edge = state.edge_at(at)?;
    let [from, to] = times(edge.validity);
    let created = milliseconds(edge.created_us);
    let numbers = [created, created, edge.weight, edge.confidence, from, to, js_number(edge.seqno)];
    let label = state.names().label(edge.label).unwrap_or_default();
    Ok(put_fields(reader, &numbers, [label.as_bytes(), &[]]))
}

fn put_fields(reader: &Reader, numbers: &[f64], [first, second]: [&[u8]; 2]) -> Answer {
    reader.exchange.with(|bytes| {
        let end = TEXTS_AT + first.len() + second.len();
        let Some(bytes) = bytes.get_mut(..end) else {
            return Answer::NeedsBytes(end);
        };
        put_numbers(bytes, 0, numbers);
        let (head, texts) = bytes.split_at_mut(TEXTS_AT);
        let lengths = [first.len(), second.len()];
        let places = head.get_mut(TEXT_LENGTHS_AT..).unwrap_or_default().chunks_exact_mut(4);
        for (place, length) in places.zip(lengths) {
            // A name is at most some kilobytes long.
            place.copy_from_slice(&(length as u32).to_ne_bytes());
        }
        for (place, byte) in texts.iter_mut().zip(first.iter().chain(second)) {
            *place = *byte;
        }
        Answer::Count(0)
    })
}

/// JavaScript counts time in whole milliseconds.
fn milliseconds(us: u64) -> f64 {
    js_number(us / US_PER_MS)
}

fn times(validity: Validity) -> [f64; 2] {
    let number = |ms: i64| js_number(ms.unsigned_abs()) * if ms < 0 { -1.0 } else { 1.0 };
    [validity.from_ms, validity.to_ms].map(|time| time.map_or(f64::NAN, number))
}
