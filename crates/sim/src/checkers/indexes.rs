//! What is kept beside the data agrees with the data: vector search with a full scan, counts with
//! what is there to count.

use sutra_format::{ConceptId, Metric};

use crate::failure::Failure;
use crate::model::State;
use crate::operation::DIMENSION;
use crate::question::Question;

const CHECKER: &str = "indexes";
/// Scores are sums of a few small whole numbers; what rounding may add is far below this.
const SCORE_DIFFERENCE_MAX: f64 = 1e-6;

/// A query and what the engine answered, best first.
pub struct Search {
    /// Namespace searched.
    pub namespace: String,
    /// How vectors are compared.
    pub metric: Metric,
    /// The query.
    pub query: [f32; DIMENSION],
    /// Most hits asked for.
    pub k: usize,
    /// Every vector was compared; otherwise one that is near may be missed for another.
    pub is_exact: bool,
    /// Whose condition the concepts have to meet.
    pub question: Option<Question>,
    /// Concepts and scores.
    pub hits: Vec<(ConceptId, f64)>,
}

/// Compares a search with a scan over all concepts.
///
/// # Errors
/// A hit is missing, has a wrong score, or stands in a wrong place. Equal scores may change places,
/// and in a search that is not exact there may be others than the nearest, but as many.
pub fn check_search(state: &State, search: &Search) -> Result<(), Failure> {
    let mut expected: Vec<(ConceptId, f64)> = state
        .concepts
        .iter()
        .filter(|(_, concept)| concept.namespace == search.namespace)
        .filter(|(_, concept)| search.question.as_ref().is_none_or(|it| it.holds(concept)))
        .filter_map(|(id, concept)| {
            let vector = concept.vector.as_deref()?;
            Some((*id, score(search.metric, &search.query, vector)))
        })
        .collect();
    expected.sort_by(|a, b| b.1.total_cmp(&a.1));
    let scores: Vec<f64> = expected.iter().take(search.k).map(|(_, score)| *score).collect();
    let same = |a: f64, b: f64| (a - b).abs() <= SCORE_DIFFERENCE_MAX;
    let mut ids: Vec<_> = search.hits.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    ids.dedup();
    let right = search.hits.len() == scores.len()
        && ids.len() == scores.len()
        && search.hits.iter().zip(&scores).all(|((id, score), in_place)| {
            let own = expected.iter().find(|(other, _)| other == id);
            let is_in_place = !search.is_exact || same(*score, *in_place);
            is_in_place && own.is_some_and(|(_, own)| same(*score, *own))
        })
        && search.hits.is_sorted_by(|one, next| one.1 >= next.1);
    if right {
        return Ok(());
    }
    let message = format!(
        "{} by {} for {:?} of {:?}: found {:?}; expected {expected:?}",
        search.namespace,
        search.metric.name(),
        search.query,
        search.question.as_ref().map(|question| question.condition),
        search.hits
    );
    Err(Failure::new(CHECKER, message))
}

/// The higher the nearer, as the engine defines it.
fn score(metric: Metric, query: &[f32], vector: &[f32]) -> f64 {
    let pairs = || query.iter().zip(vector).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    let length = |numbers: &[f32]| {
        numbers.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt()
    };
    match metric {
        Metric::Cosine => dot / (length(query) * length(vector)),
        Metric::Dot => dot,
        Metric::L2 => 1.0 / (1.0 + pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()),
    }
}

/// Counts the engine keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// Concepts.
    pub concepts: u64,
    /// Associations.
    pub associations: u64,
    /// Vectors.
    pub vectors: u64,
}

/// Compares the counts with what is there.
///
/// # Errors
/// They differ.
pub fn check_counts(state: &State, found: Counts) -> Result<(), Failure> {
    let vectors = state.concepts.values().filter(|concept| concept.vector.is_some()).count();
    let expected = Counts {
        concepts: state.concepts.len() as u64,
        associations: state.edges.len() as u64,
        vectors: vectors as u64,
    };
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(CHECKER, format!("counts are {found:?}; expected {expected:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Fields, Operation, Slot, Text};

    fn search(hits: &[(u8, f64)]) -> Search {
        Search {
            namespace: "default".into(),
            metric: Metric::Dot,
            query: [1.0, 0.0, 0.0, 0.0],
            k: 2,
            is_exact: true,
            question: None,
            hits: hits.iter().map(|(slot, score)| (Slot(*slot).id(), *score)).collect(),
        }
    }

    #[test]
    fn missing_wrong_and_misplaced_hits_are_seen() {
        let learn = |slot, first| {
            let text = Some(Text { version: 1, bytes: 9 });
            let fields = Fields { text, vector: Some([first, 1, 1, 1]), ..Fields::default() };
            Operation::Learn { slot: Slot(slot), fields }
        };
        let batch = [learn(0, 3), learn(1, 2), learn(2, 2), learn(11, 9)];
        let state = State::default().after_commit(&batch, Metric::Dot).unwrap();
        assert_eq!(check_search(&state, &search(&[(0, 3.0), (1, 2.0)])), Ok(()));
        assert_eq!(check_search(&state, &search(&[(0, 3.0), (2, 2.0)])), Ok(()));
        let about = |hits| Search { is_exact: false, ..search(hits) };
        assert_eq!(check_search(&state, &about(&[(1, 2.0), (2, 2.0)])), Ok(()));
        assert!(check_search(&state, &about(&[(1, 2.0), (0, 3.0)])).is_err(), "not best first");
        assert!(check_search(&state, &about(&[(1, 2.0)])).is_err(), "too few");
        assert!(check_search(&state, &about(&[(1, 2.5), (2, 2.0)])).is_err(), "a wrong score");
        for wrong in [
            &[(0, 3.0)][..],
            &[(1, 2.0), (0, 3.0)],
            &[(0, 3.0), (0, 3.0)],
            &[(0, 3.0), (1, 2.5)],
            &[(11, 9.0), (0, 3.0)],
            &[(0, 3.0), (1, 2.0), (2, 2.0)],
        ] {
            assert!(check_search(&state, &search(wrong)).is_err(), "{wrong:?}");
        }
        let counts = Counts { concepts: 4, associations: 0, vectors: 4 };
        assert_eq!(check_counts(&state, counts), Ok(()));
        assert!(check_counts(&state, Counts { vectors: 5, ..counts }).is_err());
    }
}
