//! Paths between two concepts, on any graph that can list the edges of a node.
//!
//! `paths` first explores from both ends (`frontier.rs`), which finds every edge that a path of at
//! most so many hops can use. The nodes and edges that lie on such a path at all become a small
//! graph of their own (`relevant.rs`), with the least weight from each node to the target for
//! every number of hops left. On it the paths are listed best first (`ranking.rs`), each by a
//! search that these least weights lead straight to the target (`completion.rs`). Weights are whole
//! numbers (`weight.rs`), so equal paths are equal and the answer does not depend on rounding.

mod completion;
mod edge;
mod frontier;
mod meter;
mod options;
mod paths;
mod ranking;
mod relevant;
mod view_graph;
mod weight;

pub use edge::{Edge, Graph};
pub use meter::Watch;
pub use options::{ClassSet, Ends, PathOptions};
pub use paths::{Path, Paths, Step, paths};
pub use view_graph::ViewGraph;
pub use weight::HOP_DECAY;

#[cfg(test)]
mod tests;
