//! Making a segment, and the files of its vectors, of a delta that nothing is added to any more.

use super::segment_file::{
    SegmentSource, SourceConcept, SourceEdge, SourceNode, VisitConcept, VisitNode, write_segment,
};
use super::vectors_file::{VectorRow, VectorSpace, write_vectors};
use crate::delta::{Delta, EdgeSpan, NOT_ENDED, Sealed, Side};
use crate::edge_fields::EdgeFields;
use crate::error::Result;
use crate::layer_files::NewFiles;
use crate::state::{Layer, State, location};
use crate::storage::Storage;
use hashbrown::HashMap;
use std::sync::Arc;
use sutra_format::ConceptId;
use sutra_format::concept_record::{ConceptRecord, ConceptVersion, Text, TextRef};
use sutra_format::segment::end_entry::EndEntry;

/// Writes the files of a frozen delta and syncs them. No manifest names them yet. Versions that a
/// later one of this delta replaced are kept if that was after `retain_from`.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`: the files are removed again as far as that works.
pub(crate) fn write_delta(
    storage: &Storage,
    state: &State,
    sealed: &Arc<Sealed>,
    retain_from: u64,
) -> Result<NewFiles> {
    let source = Source::new(state, sealed, retain_from)?;
    let mut files = NewFiles::default();
    let written = source.write(storage, &mut files).and_then(|()| storage.sync_names());
    if written.is_err() {
        files.discard(&storage.dir);
    }
    written.map(|()| files)
}

/// What of a delta goes into files.
struct Source<'a> {
    state: &'a State,
    sealed: &'a Sealed,
    delta: &'a Delta,
    /// Index of the delta in the state.
    layer: usize,
    retain_from: u64,
    /// Positions of the versions of concepts, in the order of commits.
    versions: Vec<u64>,
    /// Ends of associations of older layers, by cell.
    ends: [HashMap<u32, Vec<EndEntry>>; 2],
    /// Cells with anything to write, in the order of hash and id.
    cells: Vec<(u64, ConceptId, u32)>,
}

impl<'a> Source<'a> {
    fn new(state: &'a State, sealed: &'a Sealed, retain_from: u64) -> Result<Self> {
        let is_it = |layer: &Layer| match layer {
            Layer::Delta(delta) => Arc::ptr_eq(delta, &sealed.delta),
            Layer::Segment(_) => false,
        };
        let layer = state.layers().iter().position(is_it).unwrap_or(state.layers().len());
        let delta: &Delta = &sealed.delta;
        let mut source = Self {
            state,
            sealed,
            delta,
            layer,
            retain_from,
            versions: Vec::new(),
            ends: [HashMap::new(), HashMap::new()],
            cells: Vec::new(),
        };
        source.collect_ends();
        for cell in 0..delta.cells() {
            let Some(id) = delta.id_of(cell) else { continue };
            let has_versions = source.collect_versions(cell, &id)?;
            if has_versions || source.has_edges(cell) {
                source.cells.push((id.hash64(), id, cell));
            }
        }
        source.versions.sort_unstable();
        source.cells.sort_unstable();
        Ok(source)
    }

    /// Notes the versions of a concept that are kept. Whether there are any.
    fn collect_versions(&mut self, cell: u32, id: &ConceptId) -> Result<bool> {
        let before = self.versions.len();
        let mut next = self.delta.version(cell, u64::MAX);
        let mut replaced_at = u64::MAX;
        while let Some((record, position)) = next
            && replaced_at > self.retain_from
        {
            self.versions.push(position);
            replaced_at = record.seqno();
            next = self.delta.concept_at(record.previous()).map(|older| (older, record.previous()));
        }
        // A tombstone that hides nothing is nothing.
        if self.versions.len() == before + 1
            && let Some(newest) = self.versions.last()
            && self.delta.concept_at(*newest).is_some_and(|record| record.is_tombstone())
            && !self.state.has_version_below(self.layer, id)?
        {
            self.versions.pop();
        }
        Ok(self.versions.len() > before)
    }

    fn has_edges(&self, cell: u32) -> bool {
        let has_ends = self.ends.iter().any(|ends| ends.contains_key(&cell));
        has_ends
            || self.spans(cell, Side::Out).next().is_some()
            || self.spans(cell, Side::In).next().is_some()
    }

    fn collect_ends(&mut self) {
        let [outgoing, incoming] = &mut self.ends;
        for state in self.delta.edge_states().filter(|state| state.ended_below != NOT_ENDED) {
            let ids = (self.delta.id_of(state.cells.source), self.delta.id_of(state.cells.target));
            let (Some(source), Some(target)) = ids else { continue };
            let end = EndEntry { other: target, names: state.names, end: state.ended_below };
            outgoing.entry(state.cells.source).or_default().push(end);
            let end = EndEntry { other: source, ..end };
            incoming.entry(state.cells.target).or_default().push(end);
        }
        for ends in outgoing.values_mut().chain(incoming.values_mut()) {
            ends.sort_unstable_by_key(|end| (end.other, end.names));
        }
    }

    /// The associations made here that are kept.
    fn spans(&self, cell: u32, side: Side) -> impl Iterator<Item = EdgeSpan> {
        self.delta.edge_spans(cell, side).filter(|span| span.end > self.retain_from)
    }

