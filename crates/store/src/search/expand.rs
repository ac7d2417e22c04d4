//! Concepts that are associated with what was found.

use super::Via;
use super::fuse::Fused;
use super::query::Expand;
use crate::graph::HOP_DECAY;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_format::ConceptId;
use sutra_shard::{ConceptRef, EdgeRef, Error, Result, View};

/// Associations that are followed at most, over all hops.
const EDGES_MAX: usize = 10_000;

/// A concept that associations lead to.
#[derive(Debug, Clone)]
pub(super) struct Reached {
    pub(super) id: ConceptId,
    /// Score of the hit that it was reached from, times the confidence of each association on the
    /// way, times 0.85 for each: that of the best way.
    pub(super) score: f64,
    /// That way.
    pub(super) way: Vec<Via>,
}

/// Some hits and what their associations lead to, best first, equally good ones by id. A hit that
/// a better one leads to has that way. Only concepts that are wanted are given, or gone on from.
///
/// # Errors
/// `Aborted`, `Corrupt`.
pub(super) fn expand(
    view: &View,
    wants: &dyn Fn(&ConceptRef<'_>) -> Result<bool>,
    seeds: &[Fused],
    expansion: &Expand,
    cancelled: &AtomicBool,
) -> Result<Vec<Reached>> {
    let mut wanted: HashMap<ConceptId, bool> = HashMap::new();
    let mut frontier: Vec<Reached> = seeds
        .iter()
        .map(|seed| Reached { id: seed.id, score: seed.score, way: Vec::new() })
        .collect();
    // What was found is nearer to what was asked for than what it leads to.
    let mut reached: HashMap<ConceptId, Reached> =
        frontier.iter().map(|seed| (seed.id, seed.clone())).collect();
    let mut edges_left = EDGES_MAX;
    for _ in 0..expansion.hops {
        let mut next: HashMap<ConceptId, Reached> = HashMap::new();
        for from in &frontier {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Error::Aborted);
            }
            let mut take = |edge: &EdgeRef, is_reversed: bool| {
                let is_of_interest = expansion.classes.contains(edge.class)
                    && edge.other != from.id
                    && !from.way.iter().any(|via| via.from == edge.other);
                if edges_left == 0 {
                    return ControlFlow::Break(());
                }
                if is_of_interest {
                    edges_left -= 1;
                    let score = from.score * edge.confidence * HOP_DECAY;
                    let is_better = |old: &Reached| score > old.score;
                    if next.get(&edge.other).is_none_or(is_better)
                        && reached.get(&edge.other).is_none_or(is_better)
                    {
                        let mut way = from.way.clone();
                        let (from, to) = (from.id, edge.other);
                        way.push(Via { from, to, edge: *edge, is_reversed });
                        next.insert(to, Reached { id: to, score, way });
                    }
                }
                ControlFlow::Continue(())
            };
            // Breaking only means that enough were followed.
            let _ = view.outgoing(&from.id, |edge| take(edge, false))?;
            let _ = view.incoming(&from.id, |edge| take(edge, true))?;
        }
        frontier.clear();
        for (id, found) in next {
            let is_wanted = match wanted.get(&id) {
                Some(known) => *known,
                None => match view.get(&id)? {
                    Some(concept) => wants(&concept)?,
                    None => false,
                },
            };
            wanted.insert(id, is_wanted);
            if is_wanted {
                frontier.push(found.clone());
                reached.insert(id, found);
            }
        }
        // The order decides which associations are followed when there are too many.
        frontier.sort_unstable_by(best_first);
    }
    let mut reached: Vec<Reached> = reached.into_values().collect();
    reached.sort_unstable_by(best_first);
    Ok(reached)
}

fn best_first(a: &Reached, b: &Reached) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}
