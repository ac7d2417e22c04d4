//! Reading a segment: a concept costs one line of the filter, one of the directory, one node, and
//! the record. Nothing is allocated, no lock is taken.

use super::mapped_file::MappedFile;
use crate::delta::{EdgeKey, EdgeRef, Side};
use crate::edge_fields::EdgeFields;
use crate::error::{Error, Result};
use crate::names::NameWriter;
use std::ops::ControlFlow;
use sutra_format::concept_record::{CONCEPT_HEADER_BYTES, ConceptRecord};
use sutra_format::sealed_file::SectionKind;
use sutra_format::sealed_layout::Section;
use sutra_format::segment::directory;
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::filter;
use sutra_format::segment::names::{NameEntry, next_name};
use sutra_format::segment::node::{NODE_BYTES, Node};
use sutra_format::{AssociationClass, ConceptId, Cursor};

/// Entries read at a time, so that a walk that ends early does not read a whole hub.
const ENTRIES_AT_A_TIME: u32 = 64;

/// An open segment.
pub(crate) struct Segment {
    file: MappedFile,
    nodes: Section,
    directory: Section,
    filter: Section,
    records: Section,
    order: Section,
    edge_attributes: Section,
    edge_filter: Section,
    outgoing: Section,
    incoming: Section,
    outgoing_ends: Section,
    incoming_ends: Section,
    names: Section,
    commits: Section,
}

/// What a segment knows of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EdgeHere {
    /// Nothing: an older layer may know it.
    Unknown,
    /// It ended here.
    Ended,
    /// Its newest version is at this position.
    At(u64),
}

/// A run of entries at one side of a node.
#[derive(Clone, Copy)]
struct Run {
    start: u32,
    count: u32,
}

