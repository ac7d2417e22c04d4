//! The associations in one segment, at both of their ends.
//!
//! Both halves of an association are in the same segment, each at another concept. They are
//! compared without looking for each other: a sum of fingerprints of all halves by source and one
//! of all by target are the same, however many there are. Only where they differ are the halves
//! looked up.

use super::records::is_map;
use super::report::{Code, Report};
use super::segment::{Bounds, ends_are_sorted, nodes};
use super::segment_view::{EndBytes, EntryBytes, SegmentView};
use crate::delta::Side;
use std::hash::{DefaultHasher, Hash, Hasher};
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::node::Node;
use sutra_format::{AssociationClass, ConceptId};

const SIDES: [Side; 2] = [Side::Out, Side::In];

/// Two sums of fingerprints, so that a difference does not hide by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum([u64; 2]);

impl Sum {
    fn add(&mut self, fact: &impl Hash) {
        for (sum, seed) in self.0.iter_mut().zip([1_u64, 2]) {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            fact.hash(&mut hasher);
            *sum = sum.wrapping_add(hasher.finish());
        }
    }
}

/// Looks at each entry, then compares the sides.
pub(super) fn check_associations(view: &SegmentView<'_>, bounds: Bounds, report: &mut Report) {
    let (mut edges, mut ends) = ([Sum::default(); 2], [Sum::default(); 2]);
    for (node, _) in nodes(view) {
        for ((side, edges), ends) in SIDES.iter().zip(&mut edges).zip(&mut ends) {
            check_entries(view, &node, *side, bounds, report);
            check_ends(view, &node, *side, bounds, report);
            for bytes in view.entries(&node, *side) {
                edges.add(&edge_fact(view, &node, *side, bytes));
            }
            for bytes in view.ends(&node, *side) {
                ends.add(&end_fact(&node, *side, bytes));
            }
        }
    }
    if edges[0] != edges[1] {
        find_single_edges(view, report);
    }
    if ends[0] != ends[1] {
        find_single_ends(view, report);
    }
}

fn check_entries(
    view: &SegmentView<'_>,
    node: &Node,
    side: Side,
    bounds: Bounds,
    report: &mut Report,
) {
    let mut begin_before = 0;
    let offsets = (view.entries_at(node, side)..).step_by(EDGE_ENTRY_BYTES);
    for (bytes, offset) in view.entries(node, side).iter().zip(offsets) {
        let entry = EdgeEntry::decode(bytes);
        if let Some(message) = problem_of(view, &entry, bounds, begin_before) {
            let message = format!("association of {}: {message}", node.id);
            report.add(Code::EDGE, view.path(), offset, message);
        }
        begin_before = entry.begin;
    }
}

fn problem_of(
    view: &SegmentView<'_>,
    entry: &EdgeEntry,
    bounds: Bounds,
    begin_before: u64,
) -> Option<String> {
    let (first, last) = view.seqnos();
    let seqnos = first..=last;
    let EdgeEntry { begin, end, .. } = *entry;
    if !seqnos.contains(&begin) {
        return Some(format!("commit {begin} is not in the file"));
    }
    if begin < begin_before {
        return Some(format!("commit {begin} comes after commit {begin_before}"));
    }
    if end != u64::MAX && (end < begin || !seqnos.contains(&end)) {
        return Some(format!("made by commit {begin} and ended by {end}"));
    }
    if AssociationClass::from_number(entry.names as u8).is_none() {
        return Some(format!("there is no class {}", entry.names as u8));
    }
    if entry.names >> 8 > bounds.labels {
        return Some(format!("there is no label {}", entry.names >> 8));
    }
    match view.attributes_of(entry) {
        None => Some("its attributes are not in the file".into()),
        Some(attributes) => (!is_map(attributes)).then(|| "its attributes are no map".into()),
    }
}

