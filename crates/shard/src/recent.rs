//! Concepts in the order in which they were changed, newest first, over all layers.

use crate::concept_ref::ConceptRef;
use crate::delta::Delta;
use crate::error::Result;
use crate::segment::Segment;
use crate::state::{Layer, State, location};
use std::ops::ControlFlow;
use sutra_format::concept_record::ConceptRecord;

/// A place in the order of changes: a commit and an operation in it. It means the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecentAt {
    /// The commit.
    pub seqno: u64,
    /// Number of the operation.
    pub ordinal: u32,
}

impl RecentAt {
    fn of(record: &ConceptRecord<'_>) -> Self {
        Self { seqno: record.seqno(), ordinal: record.ordinal() }
    }
}

/// Gives the versions of concepts that are visible at `seqno` and stand before `before`.
pub(crate) fn recent<F>(
    state: &State,
    before: Option<RecentAt>,
    seqno: u64,
    mut visit: F,
) -> Result<ControlFlow<()>>
where
    F: FnMut(ConceptRef<'_>) -> ControlFlow<()>,
{
    let end = before.unwrap_or(RecentAt { seqno: seqno.saturating_add(1), ordinal: 0 });
    for (layer, found) in state.layers().iter().enumerate() {
        let mut give = |record: ConceptRecord<'_>, position| -> Result<ControlFlow<()>> {
            if record.is_tombstone() || RecentAt::of(&record) >= end {
                return Ok(ControlFlow::Continue(()));
            }
            let visible = state.concept(&record.id(), seqno)?;
            match visible.filter(|found| found.location() == location(layer, position)) {
                Some(concept) => Ok(visit(concept)),
                None => Ok(ControlFlow::Continue(())),
            }
        };
        let walked = match found {
            Layer::Delta(delta) => walk_delta(delta, end, &mut give)?,
            Layer::Segment(segment) => walk_segment(segment, end, &mut give)?,
        };
        if walked.is_break() {
            return Ok(walked);
        }
    }
    Ok(ControlFlow::Continue(()))
}

type Give<'a> = dyn FnMut(ConceptRecord<'_>, u64) -> Result<ControlFlow<()>> + 'a;

fn walk_delta(delta: &Delta, end: RecentAt, give: &mut Give<'_>) -> Result<ControlFlow<()>> {
    // Blocks hold commits in order: those from the first one behind the end on are left out.
    let (mut low, mut high) = (1, delta.blocks() + 1);
    while low < high {
        let middle = low.midpoint(high);
        let first = delta.first_seqno_of(middle);
        if first.is_some_and(|first| first <= end.seqno) { low = middle + 1 } else { high = middle }
    }
    for block in (1..low).rev() {
        for (record, position) in delta.concepts_of(block).into_iter().rev() {
            let walked = give(record, position)?;
            if walked.is_break() {
                return Ok(walked);
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn walk_segment(segment: &Segment, end: RecentAt, give: &mut Give<'_>) -> Result<ControlFlow<()>> {
    let (mut low, mut high) = (0, segment.concepts());
    while low < high {
        let middle = low.midpoint(high);
        let record = segment.concept_at(segment.concept_position(middle)?)?;
        if RecentAt::of(&record) < end { low = middle + 1 } else { high = middle }
    }
    for index in (0..low).rev() {
        let position = segment.concept_position(index)?;
        let walked = give(segment.concept_at(position)?, position)?;
        if walked.is_break() {
            return Ok(walked);
        }
    }
    Ok(ControlFlow::Continue(()))
}
