//! Graphs over the vectors in files, so that a search need not compare all of them.
//!
//! Graphs are derived: they are in files of their own that no manifest names. One that is missing,
//! damaged, or of other vectors than there are now is made anew in the background, and until then
//! its vectors are compared one by one. No answer depends on a graph being there.

mod build;
mod codes;
mod coverage;
mod files;
#[expect(
    clippy::module_inception,
    reason = "the file has one noun, and the folder is named after it"
)]
mod graph;

pub use build::GraphOptions;
pub(crate) use build::{NewGraph, build};
pub(crate) use coverage::{Covered, GraphSpace, cover};
pub(crate) use files::{GraphDir, graph_number};
pub(crate) use graph::Graph;

/// Graphs of all namespaces, by number.
pub(crate) type GraphSpaces = Vec<GraphSpace>;
