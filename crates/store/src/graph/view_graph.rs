//! A store at one commit as the graph that is searched.

use super::edge::{Edge, Graph};
use std::ops::ControlFlow;
use sutra_shard::{EdgeRef, View};

/// Nodes are the cells of a view.
pub struct ViewGraph<'a>(pub &'a View);

fn edge(edge: &EdgeRef) -> Edge {
    Edge {
        other: edge.other,
        class: edge.class,
        confidence: edge.confidence,
        location: edge.location,
    }
}

impl Graph for ViewGraph<'_> {
    fn out_edges(&self, node: u32, visit: &mut impl FnMut(Edge) -> ControlFlow<()>) {
        // Whether the visitor broke is its own business.
        let _ = self.0.outgoing(node, |found| visit(edge(found)));
    }

    fn in_edges(&self, node: u32, visit: &mut impl FnMut(Edge) -> ControlFlow<()>) {
        let _ = self.0.incoming(node, |found| visit(edge(found)));
    }
}
