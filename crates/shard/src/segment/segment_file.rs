//! Writing a segment file. What goes in is gone through twice: once to measure it, once to write
//! it, so that all sections are filled at the same time and nothing large is kept in memory.

use super::mapped_file::{Expected, MappedFile};
use super::positions::Positions;
use super::reader::Segment;
use super::writer::SealedFileWriter;
use crate::delta::EdgeKey;
use crate::edge_fields::EdgeFields;
use crate::error::Result;
use crate::storage::Storage;
use std::sync::Arc;
use sutra_format::ConceptId;
use sutra_format::concept_record::{ConceptVersion, KIND_CONCEPT, KIND_TOMBSTONE, Text};
use sutra_format::manifest::ManifestSegment;
use sutra_format::sealed_file::{FileKind, SealedHeader, SectionKind, SectionSize};
use sutra_format::segment::commits::append_commit;
use sutra_format::segment::directory::DirectoryBuilder;
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::filter::FilterBuilder;
use sutra_format::segment::node::{NODE_BYTES, Node};

/// What a segment is made of.
pub(crate) trait SegmentSource {
    /// Gives the versions of concepts in the order of commits. Called twice, with the same outcome.
    fn concepts(&self, visit: &mut VisitConcept<'_>) -> Result<()>;

    /// Gives the concepts in the order of hash and id. Called twice, with the same outcome.
    fn nodes(&self, visit: &mut VisitNode<'_>) -> Result<()>;
}

pub(crate) type VisitConcept<'v> = dyn FnMut(&SourceConcept<'_>) -> Result<()> + 'v;
pub(crate) type VisitNode<'v> = dyn FnMut(&SourceNode<'_>) -> Result<()> + 'v;

/// A version of a concept. Other versions are named by their number in the order of commits.
pub(crate) struct SourceConcept<'a> {
    /// `Text::KeptAt` has a number; `previous` and `cell` say nothing.
    pub(crate) version: ConceptVersion<'a>,
    pub(crate) is_tombstone: bool,
    /// The version before it, if it is in the segment too.
    pub(crate) previous: Option<u64>,
}

/// An association at one of its ends.
#[derive(Clone, Copy)]
pub(crate) struct SourceEdge<'a> {
    pub(crate) other: ConceptId,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) fields: EdgeFields<'a>,
}

/// Everything about one concept.
pub(crate) struct SourceNode<'a> {
    pub(crate) id: ConceptId,
    pub(crate) hash: u64,
    /// Number of its newest version.
    pub(crate) newest: Option<u64>,
    /// In the order of commits.
    pub(crate) outgoing: &'a [SourceEdge<'a>],
    pub(crate) incoming: &'a [SourceEdge<'a>],
    /// In the order of other ids and names.
    pub(crate) out_ends: &'a [EndEntry],
    pub(crate) in_ends: &'a [EndEntry],
}

impl SourceEdge<'_> {
    pub(crate) fn names(&self) -> u32 {
        self.fields.label << 8 | u32::from(self.fields.class.number())
    }
}

/// Lengths found by the first pass.
#[derive(Default)]
struct Measure {
    concepts: u64,
    record_bytes: u64,
    nodes: u64,
    outgoing: u64,
    incoming: u64,
    out_ends: u64,
    in_ends: u64,
    attribute_bytes: u64,
}

impl Measure {
    fn of(source: &dyn SegmentSource) -> Result<Self> {
        let mut measure = Self::default();
        let mut record = Vec::new();
        source.concepts(&mut |concept| {
            record.clear();
            concept.version.append(KIND_CONCEPT, &mut record);
            measure.concepts += 1;
            measure.record_bytes += record.len() as u64;
            Ok(())
        })?;
        source.nodes(&mut |node| {
            measure.nodes += 1;
            measure.outgoing += node.outgoing.len() as u64;
            measure.incoming += node.incoming.len() as u64;
            measure.out_ends += node.out_ends.len() as u64;
            measure.in_ends += node.in_ends.len() as u64;
            let edges = node.outgoing.iter().chain(node.incoming);
            measure.attribute_bytes +=
                edges.map(|edge| edge.fields.attributes.len() as u64).sum::<u64>();
            Ok(())
        })?;
        Ok(measure)
    }

