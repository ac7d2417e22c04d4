//! Nearest concepts by vector: those that graphs lead to, or exactly, by comparing every vector of
//! the namespace.

use crate::store::Store;
use std::sync::atomic::AtomicBool;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{Metric, Refusal};
use sutra_shard::{Result, View};

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct SearchQuery<'a> {
    /// The vector to be near to, of the namespace's dimension.
    pub vector: &'a [f32],
    /// Most hits, 1 to `Limits::search_k_max`.
    pub k: usize,
    /// Namespace to search.
    pub namespace: &'a str,
    /// Only hits with at least this score.
    pub score_min: Option<f64>,
    /// Compares every vector: nothing is missed.
    pub exact: bool,
    /// Candidates that each graph is asked for, 1 to 10,000: the more, the less is missed. Nothing
    /// for what the store was opened with.
    pub ef_search: Option<u32>,
}

impl Default for SearchQuery<'_> {
    fn default() -> Self {
        Self {
            vector: &[],
            k: 10,
            namespace: DEFAULT_NAMESPACE,
            score_min: None,
            exact: false,
            ef_search: None,
        }
    }
}

/// A concept found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchHit {
    /// Its location; `View::concept_at` gives the concept.
    pub location: u64,
    /// The higher the nearer: cosine, dot product, or `1 / (1 + distance)` for l2.
    pub score: f64,
}

impl Store {
    /// The `k` nearest concepts, best first; all that match if there are fewer. Equal scores come
    /// in the order in which the vectors were written. Unless the query says `exact`, a concept
    /// that is near may be missed for one that is farther; what was written a moment ago is not.
    ///
    /// # Errors
    /// `Refused` naming the field, `Aborted`, `Corrupt`.
    pub fn search(
        &self,
        view: &View,
        query: &SearchQuery<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Vec<SearchHit>> {
        if query.k == 0 {
            return Err(Refusal::invalid("k", "at least 1 is expected").into());
        }
        Refusal::check_limit("k", query.k, self.limits().search_k_max)?;
        let Some((number, namespace)) = view.namespace_named(query.namespace) else {
            // Reading never creates a namespace, and there is nothing in one that is not there.
            let meta = self.meta();
            check_vector(query, meta.vector_dimension, meta.metric)?;
            return Ok(Vec::new());
        };
        check_vector(query, namespace.dimension, namespace.metric)?;
        let ef_search = query.ef_search.unwrap_or(self.options().ef_search);
        let width = (!query.exact).then_some(ef_search as usize);
        let scored = view.nearest_within(number, query.vector, query.k, width, cancelled)?;
        let score_min = query.score_min.unwrap_or(f64::NEG_INFINITY);
        let mut hits = Vec::with_capacity(scored.len());
        for hit in scored.iter().take_while(|hit| hit.score >= score_min) {
            if let Some(concept) = view.get(&hit.id)? {
                hits.push(SearchHit { location: concept.location(), score: hit.score });
            }
        }
        Ok(hits)
    }
}

fn check_vector(query: &SearchQuery<'_>, dimension: u32, metric: Metric) -> Result<()> {
    let numbers = query.vector.len();
    if numbers != dimension as usize {
        let message = format!(
            "{numbers} numbers, but namespace {} has dimension {dimension}",
            query.namespace
        );
        return Err(Refusal::invalid("vector", message).into());
    }
    if query.vector.iter().any(|number| !number.is_finite()) {
        return Err(Refusal::invalid("vector", "every number must be finite").into());
    }
    if metric == Metric::Cosine && query.vector.iter().all(|number| *number == 0.0) {
        let message = "a vector of zeros has no direction to compare by cosine";
        return Err(Refusal::invalid("vector", message).into());
    }
    Ok(())
}
