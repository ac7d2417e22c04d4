//! The layers of a shard at one time: the newest delta, those being written to segments, and the
//! segments, newest first. Never changes; what reads it keeps everything it needs.
//!
//! Invariants:
//! - The commits of a layer all come after those of every older layer.
//! - The first layer that has a version of a concept answers for it. A layer that has a version of
//!   an association says so to the older ones: their version ends at a commit of this layer.

use crate::concept_ref::ConceptRef;
use crate::delta::{Delta, EdgeKey, EdgeRef, NOT_ENDED, Side};
use crate::edge_fields::EdgeFields;
use crate::error::{Error, Result};
use crate::names::Names;
use crate::segment::{EdgeHere, Node, Segment};
use crate::vector::graph::GraphSpaces;
use crate::vector::{Layers as VectorLayers, Nearest, Scored, SealedVectors, VectorSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use sutra_format::ConceptId;
use sutra_format::concept_record::ConceptRecord;
use sutra_format::segment::commits;

/// Most layers a state can have. Writers wait before there are more.
pub const LAYERS_MAX: usize = 32;

/// Layers that most states have at most.
const LAYERS_FEW: usize = 4;

const LAYER_SHIFT: u32 = 56;
const POSITION_MASK: u64 = (1 << LAYER_SHIFT) - 1;

/// One layer.
#[derive(Clone)]
pub(crate) enum Layer {
    Delta(Arc<Delta>),
    Segment(Arc<Segment>),
}

/// The vectors in files, by number of their namespace, in the order of their rows.
pub(crate) type SealedSpaces = Vec<Vec<Arc<SealedVectors>>>;

/// What a shard consists of.
pub struct State {
    generation: u64,
    names: Arc<Names>,
    layers: Vec<Layer>,
    sealed: Arc<SealedSpaces>,
    graphs: Arc<GraphSpaces>,
}

/// Where the associations of a concept are in one layer.
#[derive(Clone, Copy)]
enum Place {
    Cell { cell: u32, has_ends: bool },
    Node(Node),
}

impl State {
    /// Layers, newest first.
    ///
    /// # Panics
    /// With more than [`LAYERS_MAX`] layers: whoever adds one has made sure that there is room.
    pub(crate) fn new(
        generation: u64,
        names: Arc<Names>,
        layers: Vec<Layer>,
        sealed: Arc<SealedSpaces>,
    ) -> Self {
        assert!(layers.len() <= LAYERS_MAX, "at most {LAYERS_MAX} layers");
        Self { generation, names, layers, sealed, graphs: Arc::default() }
    }

    /// The same with other graphs.
    pub(crate) fn with_graphs(self, graphs: Arc<GraphSpaces>) -> Self {
        Self { graphs, ..self }
    }

    /// The same with a new delta on top.
    pub(crate) fn with_delta(&self, delta: &Arc<Delta>) -> Self {
        let mut layers = vec![Layer::Delta(Arc::clone(delta))];
        layers.extend(self.layers.iter().cloned());
        let (names, sealed) = (Arc::clone(&self.names), Arc::clone(&self.sealed));
        let graphs = Arc::clone(&self.graphs);
        Self::new(self.generation + 1, names, layers, sealed).with_graphs(graphs)
    }

    /// The layers in files only.
    pub(crate) fn without_deltas(&self) -> Self {
        let layers = self.segments().cloned().map(Layer::Segment).collect();
        let (names, sealed) = (Arc::clone(&self.names), Arc::clone(&self.sealed));
        Self::new(self.generation, names, layers, sealed)
    }

    /// Counts the changes of the layers since the shard was opened.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Labels and namespaces.
    #[must_use]
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Bytes of memory of its layers that are in no file.
    #[must_use]
    pub fn delta_bytes(&self) -> u64 {
        self.deltas().map(|delta| delta.memory().total()).sum()
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub(crate) fn sealed(&self) -> &Arc<SealedSpaces> {
        &self.sealed
    }

    pub(crate) fn graphs(&self) -> &Arc<GraphSpaces> {
        &self.graphs
    }

    /// The version of a concept at a commit; nothing if it did not exist then.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub fn concept(&self, id: &ConceptId, seqno: u64) -> Result<Option<ConceptRef<'_>>> {
        self.concept_below(0, id, seqno)
    }

    /// As [`State::concept`], but the layers before `first` are not asked.
    #[inline]
    pub(crate) fn concept_below(
        &self,
        first: usize,
        id: &ConceptId,
        seqno: u64,
    ) -> Result<Option<ConceptRef<'_>>> {
        let hash = id.hash64();
        for (index, layer) in self.layers.iter().enumerate().skip(first) {
            if let Some((record, position)) = layer.version(id, hash, seqno)? {
                let location = location(index, position);
                let found = ConceptRef { record, location, state: self };
                return Ok((!record.is_tombstone()).then_some(found));
            }
        }
        Ok(None)
    }

    /// The version of a concept at a commit, also one that says that it ended.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn version(&self, id: &ConceptId, seqno: u64) -> Result<Option<ConceptRef<'_>>> {
        let hash = id.hash64();
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some((record, position)) = layer.version(id, hash, seqno)? {
                let location = location(index, position);
                return Ok(Some(ConceptRef { record, location, state: self }));
            }
        }
        Ok(None)
    }

    /// The concept's record at a location that this state gave.
    ///
    /// # Errors
    /// `Corrupt`; `Closed` for a location that no state of these layers gave.
    pub fn concept_at(&self, location: u64) -> Result<ConceptRef<'_>> {
        let (index, position) = split_location(location);
        let record = match self.layers.get(index) {
            Some(Layer::Delta(delta)) => delta.concept_at(position),
            Some(Layer::Segment(segment)) => Some(segment.concept_at(position)?),
            None => None,
        };
        let record = record.ok_or_else(foreign_location)?;
        Ok(ConceptRef { record, location, state: self })
    }

    /// The association's record at a location that this state gave.
    ///
    /// # Errors
    /// As [`State::concept_at`].
    pub fn edge_at(&self, location: u64) -> Result<EdgeFields<'_>> {
        let (index, position) = split_location(location);
        let fields = match self.layers.get(index) {
            Some(Layer::Delta(delta)) => delta.edge_at(position).map(|r| EdgeFields::of(&r)),
            Some(Layer::Segment(segment)) => Some(segment.edge_at(position)?),
            None => None,
        };
        fields.ok_or_else(foreign_location)
    }

    /// Gives the associations at one side of a concept that are visible at a commit, in the order
    /// of the commits that made them. Takes no lock and allocates nothing.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    #[inline]
    pub fn edges<F>(
        &self,
        id: &ConceptId,
        side: Side,
        seqno: u64,
        visit: F,
    ) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        // Room for the places in all layers that there can be is 2 KiB to be cleared, which takes
        // as long as the rest of a short walk.
        if self.layers.len() <= LAYERS_FEW {
            self.edges_in::<LAYERS_FEW, F>(id, side, seqno, visit)
        } else {
            self.edges_in::<LAYERS_MAX, F>(id, side, seqno, visit)
        }
    }

    /// As [`State::edges`], of at most so many layers.
    #[inline]
    fn edges_in<const LAYERS: usize, F>(
        &self,
        id: &ConceptId,
        side: Side,
        seqno: u64,
        mut visit: F,
    ) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        let hash = id.hash64();
        let mut places = [const { None }; LAYERS];
        let mut has_ends = false;
        for (place, layer) in places.iter_mut().zip(&self.layers) {
            *place = layer.place(id, hash, side)?;
            has_ends |= place.is_some_and(|place| place.has_ends(side));
        }
        for (index, layer) in self.layers.iter().enumerate().rev() {
            let (newer, rest) = places.split_at(index);
            let Some(Some(place)) = rest.first() else { continue };
            let mut failed = None;
            let walked = layer.edges(place, side, seqno, |edge| {
                if has_ends {
                    match self.is_ended(newer, id, side, edge, seqno) {
                        Ok(false) => {}
                        Ok(true) => return ControlFlow::Continue(()),
                        Err(error) => {
                            failed = Some(error);
                            return ControlFlow::Break(());
                        }
                    }
                }
                visit(&EdgeRef { location: location(index, edge.location), ..*edge })
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
            if walked.is_break() {
                return Ok(walked);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether a newer layer says that an association's version ended.
    fn is_ended(
        &self,
        newer: &[Option<Place>],
        id: &ConceptId,
        side: Side,
        edge: &EdgeRef,
        seqno: u64,
    ) -> Result<bool> {
        for (layer, place) in self.layers.iter().zip(newer) {
            let Some(place) = place.as_ref().filter(|place| place.has_ends(side)) else { continue };
            let end = match layer {
                Layer::Delta(delta) => {
                    let (source, target) = match side {
                        Side::Out => (*id, edge.other),
                        Side::In => (edge.other, *id),
                    };
                    let key = EdgeKey { source, target, names: edge.names() };
                    delta.edge_state(&key).map_or(NOT_ENDED, |state| state.ended_below)
                }
                Layer::Segment(segment) => match place {
                    Place::Node(node) => {
                        segment.end_of(node, side, &edge.other, edge.names())?.unwrap_or(NOT_ENDED)
                    }
                    Place::Cell { .. } => NOT_ENDED,
                },
            };
            if end <= seqno {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The newest version of an association; nothing if it does not exist.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn edge(&self, key: &EdgeKey) -> Result<Option<EdgeFields<'_>>> {
        let mut hash = None;
        for layer in &self.layers {
            match layer {
                Layer::Delta(delta) => {
                    if let Some(state) = delta.edge_state(key) {
                        let record = state.place.and_then(|place| delta.edge_at(place.location));
                        return Ok(record.map(|record| EdgeFields::of(&record)));
                    }
                }
                Layer::Segment(segment) => {
                    let hash = *hash.get_or_insert_with(|| key.hash64());
                    match segment.edge(key, hash)? {
                        EdgeHere::Unknown => {}
                        EdgeHere::Ended => return Ok(None),
                        EdgeHere::At(position) => return segment.edge_at(position).map(Some),
                    }
                }
            }
        }
        Ok(None)
    }

    /// The vector of a version of a concept.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn vector(&self, concept: &ConceptRef<'_>) -> Result<Option<&[f32]>> {
        let Some(row) = concept.row() else { return Ok(None) };
        self.row(concept.namespace(), row)
    }

    /// The vector in a row of a namespace.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn row(&self, namespace: u32, row: u32) -> Result<Option<&[f32]>> {
        for set in self.vector_sets(namespace) {
            if row >= set.first_row() {
                return Ok(set.row(row));
            }
        }
        let files = self.sealed.get(namespace as usize).map_or(&[][..], Vec::as_slice);
        let after = files.partition_point(|file| file.last_row() < row);
        match files.get(after) {
            Some(file) => file.row(row),
            None => Ok(None),
        }
    }

    fn vector_sets(&self, namespace: u32) -> impl Iterator<Item = &Arc<VectorSet>> {
        self.layers.iter().filter_map(move |layer| match layer {
            Layer::Delta(delta) => delta.vectors(namespace),
            Layer::Segment(_) => None,
        })
    }

    /// The nearest vectors of a namespace, best first.
    ///
    /// # Errors
    /// `Corrupt`, `Aborted`.
    ///
    /// # Panics
    /// When the query has another dimension than the namespace.
    pub fn nearest(&self, namespace: u32, nearest: &Nearest<'_>) -> Result<Vec<Scored>> {
        let sets: Vec<_> = self.vector_sets(namespace).cloned().collect();
        let sealed = self.sealed.get(namespace as usize).map_or(&[][..], Vec::as_slice);
        let graphs = self.graphs.get(namespace as usize);
        let layers = VectorLayers { graphs, ..VectorLayers::new(sealed, &sets) };
        layers.search(nearest, &|id, row| {
            let concept = self.concept(id, nearest.seqno)?;
            let is_current = |concept: &ConceptRef<'_>| {
                concept.row() == Some(row) && concept.namespace() == namespace
            };
            match (concept.filter(is_current), nearest.wants) {
                (Some(concept), Some(wants)) => wants(&concept),
                (concept, _) => Ok(concept.is_some()),
            }
        })
    }

    /// Whether a layer older than one has any version of a concept.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn has_version_below(&self, layer: usize, id: &ConceptId) -> Result<bool> {
        let hash = id.hash64();
        for layer in self.layers.iter().skip(layer + 1) {
            if layer.version(id, hash, u64::MAX)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Commit that made the newest version of a concept, and whether the concept exists since.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn newest_version(&self, id: &ConceptId) -> Result<Option<(u64, bool)>> {
        let hash = id.hash64();
        for layer in &self.layers {
            if let Some((record, _)) = layer.version(id, hash, u64::MAX)? {
                return Ok(Some((record.seqno(), !record.is_tombstone())));
            }
        }
        Ok(None)
    }

    /// Whether a version of a concept that is kept names a row of its namespace. Versions that were
    /// replaced at `retain_from` or before are not kept.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn names_row(
        &self,
        namespace: u32,
        id: &ConceptId,
        row: u32,
        retain_from: u64,
    ) -> Result<bool> {
        let hash = id.hash64();
        let mut replaced_at = u64::MAX;
        for layer in &self.layers {
            let mut before = u64::MAX;
            while replaced_at > retain_from
                && let Some((record, _)) = layer.version(id, hash, before)?
            {
                if record.row() == Some(row) && record.namespace() == namespace {
                    return Ok(true);
                }
                replaced_at = record.seqno();
                // Of a commit only its last version is ever seen.
                let Some(earlier) = replaced_at.checked_sub(1) else { break };
                before = earlier;
            }
        }
        Ok(false)
    }

    /// The last commit at a time, in microseconds from 1970, as far as the times of commits are
    /// kept; nothing if the first one that is known came later.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn seqno_at(&self, time_us: u64) -> Result<Option<u64>> {
        for layer in &self.layers {
            let found = match layer {
                Layer::Delta(delta) => {
                    let mut commits = delta.commits().rev();
                    commits.find(|(_, committed_us)| *committed_us <= time_us)
                }
                Layer::Segment(segment) => last_commit_at(segment.commits()?, time_us),
            };
            if let Some((seqno, _)) = found {
                return Ok(Some(seqno));
            }
        }
        Ok(None)
    }

    /// The error that says that the version at a position names a text which is not there: damage,
    /// if it comes from a file.
    #[cold]
    pub(crate) fn bad_text(&self, layer: usize, position: u64) -> Error {
        match self.layers.get(layer) {
            Some(Layer::Segment(segment)) => segment.bad_text(position),
            _ => Error::Closed("the version that has the text is not there".into()),
        }
    }

    /// The error that says that what a version holds is not what was checked when it was written.
    #[cold]
    pub(crate) fn bad_text_of(&self, concept: &ConceptRef<'_>) -> Error {
        let (layer, position) = split_location(concept.location());
        self.bad_text(layer, position)
    }

    /// The layers in memory, newest first.
    pub(crate) fn deltas(&self) -> impl Iterator<Item = &Arc<Delta>> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::Delta(delta) => Some(delta),
            Layer::Segment(_) => None,
        })
    }

    /// The layers in files, newest first.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.layers.iter().filter_map(|layer| match layer {
            Layer::Segment(segment) => Some(segment),
            Layer::Delta(_) => None,
        })
    }
}

