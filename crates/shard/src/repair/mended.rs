//! What is left of a shard as one segment in which nothing names what is gone.

use crate::compaction::Merge;
use crate::delta::NEWEST;
use crate::error::Result;
use crate::segment::{
    SegmentSource, SourceConcept, SourceEdge, SourceNode, VisitConcept, VisitNode,
};
use crate::state::State;
use sutra_format::ConceptId;

/// A merge without associations of concepts that do not exist, and without rows of vectors that are
/// in no file.
pub(super) struct Mended<'a> {
    pub(super) merge: Merge<'a>,
    pub(super) state: &'a State,
}

impl Mended<'_> {
    fn kept<'e>(&self, id: &ConceptId, edges: &[SourceEdge<'e>]) -> Result<Vec<SourceEdge<'e>>> {
        let exists = |id| self.state.concept(id, NEWEST).map(|concept| concept.is_some());
        let has_source = exists(id)?;
        let mut kept = Vec::with_capacity(edges.len());
        for edge in edges {
            if edge.end != u64::MAX || (has_source && exists(&edge.other)?) {
                kept.push(*edge);
            }
        }
        Ok(kept)
    }
}

impl SegmentSource for Mended<'_> {
    fn concepts(&self, visit: &mut VisitConcept<'_>) -> Result<()> {
        self.merge.concepts(&mut |concept| {
            let mut version = concept.version;
            if let Some(row) = version.row
                && self.state.row(version.namespace, row)?.is_none()
            {
                version.row = None;
            }
            visit(&SourceConcept { version, ..*concept })
        })
    }

    fn nodes(&self, visit: &mut VisitNode<'_>) -> Result<()> {
        self.merge.nodes(&mut |node| {
            let outgoing = self.kept(&node.id, node.outgoing)?;
            let incoming = self.kept(&node.id, node.incoming)?;
            if node.newest.is_none() && outgoing.is_empty() && incoming.is_empty() {
                return Ok(());
            }
            let (outgoing, incoming) = (&outgoing[..], &incoming[..]);
            visit(&SourceNode { outgoing, incoming, ..*node })
        })
    }
}
