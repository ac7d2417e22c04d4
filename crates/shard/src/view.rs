//! Reading a shard at one seqno.

use crate::concept_ref::ConceptRef;
use crate::delta::{EdgeRef, Side};
use crate::edge_fields::EdgeFields;
use crate::error::Result;
use crate::names::Namespace;
use crate::recent::{RecentAt, recent};
use crate::state::State;
use crate::text::{Parts, Searcher};
use crate::vector::{Nearest, Scored};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use sutra_format::ConceptId;
use sutra_index::Filter;

/// A shard as it was after one commit. Cheap to make and to clone; never changes, and keeps all it
/// needs: memory and files that the shard itself no longer uses.
#[derive(Clone)]
pub struct View {
    state: Arc<State>,
    seqno: u64,
    parts: Arc<Parts>,
}

impl View {
    /// A state at a commit that it holds: one that [`crate::Shared::seqno_in`] gave for it, after
    /// [`crate::Shared::parts`] gave the parts.
    #[must_use]
    pub fn new(state: Arc<State>, seqno: u64, parts: Arc<Parts>) -> Self {
        Self { state, seqno, parts }
    }

    /// The commit it shows.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.seqno
    }

    /// The same layers as they were after an earlier commit.
    #[must_use]
    pub(crate) fn at(&self, seqno: u64) -> Self {
        Self { state: Arc::clone(&self.state), seqno, parts: Arc::clone(&self.parts) }
    }

    /// The index of texts and attributes that it reads.
    #[must_use]
    pub fn parts(&self) -> &Arc<Parts> {
        &self.parts
    }

    /// Looks up what a search of a namespace looks at. Only what passes the filter is wanted.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn searcher<'a>(
        &'a self,
        namespace: u32,
        filter: Option<&'a Filter>,
    ) -> Result<Searcher<'a>> {
        Searcher::new(self, namespace, filter)
    }

    /// What it reads from.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// A concept by id.
    ///
    /// # Errors
    /// `Corrupt`, as for every other read.
    #[inline]
    pub fn get(&self, id: &ConceptId) -> Result<Option<ConceptRef<'_>>> {
        self.state.concept(id, self.seqno)
    }

    /// The concept's record at a location that a view of the same state gave.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub fn concept_at(&self, location: u64) -> Result<ConceptRef<'_>> {
        self.state.concept_at(location)
    }

    /// The association's record at a location that a view of the same state gave.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn edge_at(&self, location: u64) -> Result<EdgeFields<'_>> {
        self.state.edge_at(location)
    }

    /// The vector of a concept.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn vector(&self, concept: &ConceptRef<'_>) -> Result<Option<&[f32]>> {
        self.state.vector(concept)
    }

    /// Gives the associations that start at a concept, in the order of the commits that made them.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    #[inline]
    pub fn outgoing<F>(&self, id: &ConceptId, visit: F) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        self.state.edges(id, Side::Out, self.seqno, visit)
    }

    /// Gives the associations that end at a concept, in the order of the commits that made them.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    #[inline]
    pub fn incoming<F>(&self, id: &ConceptId, visit: F) -> Result<ControlFlow<()>>
    where
        F: FnMut(&EdgeRef) -> ControlFlow<()>,
    {
        self.state.edges(id, Side::In, self.seqno, visit)
    }

    /// The label with this number; nothing for 0, which is no label.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<&str> {
        self.state.names().label(number)
    }

    /// The namespace with this number.
    #[must_use]
    pub fn namespace(&self, number: u32) -> Option<&Namespace> {
        self.state.names().namespace(number)
    }

    /// Namespaces have the numbers below this one.
    #[must_use]
    pub fn namespaces(&self) -> u32 {
        self.state.names().namespaces().map(|(number, _)| number + 1).max().unwrap_or(0)
    }

    /// Number and settings of a namespace by its name.
    #[must_use]
    pub fn namespace_named(&self, name: &str) -> Option<(u32, &Namespace)> {
        self.state.names().namespaces().find(|(_, namespace)| *namespace.name == *name)
    }

    /// The `k` nearest vectors of a namespace, best first.
    ///
    /// # Errors
    /// `Corrupt`, `Aborted`.
    ///
    /// # Panics
    /// When the query has another dimension than the namespace.
    pub fn nearest(
        &self,
        namespace: u32,
        query: &[f32],
        k: usize,
        cancelled: &AtomicBool,
    ) -> Result<Vec<Scored>> {
        let seqno = self.seqno;
        let nearest =
            Nearest { query, k, width: None, allowed: None, wants: None, seqno, cancelled };
        self.state.nearest(namespace, &nearest)
    }

    /// As [`View::nearest`] as far as the query says, whose commit is that of the view: with a
    /// width only what graphs say is near is looked at, see [`Nearest::width`].
    ///
    /// # Errors
    /// `Corrupt`, `Aborted`.
    ///
    /// # Panics
    /// When the query has another dimension than the namespace.
    pub fn nearest_within(&self, namespace: u32, nearest: &Nearest<'_>) -> Result<Vec<Scored>> {
        self.state.nearest(namespace, &Nearest { seqno: self.seqno, ..*nearest })
    }

    /// Gives the concepts that were changed before a place, newest first; all of them for `None`.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    pub fn recent<F>(&self, before: Option<RecentAt>, visit: F) -> Result<ControlFlow<()>>
    where
        F: FnMut(ConceptRef<'_>) -> ControlFlow<()>,
    {
        recent(&self.state, before, self.seqno, visit)
    }

    /// Gives the id of every concept that is or was in a layer, in no order, some more than once.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    pub fn ids<F>(&self, mut visit: F) -> Result<ControlFlow<()>>
    where
        F: FnMut(&ConceptId) -> ControlFlow<()>,
    {
        for delta in self.state.deltas() {
            for cell in 0..delta.cells() {
                if let Some(id) = delta.id_of(cell)
                    && visit(&id).is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        for segment in self.state.segments() {
            for number in 0..segment.nodes() {
                if visit(&segment.node_at(number)?.id).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