impl Segment {
    /// Reads the header and the footer of a mapped file.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn new(file: MappedFile) -> Result<Self> {
        let section = |kind| file.section(kind);
        Ok(Self {
            nodes: section(SectionKind::Nodes)?,
            directory: section(SectionKind::Directory)?,
            filter: section(SectionKind::Filter)?,
            records: section(SectionKind::Records)?,
            order: section(SectionKind::Order)?,
            edge_attributes: section(SectionKind::EdgeAttributes)?,
            edge_filter: section(SectionKind::EdgeFilter)?,
            outgoing: section(SectionKind::Out)?,
            incoming: section(SectionKind::In)?,
            outgoing_ends: section(SectionKind::OutEnds)?,
            incoming_ends: section(SectionKind::InEnds)?,
            names: section(SectionKind::Names)?,
            commits: section(SectionKind::Commits)?,
            file,
        })
    }

    pub(crate) fn file(&self) -> &MappedFile {
        &self.file
    }

    /// Number of its file.
    pub(crate) fn number(&self) -> u32 {
        self.file.header().number
    }

    /// First and last commit in it.
    pub(crate) fn seqnos(&self) -> (u64, u64) {
        (self.file.header().first_seqno, self.file.header().last_seqno)
    }

    /// Concepts mentioned in it.
    pub(crate) fn nodes(&self) -> u32 {
        (self.nodes.bytes / NODE_BYTES as u64) as u32
    }

    /// Versions of concepts in it.
    pub(crate) fn concepts(&self) -> u64 {
        (self.order.bytes / size_of::<u64>() as u64).saturating_sub(1)
    }

    /// Associations in it.
    pub(crate) fn associations(&self) -> u64 {
        self.outgoing.bytes / EDGE_ENTRY_BYTES as u64
    }

    /// Gives the labels and namespaces that were new in it their numbers.
    ///
    /// # Errors
    /// `Corrupt` when a number is not the next one.
    pub(crate) fn read_names(&self, names: &mut NameWriter) -> Result<()> {
        let mut cursor = Cursor::new(self.names()?);
        let path = self.file.path();
        loop {
            let at = self.names.offset + cursor.offset() as u64;
            let entry = next_name(&mut cursor)
                .map_err(|error| Error::undecodable(path, self.names.offset, &error))?;
            let (given, said) = match entry {
                None => return Ok(()),
                Some(NameEntry::Label { number, text }) => (names.label_or_new(text), number),
                Some(NameEntry::Namespace { number, dimension, metric, text }) => {
                    (names.namespace_or_new(text, dimension, metric), number)
                }
            };
            if given != said {
                let message = format!("a label or namespace has number {said} instead of {given}");
                return Err(Error::corrupt(path, at, message));
            }
        }
    }

    /// Labels and namespaces that were new in it.
    pub(crate) fn names(&self) -> Result<&[u8]> {
        self.file.all(&self.names)
    }

    /// Seqno and time of its commits, as far as history is kept.
    pub(crate) fn commits(&self) -> Result<&[u8]> {
        self.file.all(&self.commits)
    }

    /// What is known here of a concept.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub(crate) fn node(&self, id: &ConceptId, hash: u64) -> Result<Option<Node>> {
        if !self.may_contain(&self.filter, hash)? {
            return Ok(None);
        }
        let (place, count) = directory::bucket(self.directory.bytes, hash);
        let bytes = self.file.bytes(&self.directory, place, count)?;
        let range = directory::range(bytes);
        if range.start > range.end || range.end > self.nodes() {
            return Err(self.no_entry(&self.directory, place));
        }
        for number in range {
            let node = self.node_at(number)?;
            if node.hash == hash && node.id == *id {
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// The node with this number; they are in the order of hash and id.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub(crate) fn node_at(&self, number: u32) -> Result<Node> {
        let start = u64::from(number) * NODE_BYTES as u64;
        let bytes = self.file.bytes(&self.nodes, start, NODE_BYTES)?;
        bytes.first_chunk().map(Node::decode).ok_or_else(|| self.no_entry(&self.nodes, start))
    }

    /// The version of a concept at a commit and its position; it may say that the concept was
    /// deleted. Nothing when an older layer has to answer.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub(crate) fn version(
        &self,
        id: &ConceptId,
        hash: u64,
        seqno: u64,
    ) -> Result<Option<(ConceptRecord<'_>, u64)>> {
        match self.node(id, hash)? {
            Some(node) => self.version_of(&node, seqno),
            None => Ok(None),
        }
    }

    /// As [`Segment::version`], of a node.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub(crate) fn version_of(
        &self,
        node: &Node,
        seqno: u64,
    ) -> Result<Option<(ConceptRecord<'_>, u64)>> {
        let mut position = node.record;
        while position != 0 {
            let record = self.concept_at(position)?;
            if record.seqno() <= seqno {
                return Ok(Some((record, position)));
            }
            let previous = record.previous();
            if previous >= position {
                return Err(Error::corrupt(
                    self.file.path(),
                    position,
                    "a version says that a later one came before it",
                ));
            }
            position = previous;
        }
        Ok(None)
    }

    /// The concept's record at a position.
    ///
    /// # Errors
    /// `Corrupt`: damaged, or there is no record.
    #[inline]
    pub(crate) fn concept_at(&self, position: u64) -> Result<ConceptRecord<'_>> {
        let bytes = self.record(&self.records, position, CONCEPT_HEADER_BYTES)?;
        ConceptRecord::check(bytes)
            .map_err(|error| Error::undecodable(self.file.path(), position, &error))
    }

    /// The association's record at a position.
    ///
    /// # Errors
    /// As [`Segment::concept_at`].
    #[inline]
    pub(crate) fn edge_at(&self, position: u64) -> Result<EdgeFields<'_>> {
        let incoming = position >= self.incoming.offset
            && position < self.incoming.offset + self.incoming.bytes;
        let section = if incoming { &self.incoming } else { &self.outgoing };
        let start = position.checked_sub(section.offset);
        let start = start.ok_or_else(|| self.no_entry(section, 0))?;
        let bytes = self.file.bytes(section, start, EDGE_ENTRY_BYTES)?;
        let entry = bytes.first_chunk().map(EdgeEntry::decode);
        self.fields_of(&entry.ok_or_else(|| self.no_entry(section, start))?)
    }

    /// Everything about an association that was made here.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn fields_of(&self, entry: &EdgeEntry) -> Result<EdgeFields<'_>> {
        let section = &self.edge_attributes;
        let attributes = if entry.attribute_bytes == 0 {
            &[]
        } else {
            let start = entry.attributes.checked_sub(section.offset);
            let start = start.ok_or_else(|| self.no_entry(section, 0))?;
            self.file.bytes(section, start, entry.attribute_bytes as usize)?
        };
        let class = AssociationClass::from_number(entry.names as u8);
        Ok(EdgeFields {
            seqno: entry.begin,
            created_us: entry.created_us,
            class: class.ok_or_else(|| self.no_entry(section, 0))?,
            label: entry.names >> 8,
            confidence: entry.confidence,
            weight: entry.weight,
            validity: entry.validity,
            attributes,
        })
    }

    /// The error that says that a version names a text which is not there.
    pub(crate) fn bad_text(&self, position: u64) -> Error {
        Error::corrupt(self.file.path(), position, "the text of a version is not here")
    }

    /// The bytes of a record, whose first four say how many there are.
    #[inline]
    fn record(&self, section: &Section, position: u64, header_bytes: usize) -> Result<&[u8]> {
        let start = position.checked_sub(section.offset);
        let start = start.ok_or_else(|| self.no_entry(section, 0))?;
        let head = self.file.bytes(section, start, header_bytes)?;
        let length = head.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
        self.file.bytes(section, start, length.max(header_bytes))
    }

    /// Position of a version of a concept, by its number in the order of commits.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn concept_position(&self, index: u64) -> Result<u64> {
        let start = index * size_of::<u64>() as u64;
        let bytes = self.file.bytes(&self.order, start, size_of::<u64>())?;
        let bytes = bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        bytes.ok_or_else(|| self.no_entry(&self.order, start))
    }

    /// Gives the associations at one side of a node that were made here and are visible at a
    /// commit, oldest first. Their locations are positions in this file.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    #[inline]
    pub(crate) fn edges<F>(
        &self,
        node: &Node,
        side: Side,
        seqno: u64,
        mut visit: F,
    ) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        self.entries(node, side, |entry, position| {
            if !(entry.begin <= seqno && seqno < entry.end) {
                return ControlFlow::Continue(());
            }
            let class = AssociationClass::from_number(entry.names as u8);
            let Some(class) = class else { return ControlFlow::Continue(()) };
            visit(&EdgeRef {
                other: entry.other,
                class,
                label: entry.names >> 8,
                confidence: entry.confidence,
                location: position,
            })
        })
    }

    /// Gives every association that was made here at one side of a node, visible or not, with its
    /// position.
    ///
    /// # Errors
    /// As [`Segment::edges`].
    #[inline]
    pub(crate) fn entries<F>(
        &self,
        node: &Node,
        side: Side,
        mut visit: F,
    ) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeEntry, u64) -> ControlFlow<()>,
    {
        let (section, run) = self.run(node, side);
        let mut given = 0;
        while given < run.count {
            let count = (run.count - given).min(ENTRIES_AT_A_TIME) as usize;
            let start = (u64::from(run.start) + u64::from(given)) * EDGE_ENTRY_BYTES as u64;
            let bytes = self.file.bytes(section, start, count * EDGE_ENTRY_BYTES)?;
            let (entries, _) = bytes.as_chunks::<EDGE_ENTRY_BYTES>();
            let mut position = section.offset + start;
            for entry in entries {
                if visit(&EdgeEntry::decode(entry), position).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                position += EDGE_ENTRY_BYTES as u64;
            }
            given += ENTRIES_AT_A_TIME;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Commit at which the version of an association in an older layer ends, if it does here.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn end_of(
        &self,
        node: &Node,
        side: Side,
        other: &ConceptId,
        names: u32,
    ) -> Result<Option<u64>> {
        let (_, run) = self.end_run(node, side);
        let (mut low, mut high) = (0, run.count);
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.end_at(node, side, middle)?;
            match (entry.other, entry.names).cmp(&(*other, names)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(Some(entry.end)),
            }
        }
        Ok(None)
    }

    /// The end with this number at one side of a node, in the order of other ids and names.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn end_at(&self, node: &Node, side: Side, index: u32) -> Result<EndEntry> {
        let (section, run) = self.end_run(node, side);
        let start = (u64::from(run.start) + u64::from(index)) * END_ENTRY_BYTES as u64;
        let bytes = self.file.bytes(section, start, END_ENTRY_BYTES)?;
        bytes.first_chunk().map(EndEntry::decode).ok_or_else(|| self.no_entry(section, start))
    }

    /// What this segment knows of the newest version of an association.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn edge(&self, key: &EdgeKey, hash: u64) -> Result<EdgeHere> {
        if !self.may_contain(&self.edge_filter, hash)? {
            return Ok(EdgeHere::Unknown);
        }
        let source = self.node(&key.source, key.source.hash64())?;
        let target = self.node(&key.target, key.target.hash64())?;
        let (Some(source), Some(target)) = (source, target) else { return Ok(EdgeHere::Unknown) };
        // The side with fewer entries is searched: one of both may be a hub.
        let (node, side, other) = if source.out_count <= target.in_count {
            (source, Side::Out, key.target)
        } else {
            (target, Side::In, key.source)
        };
        let newest = self.newest_entry(&node, side, &other, key.names)?;
        let mut found = newest.map_or(EdgeHere::Unknown, |(entry, position)| match entry.end {
            u64::MAX => EdgeHere::At(position),
            _ => EdgeHere::Ended,
        });
        if found == EdgeHere::Unknown && self.end_of(&node, side, &other, key.names)?.is_some() {
            found = EdgeHere::Ended;
        }
        Ok(found)
    }

    /// The newest entry of an association at one side of a node, with its position.
    fn newest_entry(
        &self,
        node: &Node,
        side: Side,
        other: &ConceptId,
        names: u32,
    ) -> Result<Option<(EdgeEntry, u64)>> {
        let (section, run) = self.run(node, side);
        let mut end = run.count;
        while end > 0 {
            let first = end.saturating_sub(ENTRIES_AT_A_TIME);
            let start = (u64::from(run.start) + u64::from(first)) * EDGE_ENTRY_BYTES as u64;
            let count = (end - first) as usize;
            let bytes = self.file.bytes(section, start, count * EDGE_ENTRY_BYTES)?;
            let (entries, _) = bytes.as_chunks::<EDGE_ENTRY_BYTES>();
            for (index, bytes) in entries.iter().enumerate().rev() {
                let entry = EdgeEntry::decode(bytes);
                if entry.other == *other && entry.names == names {
                    let at = section.offset + start + (index * EDGE_ENTRY_BYTES) as u64;
                    return Ok(Some((entry, at)));
                }
            }
            end = first;
        }
        Ok(None)
    }

    fn may_contain(&self, section: &Section, hash: u64) -> Result<bool> {
        let Some(line) = filter::line_of(section.bytes, hash) else { return Ok(false) };
        let bytes = self.file.bytes(section, line.start, (line.end - line.start) as usize)?;
        Ok(filter::line_may_contain(bytes, hash))
    }

    fn run(&self, node: &Node, side: Side) -> (&Section, Run) {
        match side {
            Side::Out => (&self.outgoing, Run { start: node.out_start, count: node.out_count }),
            Side::In => (&self.incoming, Run { start: node.in_start, count: node.in_count }),
        }
    }

    fn end_run(&self, node: &Node, side: Side) -> (&Section, Run) {
        match side {
            Side::Out => {
                let run = Run { start: node.out_ends_start, count: node.out_ends_count };
                (&self.outgoing_ends, run)
            }
            Side::In => {
                let run = Run { start: node.in_ends_start, count: node.in_ends_count };
                (&self.incoming_ends, run)
            }
        }
    }

    #[cold]
    fn no_entry(&self, section: &Section, start: u64) -> Error {
        self.file.damaged(section, start, "no entry where one is said to be")
    }
}
