//! Rankings made one: weighted reciprocal ranks, as in Cormack, Clarke and Buettcher, Reciprocal
//! Rank Fusion outperforms Condorcet and individual Rank Learning Methods, 2009.

use super::Placed;
use std::collections::HashMap;
use sutra_format::ConceptId;

/// The constant of the paper: what the first places are worth beside the later ones.
const RANK_OFFSET: f64 = 60.0;

/// A ranking, best first.
pub(super) struct Source {
    pub(super) weight: f64,
    pub(super) hits: Vec<(ConceptId, f64)>,
}

/// A concept of one or more rankings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fused {
    pub(super) id: ConceptId,
    /// `sum of weight / (60 + rank)` over the rankings that have it, divided by what a concept has
    /// that is the first of all: above 0 and up to 1.
    pub(super) score: f64,
    /// Its place in each ranking.
    pub(super) places: Vec<Option<Placed>>,
}

/// All concepts of some rankings, best first, equally good ones by id.
pub(super) fn fuse(sources: &[Source]) -> Vec<Fused> {
    let mut places: HashMap<ConceptId, Vec<Option<Placed>>> = HashMap::new();
    for (number, source) in sources.iter().enumerate() {
        for (rank, (id, score)) in (1..).zip(&source.hits) {
            let places = places.entry(*id).or_insert_with(|| vec![None; sources.len()]);
            if let Some(place) = places.get_mut(number) {
                *place = Some(Placed { rank, score: *score });
            }
        }
    }
    let worth = |weight: f64, rank: usize| weight / (RANK_OFFSET + f64::from(rank as u32));
    let most: f64 = sources.iter().map(|source| worth(source.weight, 1)).sum();
    let mut fused: Vec<Fused> = places
        .into_iter()
        .map(|(id, places)| {
            let worths = places.iter().zip(sources);
            let sum: f64 = worths
                .filter_map(|(place, source)| Some(worth(source.weight, (*place)?.rank)))
                .sum();
            Fused { id, score: if most > 0.0 { sum / most } else { 0.0 }, places }
        })
        .collect();
    fused.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    fused
}

#[cfg(test)]
mod tests {
    use super::{Source, fuse};
    use sutra_format::ConceptId;

    fn source(weight: f64, ids: &[u8]) -> Source {
        let hits = ids.iter().map(|id| (ConceptId([*id; 16]), f64::from(*id))).collect();
        Source { weight, hits }
    }

    fn order(sources: &[Source]) -> Vec<u8> {
        fuse(sources).iter().map(|fused| fused.id.0[0]).collect()
    }

    #[test]
    fn what_two_rankings_have_comes_before_what_one_has() {
        let sources = [source(1.0, &[1, 2, 3]), source(1.0, &[4, 2, 5])];
        assert_eq!(order(&sources), [2, 1, 4, 3, 5]);
        let fused = fuse(&sources);
        let places: Vec<_> = fused[0].places.iter().map(|place| place.unwrap().rank).collect();
        assert_eq!(places, [2, 2]);
    }

    #[test]
    fn weights_say_which_ranking_counts_more() {
        assert_eq!(order(&[source(1.0, &[1]), source(2.0, &[2])]), [2, 1]);
        assert_eq!(order(&[source(0.0, &[1]), source(1.0, &[2])]), [2, 1]);
    }

    #[test]
    fn the_first_of_all_has_score_one() {
        let fused = fuse(&[source(0.3, &[7]), source(2.0, &[7])]);
        assert!((fused[0].score - 1.0).abs() < 1e-12);
    }
}
