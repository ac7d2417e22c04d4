//! Neighbouring segments as one: of each concept the newest version, of each association the
//! version that is not ended, and what has to be told to older segments.

use crate::delta::Side;
use crate::edge_fields::EdgeFields;
use crate::error::{Error, Result};
use crate::segment::{
    Node, Segment, SegmentSource, SourceConcept, SourceEdge, SourceNode, VisitConcept, VisitNode,
    version_of,
};
use crate::storage::Storage;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::Arc;
use sutra_format::ConceptId;
use sutra_format::concept_record::{ConceptRecord, Text, TextRef};
use sutra_format::segment::edge_entry::EdgeEntry;
use sutra_format::segment::end_entry::EndEntry;

/// Versions of concepts between two sums of [`Kept`].
const KEPT_PER_SUM: u64 = 64;

/// Whether a merge is to end before it is done.
pub(crate) type IsStopped<'a> = &'a dyn Fn() -> bool;

/// The segments to merge.
pub(crate) struct Merge<'a> {
    /// Oldest first.
    inputs: &'a [Arc<Segment>],
    older: OlderSegments,
    /// Versions that were replaced after this commit are kept.
    retain_from: u64,
    /// For each input, which versions of concepts are kept.
    kept: Vec<Kept>,
    /// Versions kept of the inputs before each one.
    kept_before: Vec<u64>,
    /// Ends the merge when it says so.
    is_stopped: IsStopped<'a>,
}

/// What has to be kept for segments older than those that are merged, which may hold the same
/// concepts and associations.
#[derive(Clone, Copy)]
pub(crate) struct OlderSegments {
    need_tombstones: bool,
    need_ends: bool,
}

impl OlderSegments {
    #[cfg(not(feature = "planted-bugs"))]
    pub(crate) fn new(_storage: &Storage, exist: bool) -> Self {
        Self { need_tombstones: exist, need_ends: exist }
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn new(storage: &Storage, exist: bool) -> Self {
        use crate::PlantedBug::{EdgeEndDroppedTooEarly, TombstoneDroppedTooEarly};
        Self {
            need_tombstones: exist && !storage.has_bug(TombstoneDroppedTooEarly),
            need_ends: exist && !storage.has_bug(EdgeEndDroppedTooEarly),
        }
    }
}

/// A set of versions by number, with their rank.
struct Kept {
    words: Vec<u64>,
    /// Kept ones before each word.
    before: Vec<u32>,
}

impl Kept {
    fn new(versions: u64) -> Self {
        Self { words: vec![0; versions.div_ceil(KEPT_PER_SUM) as usize], before: Vec::new() }
    }

    fn insert(&mut self, number: u64) {
        if let Some(word) = self.words.get_mut((number / KEPT_PER_SUM) as usize) {
            *word |= 1 << (number % KEPT_PER_SUM);
        }
    }

    fn contains(&self, number: u64) -> bool {
        let word = self.words.get((number / KEPT_PER_SUM) as usize);
        word.is_some_and(|word| word >> (number % KEPT_PER_SUM) & 1 == 1)
    }

    /// Call when nothing is inserted any more. How many there are.
    fn count(&mut self) -> u64 {
        let mut sum = 0;
        self.before.clear();
        for word in &self.words {
            self.before.push(sum);
            sum += word.count_ones();
        }
        u64::from(sum)
    }

    /// How many there are before a number.
    fn rank(&self, number: u64) -> u64 {
        let index = (number / KEPT_PER_SUM) as usize;
        let below = self
            .words
            .get(index)
            .map_or(0, |word| (word & ((1_u64 << (number % KEPT_PER_SUM)) - 1)).count_ones());
        u64::from(self.before.get(index).copied().unwrap_or(0) + below)
    }
}

/// One concept in one input.
#[derive(Clone, Copy)]
struct Part {
    input: usize,
    node: Node,
}

impl<'a> Merge<'a> {
    /// Goes through the concepts once, to see which versions are kept.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn new(
        inputs: &'a [Arc<Segment>],
        older: OlderSegments,
        retain_from: u64,
        is_stopped: IsStopped<'a>,
    ) -> Result<Self> {
        let kept = inputs.iter().map(|input| Kept::new(input.concepts())).collect();
        let kept_before = Vec::new();
        let mut merge = Self { inputs, older, retain_from, kept, kept_before, is_stopped };
        let mut kept = std::mem::take(&mut merge.kept);
        merge.parts(&mut |parts| {
            for version in merge.kept_versions(parts)? {
                if let Some(kept) = kept.get_mut(version.input) {
                    kept.insert(u64::from(version.record.cell()));
                }
            }
            Ok(())
        })?;
        let mut sum = 0;
        for kept in &mut kept {
            merge.kept_before.push(sum);
            sum += kept.count();
        }
        merge.kept = kept;
        Ok(merge)
    }