    fn write(&self, storage: &Storage, files: &mut NewFiles) -> Result<()> {
        let seqnos = self.sealed.seqnos;
        for (namespace, rows) in self.vectors() {
            let Some(named) = self.state.names().namespace(namespace) else { continue };
            let vector = |row| self.delta.vectors(namespace).and_then(|set| set.row(row));
            let space = VectorSpace { number: namespace, named, seqnos };
            files.vectors.push(write_vectors(storage, &space, &rows, |row| Ok(vector(row)))?);
        }
        let names = storage.new_names(self.sealed);
        let commits: Vec<_> = self.delta.commits().collect();
        if !(self.cells.is_empty() && names.is_empty() && commits.is_empty()) {
            files.segment = Some(write_segment(storage, self, seqnos, &names, &commits)?);
        }
        Ok(())
    }

    /// Rows that kept versions name, by namespace.
    fn vectors(&self) -> Vec<(u32, Vec<VectorRow>)> {
        let mut by_namespace: HashMap<u32, Vec<VectorRow>> = HashMap::new();
        for position in &self.versions {
            let Some(record) = self.delta.concept_at(*position) else { continue };
            let set = self.delta.vectors(record.namespace());
            if let (Some(row), Some(set)) = (record.row(), set)
                && row >= set.first_row()
                && let Some(facts) = set.facts(row)
            {
                let rows = by_namespace.entry(record.namespace()).or_default();
                rows.push(VectorRow { row, begin: facts.begin, id: record.id() });
            }
        }
        let mut sorted: Vec<_> = by_namespace.into_iter().collect();
        for (_, rows) in &mut sorted {
            rows.sort_unstable_by_key(|row| row.row);
            rows.dedup_by_key(|row| row.row);
        }
        sorted.sort_unstable_by_key(|(namespace, _)| *namespace);
        sorted
    }
}

impl SegmentSource for Source<'_> {
    fn concepts(&self, visit: &mut VisitConcept<'_>) -> Result<()> {
        let mut numbers: HashMap<u64, u64> = HashMap::new();
        for (number, position) in (0_u64..).zip(&self.versions) {
            let Some(record) = self.delta.concept_at(*position) else { continue };
            numbers.insert(*position, number);
            let concept = self.state.concept_at(location(self.layer, *position))?;
            let content = Self::text(&numbers, record.content(), || concept.content())?;
            let attributes = Self::text(&numbers, record.attributes(), || concept.attributes())?;
            visit(&SourceConcept {
                version: version_of(&record, content, attributes),
                is_tombstone: record.is_tombstone(),
                previous: numbers.get(&record.previous()).copied(),
            })?;
        }
        Ok(())
    }

    fn nodes(&self, visit: &mut VisitNode<'_>) -> Result<()> {
        let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
        for (hash, id, cell) in &self.cells {
            self.edges(*cell, Side::Out, &mut outgoing);
            self.edges(*cell, Side::In, &mut incoming);
            let newest = self.delta.version(*cell, u64::MAX).map(|(_, position)| position);
            let newest = newest.and_then(|position| self.versions.binary_search(&position).ok());
            let [out_ends, in_ends] = &self.ends;
            visit(&SourceNode {
                id: *id,
                hash: *hash,
                newest: newest.map(|number| number as u64),
                outgoing: &outgoing,
                incoming: &incoming,
                out_ends: out_ends.get(cell).map_or(&[], Vec::as_slice),
                in_ends: in_ends.get(cell).map_or(&[], Vec::as_slice),
            })?;
        }
        Ok(())
    }
}

impl<'a> Source<'a> {
    /// A text as the segment has it: named by the number of the version that has it, if that is
    /// kept, else in full.
    fn text(
        numbers: &HashMap<u64, u64>,
        text: TextRef<'a>,
        in_full: impl FnOnce() -> Result<&'a [u8]>,
    ) -> Result<Text<'a>> {
        match text {
            TextRef::Inline(text) => Ok(Text::Given(text)),
            TextRef::At(position) => match numbers.get(&position) {
                Some(number) => Ok(Text::KeptAt(*number)),
                None => in_full().map(Text::Given),
            },
            TextRef::Below => in_full().map(Text::Given),
        }
    }

    fn edges(&self, cell: u32, side: Side, edges: &mut Vec<SourceEdge<'a>>) {
        edges.clear();
        edges.extend(self.spans(cell, side).filter_map(|span| {
            let record = self.delta.edge_at(span.edge.location)?;
            let fields = EdgeFields::of(&record);
            Some(SourceEdge { other: span.edge.other, begin: span.begin, end: span.end, fields })
        }));
    }
}

/// Everything of a record but its place.
pub(crate) fn version_of<'a>(
    record: &ConceptRecord<'a>,
    content: Text<'a>,
    attributes: Text<'a>,
) -> ConceptVersion<'a> {
    ConceptVersion {
        seqno: record.seqno(),
        previous: 0,
        id: record.id(),
        cell: 0,
        ordinal: record.ordinal(),
        namespace: record.namespace(),
        key: record.key(),
        content,
        attributes,
        row: record.row(),
        created_us: record.created_us(),
        updated_us: record.updated_us(),
        strength: record.strength(),
        confidence: record.confidence(),
        validity: record.validity(),
    }
}
