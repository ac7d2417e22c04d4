//! Nearest concepts by vector, exactly: every vector of the namespace is compared.

use crate::store::Store;
use std::sync::atomic::AtomicBool;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{Metric, Refusal};
use sutra_shard::vector::VectorSet;
use sutra_shard::{Error, Result, View};

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
}

impl Default for SearchQuery<'_> {
    fn default() -> Self {
        Self { vector: &[], k: 10, namespace: DEFAULT_NAMESPACE, score_min: None }
    }
}

/// A concept found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchHit {
    /// Its cell; `View::concept_in` gives the concept.
    pub cell: u32,
    /// The higher the nearer: cosine, dot product, or `1 / (1 + distance)` for l2.
    pub score: f64,
}

impl Store {
    /// The `k` nearest concepts, best first; all that match if there are fewer. Equal scores come
    /// in the order in which the concepts were first learned, so one commit and one query always
    /// give one answer.
    ///
    /// # Errors
    /// `Refused` naming the field, `Aborted`.
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
        let found = view.delta().namespaces().find(|(_, found)| *found.name == *query.namespace);
        let Some((_, namespace)) = found else {
            // Reading never creates a namespace, and there is nothing in one that is not there.
            let meta = self.meta();
            check_vector(query, meta.vector_dimension, meta.metric)?;
            return Ok(Vec::new());
        };
        let vectors: &VectorSet = &namespace.vectors;
        check_vector(query, vectors.dimension(), vectors.metric())?;
        let scored = vectors.search(query.vector, query.k, view.seqno(), cancelled, None);
        let scored = scored.map_err(|_cancelled| Error::Aborted)?;
        let score_min = query.score_min.unwrap_or(f64::NEG_INFINITY);
        let hits = scored.iter().take_while(|hit| hit.score >= score_min);
        Ok(hits.map(|hit| SearchHit { cell: hit.cell, score: hit.score }).collect())
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
