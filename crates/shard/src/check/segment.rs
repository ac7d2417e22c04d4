//! The inside of one segment: concepts in order, found by directory and filters, and each part
//! where it is said to be.

use super::associations::check_associations;
use super::records::check_records;
use super::report::{Code, Report};
use super::sealed::Sealed;
use super::segment_view::{EndBytes, EntryBytes, SegmentView, end_key};
use crate::delta::{EdgeKey, Side};
use sutra_format::sealed_file::SectionKind;
use sutra_format::segment::commits;
use sutra_format::segment::directory::DirectoryBuilder;
use sutra_format::segment::edge_entry::EdgeEntry;
use sutra_format::segment::filter::FilterBuilder;
use sutra_format::segment::node::{NODE_BYTES, Node};

/// Numbers that nothing in a segment may reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) labels: u32,
    pub(super) namespaces: u32,
}

/// Looks at everything in a segment. Nothing if a part of it cannot be relied on.
pub(super) fn check_segment<'a>(
    sealed: &'a Sealed,
    bounds: Bounds,
    report: &mut Report,
) -> Option<SegmentView<'a>> {
    let before = report.damage();
    let view = SegmentView::new(sealed, report)?;
    check_nodes(&view, report);
    check_records(&view, bounds, report);
    check_runs(&view, report);
    if report.damage() == before {
        // Only where the runs are right do entries belong to the nodes they seem to.
        check_associations(&view, bounds, report);
        check_index(&view, report);
    }
    check_commits(&view, report);
    (report.damage() == before).then_some(view)
}

fn check_nodes(view: &SegmentView<'_>, report: &mut Report) {
    let mut last = None;
    for (node, offset) in nodes(view) {
        if node.hash != node.id.hash64() {
            let message = format!("concept {} has another hash", node.id);
            report.add(Code::SEGMENT_ORDER, view.path(), offset, message);
        }
        let key = (node.hash, node.id);
        if last.is_some_and(|last| last >= key) {
            let message = format!("concept {} is not in the order of hash and id", node.id);
            report.add(Code::SEGMENT_ORDER, view.path(), offset, message);
        }
        last = Some(key);
    }
}

/// The nodes with their offsets in the file.
pub(super) fn nodes<'v>(view: &'v SegmentView<'_>) -> impl Iterator<Item = (Node, u64)> + 'v {
    let offsets = (view.nodes.offset..).step_by(NODE_BYTES);
    view.nodes.entries.iter().map(Node::decode).zip(offsets)
}

/// The runs of the nodes follow each other without a gap, and end with their sections.
fn check_runs(view: &SegmentView<'_>, report: &mut Report) {
    let mut next = [0_u64; 4];
    for (node, offset) in nodes(view) {
        let runs = [
            (node.out_start, node.out_count),
            (node.in_start, node.in_count),
            (node.out_ends_start, node.out_ends_count),
            (node.in_ends_start, node.in_ends_count),
        ];
        for (next, (start, count)) in next.iter_mut().zip(runs) {
            if u64::from(start) != *next {
                let message =
                    format!("entries of concept {} begin at {start}, not {next}", node.id);
                report.add(Code::EDGE, view.path(), offset, message);
            }
            *next = u64::from(start) + u64::from(count);
        }
    }
    let lengths = [
        view.outgoing.entries.len(),
        view.incoming.entries.len(),
        view.out_ends.entries.len(),
        view.in_ends.entries.len(),
    ];
    for (next, length) in next.iter().zip(lengths) {
        if *next != length as u64 {
            let message = format!("the concepts name {next} entries of {length}");
            report.add(Code::EDGE, view.path(), view.nodes.offset, message);
        }
    }
}

/// Directory and filters are those that the nodes make.
fn check_index(view: &SegmentView<'_>, report: &mut Report) {
    let nodes_count = view.nodes.entries.len() as u64;
    let keys = (view.outgoing.entries.len() + view.out_ends.entries.len()) as u64;
    let mut directory = DirectoryBuilder::new(nodes_count);
    let mut filter = FilterBuilder::new(nodes_count);
    let mut edge_filter = FilterBuilder::new(keys);
    for (node, _) in nodes(view) {
        directory.add(node.hash);
        filter.add(node.hash);
        let edges = view.entries(&node, Side::Out).iter().map(edge_key);
        let ends = view.ends(&node, Side::Out).iter().map(end_key);
        for (target, names) in edges.chain(ends) {
            edge_filter.add(EdgeKey { source: node.id, target, names }.hash64());
        }
    }
    let made = [
        (SectionKind::Directory, directory.finish(), nodes_count),
        (SectionKind::Filter, filter.finish(), nodes_count),
        (SectionKind::EdgeFilter, edge_filter.finish(), keys),
    ];
    for (kind, expected, items) in made {
        let Some((section, bytes)) = view.sealed.section(kind, report) else { continue };
        if bytes != expected || section.items != items {
            let differs = bytes.iter().zip(&expected).position(|(found, right)| found != right);
            let at = section.offset + differs.unwrap_or_default() as u64;
            let message = format!("the section {kind:?} is not that of the concepts in the file");
            report.add(Code::INDEX, view.path(), at, message);
        }
    }
}

fn edge_key(bytes: &EntryBytes) -> (sutra_format::ConceptId, u32) {
    let entry = EdgeEntry::decode(bytes);
    (entry.other, entry.names)
}

fn check_commits(view: &SegmentView<'_>, report: &mut Report) {
    let entries =
        view.sealed.entries::<{ commits::COMMIT_ENTRY_BYTES }>(SectionKind::Commits, report);
    let Some((section, entries)) = entries else { return };
    let (first, last) = view.seqnos();
    let mut before = None;
    for (index, bytes) in entries.iter().enumerate() {
        let Some((seqno, committed_us)) = commits::entry(bytes, 0) else { continue };
        let follows = before.is_none_or(|(s, us)| s < seqno && us <= committed_us);
        if !follows || !(first..=last).contains(&seqno) {
            let at = section.offset + (index * commits::COMMIT_ENTRY_BYTES) as u64;
            let message = format!("commit {seqno} at {committed_us} is not in order");
            report.add(Code::COMMITS, view.path(), at, message);
        }
        before = Some((seqno, committed_us));
    }
}

/// Ends at one side of a node are sorted and distinct.
pub(super) fn ends_are_sorted(ends: &[EndBytes]) -> bool {
    ends.is_sorted_by(|one, next| end_key(one) < end_key(next))
}