    fn sizes(&self, names: &[u8], commits: usize) -> Vec<SectionSize> {
        let edge_keys = self.outgoing + self.out_ends;
        let size = |kind, items: u64, bytes: u64| SectionSize { kind, bytes, items };
        vec![
            size(SectionKind::Nodes, self.nodes, self.nodes * NODE_BYTES as u64),
            size(SectionKind::Directory, self.nodes, DirectoryBuilder::bytes(self.nodes)),
            size(SectionKind::Filter, self.nodes, FilterBuilder::bytes(self.nodes)),
            size(SectionKind::Records, self.concepts, self.record_bytes),
            size(SectionKind::Order, self.concepts + 1, (self.concepts + 1) * 8),
            size(SectionKind::EdgeAttributes, 0, self.attribute_bytes),
            size(SectionKind::Out, self.outgoing, self.outgoing * EDGE_ENTRY_BYTES as u64),
            size(SectionKind::In, self.incoming, self.incoming * EDGE_ENTRY_BYTES as u64),
            size(SectionKind::OutEnds, self.out_ends, self.out_ends * END_ENTRY_BYTES as u64),
            size(SectionKind::InEnds, self.in_ends, self.in_ends * END_ENTRY_BYTES as u64),
            size(SectionKind::EdgeFilter, edge_keys, FilterBuilder::bytes(edge_keys)),
            size(SectionKind::Names, 0, names.len() as u64),
            size(SectionKind::Commits, commits as u64, commits as u64 * 16),
        ]
    }
}

/// Writes a segment file, syncs it and opens it. Its name is not durable yet.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`: the file is removed again as far as that works.
pub(crate) fn write_segment(
    storage: &Storage,
    source: &dyn SegmentSource,
    (first_seqno, last_seqno): (u64, u64),
    names: &[u8],
    commits: &[(u64, u64)],
) -> Result<(ManifestSegment, Arc<Segment>)> {
    let measure = Measure::of(source)?;
    let number = storage.new_file_number()?;
    let path = storage.dir.segment_path(number);
    let store_id = storage.options.store_id;
    let header =
        SealedHeader { kind: FileKind::Segment, number, store_id, first_seqno, last_seqno };
    let sizes = measure.sizes(names, commits.len());
    let disk = storage.env.disk.as_ref();
    let mut writer = SealedFileWriter::create(disk, &path, header, &sizes)?;
    let written = fill(&mut writer, source, &measure)
        .and_then(|()| writer.append(SectionKind::Names, names))
        .and_then(|()| append_commits(&mut writer, commits))
        .and_then(|()| storage.finish_file(writer));
    let opened = written.and_then(|file| {
        let (file_bytes, checksum) = (file.file_bytes, file.checksum);
        let kind = FileKind::Segment;
        let expected = Expected { kind, number, store_id, file_bytes, checksum };
        let segment = Segment::new(MappedFile::open(disk, &path, &expected)?)?;
        let entry = ManifestSegment { number, checksum, file_bytes, first_seqno, last_seqno };
        Ok((entry, Arc::new(segment)))
    });
    opened.inspect_err(|_| {
        // The failure is what counts; a file that stays behind is an orphan.
        let _ = storage.dir.remove(&path);
    })
}

fn append_commits(writer: &mut SealedFileWriter, commits: &[(u64, u64)]) -> Result<()> {
    let mut bytes = Vec::with_capacity(commits.len() * 16);
    for (seqno, committed_us) in commits {
        append_commit(*seqno, *committed_us, &mut bytes);
    }
    writer.append(SectionKind::Commits, &bytes)
}

fn fill(
    writer: &mut SealedFileWriter,
    source: &dyn SegmentSource,
    measure: &Measure,
) -> Result<()> {
    let positions = write_concepts(writer, source, measure)?;
    let mut filling = Filling {
        positions: &positions,
        directory: DirectoryBuilder::new(measure.nodes),
        filter: FilterBuilder::new(measure.nodes),
        edge_filter: FilterBuilder::new(measure.outgoing + measure.out_ends),
        places: Places::default(),
        writer,
    };
    source.nodes(&mut |node| filling.node(node))?;
    let (directory, filter) = (filling.directory.finish(), filling.filter.finish());
    let edge_filter = filling.edge_filter.finish();
    writer.append(SectionKind::Directory, &directory)?;
    writer.append(SectionKind::Filter, &filter)?;
    writer.append(SectionKind::EdgeFilter, &edge_filter)
}

