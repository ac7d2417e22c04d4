//! All segments together, at the last commit that is in them: which concepts and associations
//! exist, whether each association has both of its concepts and each concept its vector, and
//! whether the manifest counts right.
//!
//! Concepts are walked in the order of hash and id through all segments at once, so memory is
//! needed for the associations of one concept only, however large the shard is.

use super::records::newest;
use super::report::{Code, Report};
use super::segment_view::SegmentView;
use super::vectors::VectorsView;
use crate::delta::Side;
use hashbrown::HashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use sutra_format::ConceptId;
use sutra_format::concept_record::ConceptRecord;
use sutra_format::manifest::Manifest;
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::node::Node;

/// What is compared with each other.
pub(super) struct Layers<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) manifest_path: &'a Path,
    /// Oldest first, all that the manifest names.
    pub(super) segments: Vec<SegmentView<'a>>,
    /// By namespace; nothing for one whose files could not all be read.
    pub(super) vectors: Vec<Option<Vec<VectorsView<'a>>>>,
}

/// What is found on the way.
struct Walk<'r> {
    report: &'r mut Report,
    /// Rows that are the vector of a concept, by number of the file.
    live_rows: HashMap<u32, u32>,
}

/// A concept in one segment.
#[derive(Clone, Copy)]
struct Part {
    segment: usize,
    node: Node,
}

/// An association that no segment so far ended, and where it is.
#[derive(Clone, Copy)]
struct Alive {
    segment: usize,
    offset: u64,
}

type NextNode = Reverse<(u64, ConceptId, usize, usize)>;

