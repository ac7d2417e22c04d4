//! The versions of concepts that commits brought, read from the layers.

use crate::concept_ref::ConceptRef;
use crate::delta::Delta;
use crate::error::Result;
use crate::segment::Segment;
use crate::state::{Layer, State, location};
use std::ops::ControlFlow;
use sutra_format::concept_record::ConceptRecord;
use sutra_index::Document;

/// Gives the versions that the commits after one and up to another brought, oldest first, also
/// those that say that a concept ended. Of a commit that changed a concept twice only the last
/// version is given: nobody ever saw the others.
///
/// # Errors
/// `Corrupt`, and what `visit` answers; some may have been given before.
pub(super) fn versions_between(
    state: &State,
    after_seqno: u64,
    last_seqno: u64,
    visit: &mut dyn FnMut(ConceptRef<'_>) -> Result<ControlFlow<()>>,
) -> Result<ControlFlow<()>> {
    for (index, layer) in state.layers().iter().enumerate().rev() {
        let mut give = |record: ConceptRecord<'_>, position: u64| {
            let seqno = record.seqno();
            if seqno <= after_seqno || seqno > last_seqno {
                return Ok(ControlFlow::Continue(()));
            }
            let location = location(index, position);
            let last = state.version(&record.id(), seqno)?;
            match last.filter(|last| last.location() == location) {
                Some(last) => visit(last),
                None => Ok(ControlFlow::Continue(())),
            }
        };
        let walked = match layer {
            Layer::Delta(delta) => walk_delta(delta, after_seqno, &mut give)?,
            Layer::Segment(segment) => walk_segment(segment, after_seqno, &mut give)?,
        };
        if walked.is_break() {
            return Ok(walked);
        }
    }
    Ok(ControlFlow::Continue(()))
}

type Give<'a> = dyn FnMut(ConceptRecord<'_>, u64) -> Result<ControlFlow<()>> + 'a;

fn walk_delta(delta: &Delta, after_seqno: u64, give: &mut Give<'_>) -> Result<ControlFlow<()>> {
    // Blocks hold commits in order: the last one that begins at the commit or before may hold more.
    let (mut low, mut high) = (1, delta.blocks() + 1);
    while low < high {
        let middle = low.midpoint(high);
        let first = delta.first_seqno_of(middle);
        if first.is_some_and(|first| first <= after_seqno) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for block in low.saturating_sub(1).max(1)..=delta.blocks() {
        for (record, position) in delta.concepts_of(block) {
            let walked = give(record, position)?;
            if walked.is_break() {
                return Ok(walked);
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn walk_segment(
    segment: &Segment,
    after_seqno: u64,
    give: &mut Give<'_>,
) -> Result<ControlFlow<()>> {
    let (_, last_seqno) = segment.seqnos();
    if last_seqno <= after_seqno {
        return Ok(ControlFlow::Continue(()));
    }
    let (mut low, mut high) = (0, segment.concepts());
    while low < high {
        let middle = low.midpoint(high);
        let record = segment.concept_at(segment.concept_position(middle)?)?;
        if record.seqno() <= after_seqno { low = middle + 1 } else { high = middle }
    }
    for index in low..segment.concepts() {
        let position = segment.concept_position(index)?;
        let walked = give(segment.concept_at(position)?, position)?;
        if walked.is_break() {
            return Ok(walked);
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// What of a version goes into an index.
///
/// # Errors
/// `Corrupt`.
pub(super) fn document_of<'a>(concept: &ConceptRef<'a>) -> Result<Document<'a>> {
    Ok(Document {
        id: concept.id(),
        seqno: concept.seqno(),
        ordinal: concept.ordinal(),
        namespace: concept.namespace(),
        row: concept.row(),
        content: concept.content()?,
        attributes: concept.attributes()?,
        key: concept.key(),
        created_us: concept.created_us(),
        updated_us: concept.updated_us(),
        strength: concept.strength(),
        confidence: concept.confidence(),
        validity: concept.validity(),
    })
}