/// Positions of the versions written, by their number.
fn write_concepts(
    writer: &mut SealedFileWriter,
    source: &dyn SegmentSource,
    measure: &Measure,
) -> Result<Positions> {
    let base = writer.position(SectionKind::Records);
    let mut positions = Positions::new(measure.concepts, base, measure.record_bytes);
    let mut record = Vec::new();
    source.concepts(&mut |concept| {
        let position = writer.position(SectionKind::Records);
        let position_of = |number: u64| positions.get(number).unwrap_or(0);
        let text = |text| match text {
            Text::KeptAt(number) => Text::KeptAt(position_of(number)),
            text => text,
        };
        let version = ConceptVersion {
            previous: concept.previous.map_or(0, position_of),
            cell: positions.count() as u32,
            content: text(concept.version.content),
            attributes: text(concept.version.attributes),
            ..concept.version
        };
        record.clear();
        let kind = if concept.is_tombstone { KIND_TOMBSTONE } else { KIND_CONCEPT };
        version.append(kind, &mut record);
        writer.append(SectionKind::Records, &record)?;
        writer.append(SectionKind::Order, &position.to_le_bytes())?;
        positions.push(position);
        Ok(())
    })?;
    let end = writer.position(SectionKind::Records);
    writer.append(SectionKind::Order, &end.to_le_bytes())?;
    Ok(positions)
}

/// Entries written so far.
#[derive(Default)]
struct Places {
    outgoing: u32,
    incoming: u32,
    out_ends: u32,
    in_ends: u32,
}

struct Filling<'a> {
    positions: &'a Positions,
    directory: DirectoryBuilder,
    filter: FilterBuilder,
    edge_filter: FilterBuilder,
    places: Places,
    writer: &'a mut SealedFileWriter,
}

impl Filling<'_> {
    fn node(&mut self, source: &SourceNode<'_>) -> Result<()> {
        let newest = source.newest.and_then(|number| self.positions.get(number));
        let places = &self.places;
        let node = Node {
            hash: source.hash,
            id: source.id,
            record: newest.unwrap_or(0),
            out_start: places.outgoing,
            out_count: source.outgoing.len() as u32,
            in_start: places.incoming,
            in_count: source.incoming.len() as u32,
            out_ends_start: places.out_ends,
            out_ends_count: source.out_ends.len() as u32,
            in_ends_start: places.in_ends,
            in_ends_count: source.in_ends.len() as u32,
        };
        self.places = Places {
            outgoing: places.outgoing + node.out_count,
            incoming: places.incoming + node.in_count,
            out_ends: places.out_ends + node.out_ends_count,
            in_ends: places.in_ends + node.in_ends_count,
        };
        self.directory.add(source.hash);
        self.filter.add(source.hash);
        for edge in source.outgoing {
            let key = EdgeKey { source: source.id, target: edge.other, names: edge.names() };
            self.edge_filter.add(key.hash64());
        }
        for end in source.out_ends {
            let key = EdgeKey { source: source.id, target: end.other, names: end.names };
            self.edge_filter.add(key.hash64());
        }
        self.writer.append(SectionKind::Nodes, &node.encode())?;
        self.edges(SectionKind::Out, source.outgoing)?;
        self.edges(SectionKind::In, source.incoming)?;
        self.ends(SectionKind::OutEnds, source.out_ends)?;
        self.ends(SectionKind::InEnds, source.in_ends)
    }

    fn edges(&mut self, kind: SectionKind, edges: &[SourceEdge<'_>]) -> Result<()> {
        for edge in edges {
            let attributes = self.writer.position(SectionKind::EdgeAttributes);
            self.writer.append(SectionKind::EdgeAttributes, edge.fields.attributes)?;
            let entry = EdgeEntry {
                other: edge.other,
                begin: edge.begin,
                end: edge.end,
                names: edge.names(),
                attribute_bytes: edge.fields.attributes.len() as u32,
                attributes,
                confidence: edge.fields.confidence,
                weight: edge.fields.weight,
                created_us: edge.fields.created_us,
                validity: edge.fields.validity,
            };
            self.writer.append(kind, &entry.encode())?;
        }
        Ok(())
    }

    fn ends(&mut self, kind: SectionKind, ends: &[EndEntry]) -> Result<()> {
        for end in ends {
            self.writer.append(kind, &end.encode())?;
        }
        Ok(())
    }
}
