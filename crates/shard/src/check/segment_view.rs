//! A segment whose blocks are sound, as slices. Reads without the directory and the filters, which
//! are among the things to be checked.

use super::report::Report;
use super::sealed::Sealed;
use crate::delta::Side;
use std::path::Path;
use sutra_format::ConceptId;
use sutra_format::concept_record::{CONCEPT_HEADER_BYTES, ConceptRecord, length_and_kind};
use sutra_format::sealed_file::SectionKind;
use sutra_format::sealed_layout::Section;
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::node::{NODE_BYTES, Node};

pub(super) type EntryBytes = [u8; EDGE_ENTRY_BYTES];
pub(super) type EndBytes = [u8; END_ENTRY_BYTES];

/// Entries of one side, with the offset of the first one in the file.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a, const N: usize> {
    pub(super) offset: u64,
    pub(super) entries: &'a [[u8; N]],
}

/// The sections of a segment.
pub(super) struct SegmentView<'a> {
    pub(super) sealed: &'a Sealed,
    pub(super) nodes: Entries<'a, NODE_BYTES>,
    pub(super) order: Entries<'a, 8>,
    pub(super) records: (&'a Section, &'a [u8]),
    pub(super) attributes: (&'a Section, &'a [u8]),
    pub(super) outgoing: Entries<'a, EDGE_ENTRY_BYTES>,
    pub(super) incoming: Entries<'a, EDGE_ENTRY_BYTES>,
    pub(super) out_ends: Entries<'a, END_ENTRY_BYTES>,
    pub(super) in_ends: Entries<'a, END_ENTRY_BYTES>,
}

impl<'a> SegmentView<'a> {
    /// The sections, if they are all there and as long as they must be.
    pub(super) fn new(sealed: &'a Sealed, report: &mut Report) -> Option<Self> {
        let nodes = entries(sealed, SectionKind::Nodes, report);
        let order = entries(sealed, SectionKind::Order, report);
        let records = sealed.section(SectionKind::Records, report);
        let attributes = sealed.section(SectionKind::EdgeAttributes, report);
        let outgoing = entries(sealed, SectionKind::Out, report);
        let incoming = entries(sealed, SectionKind::In, report);
        let out_ends = entries(sealed, SectionKind::OutEnds, report);
        let in_ends = entries(sealed, SectionKind::InEnds, report);
        Some(Self {
            sealed,
            nodes: nodes?,
            order: order?,
            records: records?,
            attributes: attributes?,
            outgoing: outgoing?,
            incoming: incoming?,
            out_ends: out_ends?,
            in_ends: in_ends?,
        })
    }

    pub(super) fn path(&self) -> &'a Path {
        self.sealed.path()
    }

    /// First and last commit in it.
    pub(super) fn seqnos(&self) -> (u64, u64) {
        let header = self.sealed.layout().header();
        (header.first_seqno, header.last_seqno)
    }

    pub(super) fn node_at(&self, index: usize) -> Option<Node> {
        self.nodes.entries.get(index).map(Node::decode)
    }

    /// The node of a concept.
    pub(super) fn node(&self, id: &ConceptId) -> Option<Node> {
        let wanted = (id.hash64(), *id);
        let key = |bytes: &[u8; NODE_BYTES]| {
            let node = Node::decode(bytes);
            (node.hash, node.id)
        };
        let at = self.nodes.entries.binary_search_by(|bytes| key(bytes).cmp(&wanted)).ok()?;
        self.node_at(at)
    }

    /// The record at a position, if a whole one is there.
    pub(super) fn record(&self, position: u64) -> Option<ConceptRecord<'a>> {
        let (section, bytes) = self.records;
        let start = usize::try_from(position.checked_sub(section.offset)?).ok()?;
        let rest = bytes.get(start..)?;
        let (length, _) = length_and_kind(rest.get(..CONCEPT_HEADER_BYTES)?)?;
        ConceptRecord::check(rest.get(..length)?).ok()
    }

    /// Associations at one side of a node; none if they are not all there.
    pub(super) fn entries(&self, node: &Node, side: Side) -> &'a [EntryBytes] {
        match side {
            Side::Out => run(self.outgoing, node.out_start, node.out_count),
            Side::In => run(self.incoming, node.in_start, node.in_count),
        }
    }

    /// Ends at one side of a node; none if they are not all there.
    pub(super) fn ends(&self, node: &Node, side: Side) -> &'a [EndBytes] {
        match side {
            Side::Out => run(self.out_ends, node.out_ends_start, node.out_ends_count),
            Side::In => run(self.in_ends, node.in_ends_start, node.in_ends_count),
        }
    }

    /// Offset in the file of the first association at one side of a node.
    pub(super) fn entries_at(&self, node: &Node, side: Side) -> u64 {
        let (section, start) = match side {
            Side::Out => (self.outgoing.offset, node.out_start),
            Side::In => (self.incoming.offset, node.in_start),
        };
        section + u64::from(start) * EDGE_ENTRY_BYTES as u64
    }

    /// Offset in the file of the first end at one side of a node.
    pub(super) fn ends_at(&self, node: &Node, side: Side) -> u64 {
        let (section, start) = match side {
            Side::Out => (self.out_ends.offset, node.out_ends_start),
            Side::In => (self.in_ends.offset, node.in_ends_start),
        };
        section + u64::from(start) * END_ENTRY_BYTES as u64
    }

    /// The attributes of an association, if they are there.
    pub(super) fn attributes_of(&self, entry: &EdgeEntry) -> Option<&'a [u8]> {
        let (section, bytes) = self.attributes;
        if entry.attribute_bytes == 0 {
            return Some(&[]);
        }
        let start = usize::try_from(entry.attributes.checked_sub(section.offset)?).ok()?;
        bytes.get(start..start.checked_add(entry.attribute_bytes as usize)?)
    }
}

fn entries<'a, const N: usize>(
    sealed: &'a Sealed,
    kind: SectionKind,
    report: &mut Report,
) -> Option<Entries<'a, N>> {
    let (section, entries) = sealed.entries(kind, report)?;
    Some(Entries { offset: section.offset, entries })
}

fn run<const N: usize>(all: Entries<'_, N>, start: u32, count: u32) -> &[[u8; N]] {
    let (start, count) = (start as usize, count as usize);
    let end = start.checked_add(count);
    end.and_then(|end| all.entries.get(start..end)).unwrap_or_default()
}

/// The concept at the other end, label and class, of an end.
pub(super) fn end_key(bytes: &EndBytes) -> (ConceptId, u32) {
    let end = EndEntry::decode(bytes);
    (end.other, end.names)
}