    /// Gives the parts of each concept, newest input first, in the order of hash and id.
    fn parts(&self, visit: &mut dyn FnMut(&[Part]) -> Result<()>) -> Result<()> {
        let mut next: BinaryHeap<NextNode> = BinaryHeap::new();
        for (index, input) in self.inputs.iter().enumerate() {
            push_node(&mut next, input, index, 0)?;
        }
        let mut parts: Vec<Part> = Vec::with_capacity(self.inputs.len());
        while let Some(Reverse((_, _, Reverse(index), number))) = next.pop() {
            let Some(input) = self.inputs.get(index) else { continue };
            self.check_not_stopped()?;
            let node = input.node_at(number)?;
            if parts.first().is_some_and(|first| first.node.id != node.id) {
                visit(&parts)?;
                parts.clear();
            }
            parts.push(Part { input: index, node });
            push_node(&mut next, input, index, number + 1)?;
        }
        if parts.is_empty() { Ok(()) } else { visit(&parts) }
    }

    fn check_not_stopped(&self) -> Result<()> {
        if (self.is_stopped)() { Err(Error::Aborted) } else { Ok(()) }
    }

    /// The versions of a concept that are kept, newest first.
    fn kept_versions(&self, parts: &[Part]) -> Result<Vec<Version<'a>>> {
        let mut versions: Vec<Version<'a>> = Vec::new();
        let mut replaced_at = u64::MAX;
        for part in parts {
            let Some(input) = self.inputs.get(part.input) else { continue };
            let mut position = part.node.record;
            while position != 0 && replaced_at > self.retain_from {
                let record = input.concept_at(position)?;
                versions.push(Version { input: part.input, record });
                replaced_at = record.seqno();
                position = Some(record.previous()).filter(|p| *p < position).unwrap_or(0);
            }
        }
        // A tombstone that hides nothing is nothing.
        let is_alone = versions.len() == 1 && !self.older.need_tombstones;
        if is_alone && versions.first().is_some_and(|version| version.record.is_tombstone()) {
            versions.clear();
        }
        Ok(versions)
    }

    /// Number of a kept version in the merged segment.
    fn number(&self, input: usize, record: &ConceptRecord<'_>) -> Option<u64> {
        let number = u64::from(record.cell());
        let kept = self.kept.get(input).filter(|kept| kept.contains(number))?;
        Some(self.kept_before.get(input)? + kept.rank(number))
    }

    /// A text as the merged segment has it.
    fn text(
        &self,
        index: usize,
        record: &ConceptRecord<'a>,
        text_of: fn(&ConceptRecord<'a>) -> TextRef<'a>,
    ) -> Result<Text<'a>> {
        let Some(input) = self.inputs.get(index) else { return Ok(Text::Given(&[])) };
        match text_of(record) {
            TextRef::Inline(text) => Ok(Text::Given(text)),
            TextRef::At(position) => {
                let holder = input.concept_at(position)?;
                match self.number(index, &holder) {
                    Some(number) => Ok(Text::KeptAt(number)),
                    None => match text_of(&holder) {
                        TextRef::Inline(text) => Ok(Text::Given(text)),
                        _ => Err(input.bad_text(position)),
                    },
                }
            }
            TextRef::Below => Err(input.bad_text(0)),
        }
    }

    /// The associations at one side of a concept that are kept, in the order of commits, and the
    /// ends that older segments have to be told.
    fn edges(
        &self,
        parts: &[Part],
        side: Side,
        edges: &mut Vec<SourceEdge<'a>>,
        ends: &mut Vec<EndEntry>,
    ) -> Result<()> {
        edges.clear();
        ends.clear();
        // Oldest input first: what an input ends was made by the ones before it, or is older.
        for part in parts.iter().rev() {
            let Some(input) = self.inputs.get(part.input) else { continue };
            let mut alive = HashMap::new();
            if end_count(&part.node, side) > 0 {
                let going_on = edges.iter().enumerate().filter(|(_, edge)| edge.end == u64::MAX);
                alive.extend(going_on.map(|(index, edge)| ((edge.other, edge.names()), index)));
            }
            for number in 0..end_count(&part.node, side) {
                let end = input.end_at(&part.node, side, number)?;
                let ended = alive.get(&(end.other, end.names)).and_then(|at| edges.get_mut(*at));
                match ended {
                    Some(edge) => edge.end = end.end,
                    None => ends.push(end),
                }
            }
            let mut failed = None;
            let _ = input.entries(&part.node, side, |entry, _| {
                match source_edge(input, entry) {
                    Ok(edge) => edges.push(edge),
                    Err(error) => failed = Some(error),
                }
                ControlFlow::Continue(())
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        edges.retain(|edge| edge.end > self.retain_from);
        if !self.older.need_ends {
            ends.clear();
        }
        ends.sort_unstable_by_key(|end| (end.other, end.names, end.end));
        // The first end counts: what came after it was made later than the older version.
        ends.dedup_by(|later, first| (later.other, later.names) == (first.other, first.names));
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Version<'a> {
    input: usize,
    record: ConceptRecord<'a>,
}

type NextNode = Reverse<(u64, ConceptId, Reverse<usize>, u32)>;

fn push_node(
    next: &mut BinaryHeap<NextNode>,
    input: &Segment,
    index: usize,
    number: u32,
) -> Result<()> {
    if number < input.nodes() {
        let node = input.node_at(number)?;
        next.push(Reverse((node.hash, node.id, Reverse(index), number)));
    }
    Ok(())
}

fn end_count(node: &Node, side: Side) -> u32 {
    match side {
        Side::Out => node.out_ends_count,
        Side::In => node.in_ends_count,
    }
}

fn source_edge<'a>(input: &'a Segment, entry: &EdgeEntry) -> Result<SourceEdge<'a>> {
    let fields: EdgeFields<'a> = input.fields_of(entry)?;
    Ok(SourceEdge { other: entry.other, begin: entry.begin, end: entry.end, fields })
}

impl SegmentSource for Merge<'_> {
    fn concepts(&self, visit: &mut VisitConcept<'_>) -> Result<()> {
        for (index, input) in self.inputs.iter().enumerate() {
            let Some(kept) = self.kept.get(index) else { continue };
            for number in (0..input.concepts()).filter(|number| kept.contains(*number)) {
                self.check_not_stopped()?;
                let record = input.concept_at(input.concept_position(number)?)?;
                let content = self.text(index, &record, ConceptRecord::content)?;
                let attributes = self.text(index, &record, ConceptRecord::attributes)?;
                visit(&SourceConcept {
                    version: version_of(&record, content, attributes),
                    is_tombstone: record.is_tombstone(),
                    previous: self.previous(index, &record)?,
                })?;
            }
        }
        Ok(())
    }

    fn nodes(&self, visit: &mut VisitNode<'_>) -> Result<()> {
        let (mut outgoing, mut out_ends) = (Vec::new(), Vec::new());
        let (mut incoming, mut in_ends) = (Vec::new(), Vec::new());
        self.parts(&mut |parts| {
            let newest = self.kept_versions(parts)?.first().copied();
            self.edges(parts, Side::Out, &mut outgoing, &mut out_ends)?;
            self.edges(parts, Side::In, &mut incoming, &mut in_ends)?;
            let has_edges = !(outgoing.is_empty() && incoming.is_empty());
            let has_ends = !(out_ends.is_empty() && in_ends.is_empty());
            let Some(first) = parts.first() else { return Ok(()) };
            if newest.is_none() && !has_edges && !has_ends {
                return Ok(());
            }
            visit(&SourceNode {
                id: first.node.id,
                hash: first.node.hash,
                newest: newest.and_then(|version| self.number(version.input, &version.record)),
                outgoing: &outgoing,
                incoming: &incoming,
                out_ends: &out_ends,
                in_ends: &in_ends,
            })
        })
    }
}

impl Merge<'_> {
    /// Number of the kept version before a kept one.
    fn previous(&self, index: usize, record: &ConceptRecord<'_>) -> Result<Option<u64>> {
        // Only history keeps a version that was replaced.
        let last_seqno = self.inputs.last().map_or(0, |input| input.seqnos().1);
        if self.retain_from >= last_seqno {
            return Ok(None);
        }
        let Some(input) = self.inputs.get(index) else { return Ok(None) };
        if record.previous() != 0 {
            let previous = input.concept_at(record.previous())?;
            return Ok(self.number(index, &previous));
        }
        let (id, hash) = (record.id(), record.id().hash64());
        for older in (0..index).rev() {
            let Some(input) = self.inputs.get(older) else { continue };
            if let Some((previous, _)) = input.version(&id, hash, u64::MAX)? {
                return Ok(self.number(older, &previous));
            }
        }
        Ok(None)
    }
}