impl Layers<'_> {
    /// Walks all concepts and compares what is found with the manifest.
    pub(super) fn check(&self, report: &mut Report) {
        let mut walk = Walk { report, live_rows: HashMap::new() };
        let mut next: BinaryHeap<NextNode> = BinaryHeap::new();
        for segment in 0..self.segments.len() {
            self.push(&mut next, segment, 0);
        }
        let mut parts: Vec<Part> = Vec::new();
        while let Some(Reverse((_, id, segment, index))) = next.pop() {
            if parts.first().is_some_and(|first| first.node.id != id) {
                self.concept(&parts, &mut walk);
                parts.clear();
            }
            let node = self.segments.get(segment).and_then(|view| view.node_at(index));
            parts.extend(node.map(|node| Part { segment, node }));
            self.push(&mut next, segment, index + 1);
        }
        if !parts.is_empty() {
            self.concept(&parts, &mut walk);
        }
        self.compare_counts(&mut walk);
    }

    fn push(&self, next: &mut BinaryHeap<NextNode>, segment: usize, index: usize) {
        let node = self.segments.get(segment).and_then(|view| view.node_at(index));
        next.extend(node.map(|node| Reverse((node.hash, node.id, segment, index))));
    }

    /// `parts` are those of one concept, oldest first.
    fn concept(&self, parts: &[Part], walk: &mut Walk<'_>) {
        let newest = parts.iter().rev().find(|part| part.node.record != 0);
        let record = newest.and_then(|part| {
            let view = self.segments.get(part.segment)?;
            view.record(part.node.record).map(|record| (part, record))
        });
        let live = record.filter(|(_, record)| !record.is_tombstone());
        if let Some((part, record)) = live {
            walk.report.concepts += 1;
            self.vector(part, &record, walk);
        }
        for side in [Side::Out, Side::In] {
            let alive = self.alive(parts, side, walk.report);
            walk.report.edges += if side == Side::Out { alive.len() as u64 } else { 0 };
            for ((other, _), edge) in alive {
                let Some(view) = self.segments.get(edge.segment) else { continue };
                let Some(first) = parts.first() else { continue };
                let id = first.node.id;
                let gone = if live.is_none() { Some(id) } else { Some(other) };
                let gone = gone.filter(|_| live.is_none() || !self.exists(&other));
                if let Some(gone) = gone {
                    let message =
                        format!("an association of {id} and {other}: {gone} does not exist");
                    walk.report.add(Code::DANGLING, view.path(), edge.offset, message);
                }
            }
        }
    }

    /// The associations at one side of a concept that exist, by other concept and names.
    fn alive(
        &self,
        parts: &[Part],
        side: Side,
        report: &mut Report,
    ) -> HashMap<(ConceptId, u32), Alive> {
        let mut alive: HashMap<(ConceptId, u32), Alive> = HashMap::new();
        for Part { segment, node } in parts {
            let Some(view) = self.segments.get(*segment) else { continue };
            let offsets = (view.ends_at(node, side)..).step_by(END_ENTRY_BYTES);
            for (bytes, offset) in view.ends(node, side).iter().zip(offsets) {
                let end = EndEntry::decode(bytes);
                if alive.remove(&(end.other, end.names)).is_none() {
                    let message = format!(
                        "commit {} ended an association of {} and {}, which nothing older holds",
                        end.end, node.id, end.other
                    );
                    report.add(Code::EDGE_END, view.path(), offset, message);
                }
            }
            let offsets = (view.entries_at(node, side)..).step_by(EDGE_ENTRY_BYTES);
            for (bytes, offset) in view.entries(node, side).iter().zip(offsets) {
                let entry = EdgeEntry::decode(bytes);
                let found = Alive { segment: *segment, offset };
                let is_twice = entry.end == u64::MAX
                    && alive.insert((entry.other, entry.names), found).is_some();
                if is_twice {
                    let message =
                        format!("an association of {} and {} exists twice", node.id, entry.other);
                    report.add(Code::EDGE, view.path(), offset, message);
                }
            }
        }
        alive
    }

    fn exists(&self, id: &ConceptId) -> bool {
        let record = self.segments.iter().rev().find_map(|view| newest(view, id));
        record.is_some_and(|record| !record.is_tombstone())
    }

    /// The row of a concept that exists is in one file, and is the concept's.
    fn vector(&self, part: &Part, record: &ConceptRecord<'_>, walk: &mut Walk<'_>) {
        let Some(row) = record.row() else { return };
        walk.report.vectors += 1;
        let Some(view) = self.segments.get(part.segment) else { return };
        let next_row = self.manifest.next_rows.get(record.namespace() as usize);
        if next_row.is_none_or(|next| row >= *next) {
            let message = format!("row {row} of {} was not given out yet", record.id());
            walk.report.add(Code::ROW, view.path(), part.node.record, message);
        }
        let Some(Some(files)) = self.vectors.get(record.namespace() as usize) else { return };
        let mut found = files.iter().filter_map(|file| Some((file, file.row(row)?)));
        let (holder, more) = (found.next(), found.next());
        if let Some((file, facts)) = &holder {
            *walk.live_rows.entry(file.entry.number).or_default() += 1;
            if facts.id != record.id() || facts.begin > record.seqno() {
                let message =
                    format!("row {row} of {} is of {} {}", record.id(), facts.id, facts.begin);
                walk.report.add(Code::ROW, file.path(), facts.offset, message);
            }
        }
        if holder.is_none() || more.is_some() {
            let how = if more.is_some() { "more than one file" } else { "no file" };
            let message = format!("row {row} of {} is in {how}", record.id());
            walk.report.add(Code::ROW, view.path(), part.node.record, message);
        }
    }

    fn compare_counts(&self, walk: &mut Walk<'_>) {
        let manifest = self.manifest;
        let counted = [
            ("concepts", manifest.concepts, walk.report.concepts),
            ("associations", manifest.edges, walk.report.edges),
            ("vectors", manifest.vectors, walk.report.vectors),
        ];
        for (what, says, found) in counted {
            if says != found {
                let message = format!("the manifest counts {says} {what}, and there are {found}");
                walk.report.add(Code::COUNT, self.manifest_path, 0, message);
            }
        }
        for file in self.vectors.iter().flatten().flatten() {
            let live = walk.live_rows.get(&file.entry.number).copied().unwrap_or_default();
            let dead = file.entry.rows.saturating_sub(live);
            if file.entry.dead_rows > dead {
                let says = file.entry.dead_rows;
                let message = format!("the manifest counts {says} dead rows, and there are {dead}");
                walk.report.add(Code::COUNT, file.path(), 0, message);
            }
        }
    }
}
