//! What a path search needs to know of a graph.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::ControlFlow;

use sutra_format::AssociationClass;
use sutra_shard::Result;

/// An association seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge<N> {
    /// The node at the other end.
    pub other: N,
    /// Its class.
    pub class: AssociationClass,
    /// 0 to 1.
    pub confidence: f64,
    /// Identifies the association to the caller.
    pub location: u64,
}

/// A directed graph that does not change while it is searched.
pub trait Graph {
    /// Names a node. Nothing is assumed of how names are spread; their order decides between paths
    /// that are equally good.
    type Node: Copy + Eq + Ord + Hash + Debug;

    /// Visits the edges that start at `node`, in any order, until `visit` breaks.
    ///
    /// # Errors
    /// The edges cannot all be read: a path that misses some would pass for the best one, so the
    /// search ends with this error.
    fn out_edges(
        &self,
        node: Self::Node,
        visit: &mut impl FnMut(Edge<Self::Node>) -> ControlFlow<()>,
    ) -> Result<()>;

    /// Visits the edges that end at `node`, in any order, until `visit` breaks.
    ///
    /// # Errors
    /// As for `out_edges`.
    fn in_edges(
        &self,
        node: Self::Node,
        visit: &mut impl FnMut(Edge<Self::Node>) -> ControlFlow<()>,
    ) -> Result<()>;

    /// Whether the association at a location holds at a moment, in milliseconds from 1970. Asked
    /// only when a search is about a moment, and only for edges that it would walk otherwise.
    ///
    /// # Errors
    /// As for `out_edges`.
    fn holds_at(&self, location: u64, moment_ms: i64) -> Result<bool>;
}
