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

        let cells = ids.map(|id| before.cell_of(&id).unwrap());
        let found = |view: &View| -> Vec<Vec<u32>> {
            let watch = Watch { cancelled: &AtomicBool::new(false), clock: &*env.clock };
            let ends = Ends { from: cells[0], to: cells[2] };
            let limits = Limits::default();
            let found =
                paths(&ViewGraph(view), ends, &PathOptions::default(), &limits, watch).unwrap();
            found.paths.into_iter().map(|path| path.nodes).collect()
        };
        assert_eq!(found(&before), [cells.to_vec(), vec![cells[0], cells[2]]]);
        assert_eq!(found(&after), [[cells[0], cells[2]]]);
        shard.close().unwrap();
    }
}