impl Layer {
    /// Where the associations of a concept are at one side, if there are any or any ended here.
    #[inline]
    fn place(&self, id: &ConceptId, hash: u64, side: Side) -> Result<Option<Place>> {
        match self {
            Self::Delta(delta) => {
                let Some(cell) = delta.cell_of(id, hash) else { return Ok(None) };
                let has_ends = delta.has_ends(cell);
                let has_any = has_ends || delta.has_edges(cell, side);
                Ok(has_any.then_some(Place::Cell { cell, has_ends }))
            }
            Self::Segment(segment) => Ok(segment.node(id, hash)?.map(Place::Node)),
        }
    }

    #[inline]
    fn version(
        &self,
        id: &ConceptId,
        hash: u64,
        seqno: u64,
    ) -> Result<Option<(ConceptRecord<'_>, u64)>> {
        match self {
            Self::Delta(delta) => {
                Ok(delta.cell_of(id, hash).and_then(|cell| delta.version(cell, seqno)))
            }
            Self::Segment(segment) => segment.version(id, hash, seqno),
        }
    }

    #[inline]
    fn edges<F>(&self, place: &Place, side: Side, seqno: u64, visit: F) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        match (self, place) {
            (Self::Delta(delta), Place::Cell { cell, .. }) => {
                Ok(delta.edges(*cell, side, seqno, visit))
            }
            (Self::Segment(segment), Place::Node(node)) => segment.edges(node, side, seqno, visit),
            _ => Ok(ControlFlow::Continue(())),
        }
    }
}

impl Place {
    #[inline]
    fn has_ends(&self, side: Side) -> bool {
        match (self, side) {
            (Self::Cell { has_ends, .. }, _) => *has_ends,
            (Self::Node(node), Side::Out) => node.out_ends_count > 0,
            (Self::Node(node), Side::In) => node.in_ends_count > 0,
        }
    }
}

/// The last of a segment's commits at a time.
fn last_commit_at(commits: &[u8], time_us: u64) -> Option<(u64, u64)> {
    let count = commits::count(commits);
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        let (_, committed_us) = commits::entry(commits, middle)?;
        if committed_us <= time_us { low = middle + 1 } else { high = middle }
    }
    commits::entry(commits, low.checked_sub(1)?)
}

/// Location of a position in a layer. Positions have 56 bits.
pub(crate) fn location(layer: usize, position: u64) -> u64 {
    (layer as u64) << LAYER_SHIFT | position & POSITION_MASK
}

pub(crate) fn split_location(location: u64) -> (usize, u64) {
    ((location >> LAYER_SHIFT) as usize, location & POSITION_MASK)
}

pub(crate) fn foreign_location() -> Error {
    Error::Closed("a location of another state".into())
}
