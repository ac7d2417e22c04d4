//! A store at one commit as the graph that is searched.

use super::edge::{Edge, Graph};
use std::ops::ControlFlow;
use sutra_format::ConceptId;
use sutra_shard::{EdgeRef, Result, View};

/// Nodes are the concepts of a view.
pub struct ViewGraph<'a>(pub &'a View);

fn edge(edge: &EdgeRef) -> Edge<ConceptId> {
    Edge {
        other: edge.other,
        class: edge.class,
        confidence: edge.confidence,
        location: edge.location,
    }
}

impl Graph for ViewGraph<'_> {
    type Node = ConceptId;

    fn out_edges(
        &self,
        node: ConceptId,
        visit: &mut impl FnMut(Edge<ConceptId>) -> ControlFlow<()>,
    ) -> Result<()> {
        // Whether the visitor broke is its own business.
        self.0.outgoing(&node, |found| visit(edge(found))).map(drop)
    }

    fn in_edges(
        &self,
        node: ConceptId,
        visit: &mut impl FnMut(Edge<ConceptId>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.0.incoming(&node, |found| visit(edge(found))).map(drop)
    }

    fn holds_at(&self, location: u64, moment_ms: i64) -> Result<bool> {
        Ok(self.0.edge_at(location)?.validity.holds_at(moment_ms))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use sutra_env::Env;
    use sutra_format::op_fields::Validity;
    use sutra_format::{
        Associate, AssociationClass, BatchBuilder, ConceptId, EdgeName, Learn, Limits,
    };
    use sutra_shard::{Shard, ShardOptions, View};

    use crate::graph::{Ends, PathOptions, ViewGraph, Watch, paths};

    fn associate<'a>(source: ConceptId, target: ConceptId, confidence: f64) -> Associate<'a> {
        let class = AssociationClass::Causal;
        Associate {
            name: EdgeName { source, target, class, label: None },
            confidence: Some(confidence),
            weight: None,
            attributes: None,
            validity: Validity::default(),
        }
    }

    /// A view keeps its paths, whatever is deleted after it was taken.
    #[test]
    fn paths_are_those_of_the_commit_that_is_viewed() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::real();
        let shard = Shard::open(&env, folder.path(), ShardOptions::default()).unwrap();
        let learn = |content| BatchBuilder::new().learn(&Learn { content, ..Learn::default() });
        let ids = ["a", "b", "c"]
            .map(|content| shard.write(learn(content).build()).unwrap().outcomes[0].id);
        let way = [(0, 1, 0.5), (1, 2, 0.5), (0, 2, 0.2)];
        let batch = way.iter().fold(BatchBuilder::new(), |batch, (source, target, confidence)| {
            batch.associate(&associate(ids[*source], ids[*target], *confidence))
        });
        shard.write(batch.build()).unwrap();
        let before = shard.view();
        shard.write(BatchBuilder::new().delete(ids[1]).build()).unwrap();
        let after = shard.view();

        let found = |view: &View| -> Vec<Vec<ConceptId>> {
            let watch = Watch { cancelled: &AtomicBool::new(false), clock: &*env.clock };
            let ends = Ends { from: ids[0], to: ids[2] };
            let limits = Limits::default();
            let found =
                paths(&ViewGraph(view), ends, &PathOptions::default(), &limits, watch).unwrap();
            found.paths.into_iter().map(|path| path.nodes).collect()
        };
        assert_eq!(found(&before), [ids.to_vec(), vec![ids[0], ids[2]]]);
        assert_eq!(found(&after), [[ids[0], ids[2]]]);
        shard.close().unwrap();
    }
}
