//! What a path search needs to know of a graph.

use std::ops::ControlFlow;

use sutra_format::AssociationClass;

/// An association seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The node at the other end.
    pub other: u32,
    /// Its class.
    pub class: AssociationClass,
    /// 0 to 1.
    pub confidence: f64,
    /// Identifies the association to the caller.
    pub location: u64,
}

/// A directed graph of numbered nodes that does not change while it is searched.
pub trait Graph {
    /// Visits the edges that start at `node`, in any order, until `visit` breaks.
    fn out_edges(&self, node: u32, visit: &mut impl FnMut(Edge) -> ControlFlow<()>);

    /// Visits the edges that end at `node`, in any order, until `visit` breaks.
    fn in_edges(&self, node: u32, visit: &mut impl FnMut(Edge) -> ControlFlow<()>);
}