fn check_ends(
    view: &SegmentView<'_>,
    node: &Node,
    side: Side,
    bounds: Bounds,
    report: &mut Report,
) {
    let (first, last) = view.seqnos();
    let ends = view.ends(node, side);
    let offset = view.ends_at(node, side);
    if !ends_are_sorted(ends) {
        let message = format!("ends of associations of {} are not in order", node.id);
        report.add(Code::EDGE_END, view.path(), offset, message);
    }
    for (bytes, offset) in ends.iter().zip((offset..).step_by(END_ENTRY_BYTES)) {
        let entry = EndEntry::decode(bytes);
        let EndEntry { names, end, .. } = entry;
        let has_names = AssociationClass::from_number(names as u8).is_some()
            && names >> 8 <= bounds.labels
            && entry.encode() == bytes;
        if !has_names || !(first..=last).contains(&end) {
            let message = format!("an association of {} ended by commit {end}", node.id);
            report.add(Code::EDGE_END, view.path(), offset, message);
        }
    }
}

/// Source and target, given a concept, a side of it, and the concept at the other end.
fn ends_of(node: &Node, side: Side, other: ConceptId) -> (ConceptId, ConceptId) {
    match side {
        Side::Out => (node.id, other),
        Side::In => (other, node.id),
    }
}

/// Everything about an association, the same from both of its ends.
fn edge_fact<'a>(
    view: &SegmentView<'a>,
    node: &Node,
    side: Side,
    bytes: &EntryBytes,
) -> impl Hash + PartialEq + use<'a> {
    let entry = EdgeEntry::decode(bytes);
    let numbers = [
        entry.begin,
        entry.end,
        u64::from(entry.names),
        entry.confidence.to_bits(),
        entry.weight.to_bits(),
        entry.created_us,
    ];
    let validity = (entry.validity.from_ms, entry.validity.to_ms);
    (ends_of(node, side, entry.other), numbers, validity, view.attributes_of(&entry))
}

fn end_fact(node: &Node, side: Side, bytes: &EndBytes) -> impl Hash + PartialEq + use<> {
    let end = EndEntry::decode(bytes);
    (ends_of(node, side, end.other), end.names, end.end)
}

/// Names the associations that are not the same at both ends.
fn find_single_edges(view: &SegmentView<'_>, report: &mut Report) {
    for (node, _) in nodes(view) {
        for (side, across) in [(Side::Out, Side::In), (Side::In, Side::Out)] {
            let offsets = (view.entries_at(&node, side)..).step_by(EDGE_ENTRY_BYTES);
            for (bytes, offset) in view.entries(&node, side).iter().zip(offsets) {
                let other = EdgeEntry::decode(bytes).other;
                let half = edge_fact(view, &node, side, bytes);
                let is_there = view.node(&other).is_some_and(|far| {
                    let halves = view.entries(&far, across);
                    halves.iter().any(|bytes| edge_fact(view, &far, across, bytes) == half)
                });
                if !is_there {
                    let message =
                        format!("{} and {other} do not say the same of their association", node.id);
                    report.add(Code::EDGE_HALF, view.path(), offset, message);
                }
            }
        }
    }
}

/// Names the ends that are not the same at both concepts.
fn find_single_ends(view: &SegmentView<'_>, report: &mut Report) {
    for (node, _) in nodes(view) {
        for (side, across) in [(Side::Out, Side::In), (Side::In, Side::Out)] {
            let offsets = (view.ends_at(&node, side)..).step_by(END_ENTRY_BYTES);
            for (bytes, offset) in view.ends(&node, side).iter().zip(offsets) {
                let other = EndEntry::decode(bytes).other;
                let half = end_fact(&node, side, bytes);
                let is_there = view.node(&other).is_some_and(|far| {
                    let halves = view.ends(&far, across);
                    halves.iter().any(|bytes| end_fact(&far, across, bytes) == half)
                });
                if !is_there {
                    let message = format!(
                        "{} and {other} do not say the same of the end of their association",
                        node.id
                    );
                    report.add(Code::EDGE_HALF, view.path(), offset, message);
                }
            }
        }
    }
}
